// Compares the k-nearest-neighbours classifier with @tensorflow-models/knn-classifier in one page of Chromium. Part of run.mjs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../web/dev/steps.mjs';

/** Maximum number of examples. */
const maxCount = 100_000;

/** Runs the comparison in Chromium. Returns the results of run() in knn-rival.page.mjs. */
export async function compareKnn(variant) {
  const { openBrowser, openPage } = await import('../web/support/open-page.mjs');
  const { bundleTfjs } = await import('../web/support/tfjs.mjs');
  const { importTs } = await import('../web/support/import-ts.mjs');
  const { predictDefaults } = await importTs('shared/predict-defaults.ts');
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
      maxCount,
      defaults: predictDefaults,
    });
  } finally {
    for (const end of ends) await end();
  }
}

const time = (ms) =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 0.1 ? `${ms.toFixed(2)} ms` : `${(ms * 1000).toFixed(1)} µs`;

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

/** Returns the results as Markdown tables. */
export function toKnnTables({ rows, memory, engine, copy, versions }, variant) {
  const lines = [
    `Comparison with @tensorflow-models/knn-classifier ${versions.knn} on the WebAssembly backend of TensorFlow.js ${versions.tfjs}. Both get the same calls with the same embeddings of 1024 values, k = 10, in alternation; this package through compat/knn-classifier (${variant}, one thread). Times are medians.`,
    '',
    '| examples | operation | knn-classifier | teachable-wasm | ratio |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ count, what, theirs, ours }) =>
        `| ${count.toLocaleString('en')} | ${what} | ${time(theirs)} | ${time(ours)} | ${(theirs / ours).toFixed(1)} |`,
    ),
    `| ${memory.count.toLocaleString('en')} | total WebAssembly memory | ${megabytes(memory.theirs)} | ${megabytes(memory.ours)} | ${(memory.theirs / memory.ours).toFixed(1)} |`,
    '',
    'The classifier in the module alone. GB/s: bytes that the scan reads (one per value), divided by the time of the whole prediction. Plain copy: the same number of bytes copied. Overlap: how many of the 10 nearest neighbours a plain scan in double precision finds as well.',
    '',
    '| storage | examples | fill | add | predict | GB/s | plain copy | memory / stored rows | overlap |',
    '|---|---|---|---|---|---|---|---|---|',
    ...engine.map(({ storage, count, fillMs, addMs, predictMs, memory, overlap, scanned }) => {
      const plain = copy[count] ? `${copy[count].toFixed(1)} GB/s` : '';
      return `| ${storage} | ${count.toLocaleString('en')} | ${time(fillMs)} | ${time(addMs)} | ${time(predictMs)} | ${scanned.toFixed(1)} | ${plain} | ${memory.toFixed(2)} | ${overlap === undefined ? '' : `${(100 * overlap).toFixed(1)} %`} |`;
    }),
  ];
  return lines.join('\n');
}
