// k nearest neighbours beside @tensorflow-models/knn-classifier, in one page of Chromium. Part of run.mjs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../web/dev/steps.mjs';

const largest = 100_000;

export async function compareKnn(variant) {
  const { openBrowser, openPage } = await import('../web/open-page.mjs');
  const { bundleTfjs } = await import('../web/tfjs.mjs');
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-bench-'));
  const ends = [() => rm(folder, { recursive: true })];
  try {
    await bundleTfjs(path.join(folder, 'theirs'));
    const browser = await openBrowser();
    ends.unshift(() => browser.close());
    const { page } = await openPage({ after: (end) => ends.unshift(end) }, browser, {
      path: 'pages/blank.html',
      serving: {
        csp: null,
        folders: { '/bench/': path.join(projectFolder, 'tests/bench'), '/theirs/': path.join(folder, 'theirs') },
      },
    });
    return await page.evaluate(async (order) => (await import('/bench/knn-rival.page.mjs')).run(order), {
      variant,
      largest,
    });
  } finally {
    for (const end of ends) await end();
  }
}

const time = (ms) =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 0.1 ? `${ms.toFixed(2)} ms` : `${(ms * 1000).toFixed(1)} µs`;

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

/** Markdown. */
export function toKnnTables({ rows, memory, engine, copy, versions }, variant) {
  const lines = [
    `Beside @tensorflow-models/knn-classifier ${versions.knn} on TensorFlow.js ${versions.tfjs}'s WebAssembly backend: the same calls of compat/knn-classifier (${variant}, one thread) on the same 1024 values, k = 10, in turns; medians.`,
    '',
    '| examples | what | theirs | ours | ratio |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ count, what, theirs, ours }) =>
        `| ${count.toLocaleString('en')} | ${what} | ${time(theirs)} | ${time(ours)} | ${(theirs / ours).toFixed(1)} |`,
    ),
    `| ${memory.count.toLocaleString('en')} | all of the WebAssembly memory | ${megabytes(memory.theirs)} | ${megabytes(memory.ours)} | ${(memory.theirs / memory.ours).toFixed(1)} |`,
    '',
    'The engine alone. GB/s: bytes that the scan reads, one a value, in the time of all of predict. Overlap: of the 10 nearest with those of a plain scan in double precision.',
    '',
    '| storage | examples | fill | add | predict | GB/s | a plain copy | memory / stored rows | overlap |',
    '|---|---|---|---|---|---|---|---|---|',
    ...engine.map(({ storage, count, fillMs, addMs, predictMs, memory, overlap, scanned }) => {
      const plain = copy[count] ? `${copy[count].toFixed(1)} GB/s` : '';
      return `| ${storage} | ${count.toLocaleString('en')} | ${time(fillMs)} | ${time(addMs)} | ${time(predictMs)} | ${scanned.toFixed(1)} | ${plain} | ${memory.toFixed(2)} | ${overlap === undefined ? '' : `${(100 * overlap).toFixed(1)} %`} |`;
    }),
  ];
  return lines.join('\n');
}
