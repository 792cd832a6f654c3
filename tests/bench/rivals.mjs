// Compares engines on the same model and the same frames: time to the first result, and time per frame. Part of run.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { projectFolder } from '../../web/dev/steps.mjs';

const rounds = 15;
const frames = 30;
/** Time for a browser to finish the work of its own start, in ms. Users' browsers have usually run for a while. */
const settleMs = 2000;
const model = '/models/mobilenet-v2-1.0-224-int8/tf2_mobilenet_v2_1.0_224_ptq.tflite';

/** The measurements of each round, in this order. */
const entries = [
  { engine: 'LiteRT.js', isolated: true },
  { engine: 'teachable-wasm', isolated: true, variant: 'relaxed-threads' },
  { engine: 'teachable-wasm', isolated: true, variant: 'simd-threads' },
  { engine: 'LiteRT.js', isolated: false },
  { engine: 'teachable-wasm', isolated: false, variant: 'relaxed' },
  { engine: 'teachable-wasm', isolated: false, variant: 'simd' },
];

export const comparedVariants = [...new Set(entries.flatMap(({ variant }) => variant ?? []))];

const folders = { '/bench/': 'tests/bench', '/pages/': 'tests/web/support/pages', '/node_modules/': 'node_modules' };

/** Starts the server in a process of its own, so that garbage collections of this process do not delay its answers. */
async function startServer(isolated) {
  const named = Object.entries(folders).map(
    ([address, folder]) => `--folder=${address}=${path.join(projectFolder, folder)}`,
  );
  const server = spawn(process.execPath, [
    path.join(projectFolder, 'web/dev/serve.mjs'),
    '--port=0',
    '--no-policy',
    ...(isolated ? [] : ['--no-isolation']),
    ...named,
  ]);
  const [line] = await once(server.stdout, 'data');
  return { url: String(line).split(' ')[0], end: () => server.kill() };
}

/** Measures in a new browser, which has nothing compiled or cached. The files are in the system's disk cache. */
async function measureOnce(openBrowser, { url }, { engine, variant }) {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`${url}pages/rival.html`);
    await page.waitForTimeout(settleMs);
    return await page.evaluate(async (order) => (await import('/bench/rivals.page.mjs')).measure(order), {
      engine,
      variant,
      model,
      side: 224,
      frames,
    });
  } finally {
    await browser.close();
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Runs all rounds. Returns the version of LiteRT.js and the medians, in ms. */
export async function compareEngines(report) {
  const { openBrowser } = await import('../web/support/open-page.mjs');
  const times = entries.map(() => []);
  const servers = { true: await startServer(true), false: await startServer(false) };
  try {
    // The first round fills the disk cache and does not count.
    for (let round = 0; round <= rounds; round++) {
      report(`round ${round} of ${rounds}`);
      for (const [index, entry] of entries.entries()) {
        const time = await measureOnce(openBrowser, servers[entry.isolated], entry);
        if (round > 0) times[index].push(time);
      }
    }
  } finally {
    for (const { end } of Object.values(servers)) end();
  }
  const { version } = JSON.parse(
    await readFile(path.join(projectFolder, 'node_modules/@litertjs/core/package.json'), 'utf8'),
  );
  return {
    version,
    rows: entries.map((entry, index) => ({
      ...entry,
      firstMs: median(times[index].map(({ firstMs }) => firstMs)),
      frameMs: median(times[index].map(({ frameMs }) => frameMs)),
    })),
  };
}

/** Returns the results as a Markdown table. */
export function toEngineTable({ version, rows }) {
  const rivalOf = ({ isolated }) => rows.find((row) => row.isolated === isolated && row.engine === 'LiteRT.js');
  return [
    `Comparison with LiteRT.js ${version}: MobileNet v2 1.0 224 int8, served on this machine by a separate process. Each measurement uses a new browser after ${settleMs / 1000} s of rest; engines alternate; medians of ${rounds}. First: from the call that loads the code to the first result. Frame: from 224 x 224 pixels to a result, median of ${frames}, including the messages to and from our worker.`,
    '',
    '| page | engine | first | / LiteRT.js | frame | / LiteRT.js |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const cells = [
        row.isolated ? 'isolated' : 'not isolated',
        row.variant ? `${row.engine}, ${row.variant}` : row.engine,
      ];
      const rival = rivalOf(row);
      for (const key of ['firstMs', 'frameMs'])
        cells.push(
          `${row[key].toFixed(key === 'firstMs' ? 0 : 1)} ms`,
          row === rival ? '' : (row[key] / rival[key]).toFixed(2),
        );
      return `| ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}
