// The benchmarks natively and as WebAssembly, in one table.
//
//   node tests/bench/run.mjs [--filter=REGEX] [--seconds=0.3] [--only=native,simd,...,knn-rival,rivals,rewrite] [--turns=15] [--keep]
//
// --turns: runs each so many times, in random order, and takes the fastest: for ratios on a machine that has other things to do.
// --keep: writes the times of the models into models/measured.json, from where models/README.md has them.
// knn-rival: the nearest neighbours beside tfjs' knn-classifier; rivals: from nothing to the first result and a frame beside LiteRT.js.
// rewrite: what uint8 networks lose and gain by running as int8. Each has a table of its own.
//
// WebAssembly runs in a worker of Chromium, isolated, one variant after the other. Times are of the machine it runs on: compare columns
// and rows of one table, not tables.
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setup } from '../../cpp/third_party/setup.mjs';
import { buildSteps } from '../../web/dev/build.mjs';
import { buildPreset, wasmVariants } from '../../web/dev/cmake.mjs';
import { installNodePackages, needsNodePackages } from '../../web/dev/npm.mjs';
import { fail, main, projectFolder, run, Steps } from '../../web/dev/steps.mjs';
import { compareKnn, toKnnTables } from './knn-rival.mjs';
import { measureRewrite, rewrittenVariants, toRewriteTable } from './rewrite.mjs';
import { comparedVariants, compareEngines, toEngineTable } from './rivals.mjs';

/** What browsers get where there are no threads. */
const knnVariant = 'relaxed';

/** Pages beside other packages: the variants that each needs, and how it is measured and shown. */
const comparisons = {
  'knn-rival': {
    title: "Running beside tfjs' knn-classifier",
    variants: [knnVariant],
    run: async () => toKnnTables(await compareKnn(knnVariant), knnVariant),
  },
  rivals: {
    title: 'Running beside LiteRT.js',
    variants: comparedVariants,
    run: async (report) => toEngineTable(await compareEngines(report)),
  },
  rewrite: {
    title: 'Running uint8 networks as int8',
    variants: rewrittenVariants,
    run: async (report) => toRewriteTable(await measureRewrite(report)),
  },
};

const modelsFolder = path.join(projectFolder, 'models/files');

/** As in network_bench.cpp. */
const measuredModels = [
  'mobilenet-v2-1.0-224-int8',
  'mobilenet-v2-1.0-224-uint8',
  'mobilenet-v1-0.75-192-uint8',
  'mobilenet-v1-0.5-160-uint8',
  'mobilenet-v1-0.25-128-uint8',
  'mobilenet-v2-1.0-224-nsfwjs',
  'mobilenet-v2-1.4-224-nsfwjs',
];

/** Every model that the benchmarks know, as far as a source has it. */
async function fetchModels(report) {
  const { fetchModel } = await import('../../models/fetch.mjs');
  for (const id of measuredModels) {
    report(id);
    await fetchModel(id).catch((error) => console.log(`     without ${id}: ${error.message}`));
  }
}

async function runNatively(args) {
  const program = path.join(projectFolder, 'build/native/bench/bench');
  return JSON.parse(await run(program, [`--models=${modelsFolder}`, ...args]));
}

async function modelFiles() {
  const entries = await readdir(modelsFolder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(tflite|bin|json)$/.test(entry.name) && entry.parentPath !== modelsFolder)
    .map((entry) => path.relative(modelsFolder, path.join(entry.parentPath, entry.name)));
}

async function runInBrowser(variant, args) {
  const { openBrowser, openPage } = await import('../web/open-page.mjs');
  const ends = [];
  const browser = await openBrowser();
  try {
    const { page } = await openPage({ after: (end) => ends.push(end) }, browser, {
      path: 'pages/blank.html',
      serving: {
        csp: null,
        folders: { '/bench/': path.join(projectFolder, 'tests/bench'), '/build/': path.join(projectFolder, 'build') },
      },
    });
    const result = await page.evaluate(
      (order) =>
        new Promise((resolve) => {
          const worker = new Worker('/bench/worker.mjs', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => resolve({ error: message });
          worker.postMessage(order);
        }),
      { variant, files: await modelFiles(), args },
    );
    if (result.error) fail(`The benchmarks of ${variant} ended early: ${result.error}`);
    return JSON.parse(result.json);
  } finally {
    for (const end of ends) await end();
    await browser.close();
  }
}

const toMilliseconds = ({ real_time, time_unit }) => real_time * { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3 }[time_unit];

function toCell(benchmark) {
  if (!benchmark) return '';
  const milliseconds = toMilliseconds(benchmark);
  const time = milliseconds >= 0.1 ? `${milliseconds.toFixed(2)} ms` : `${(milliseconds * 1000).toFixed(2)} µs`;
  if (benchmark['FLOP/s']) return `${time}  ${(benchmark['FLOP/s'] / 1e9).toFixed(1)} GFLOP/s`;
  if (benchmark.bytes_per_second) return `${time}  ${(benchmark.bytes_per_second / 1e9).toFixed(2)} GB/s`;
  return time;
}

/** One of each name. */
function fastestOfEach(benchmarks) {
  const fastest = new Map();
  for (const each of benchmarks.filter(({ run_type }) => run_type === 'iteration')) {
    const before = fastest.get(each.name);
    if (!before || each.real_time < before.real_time) fastest.set(each.name, each);
  }
  // In the order in which they are written down, whatever the order of the runs.
  return [...fastest.values()].sort((a, b) => a.family_index - b.family_index);
}

/** A picture's milliseconds, embedding and classes, in the fastest precision and with one thread, of each model and build. */
async function keepModelTimes(results) {
  const frames = {};
  for (const model of measuredModels) {
    for (const { title, benchmarks } of results) {
      const parts = ['backbone', 'head'].flatMap(
        (part) => benchmarks.find(({ name }) => name.startsWith(`${part}/${model}/auto/threads:1/`)) ?? [],
      );
      if (parts.length > 0)
        (frames[model] ??= {})[title] = Number(
          parts
            .map(toMilliseconds)
            .reduce((sum, each) => sum + each)
            .toFixed(1),
        );
    }
  }
  const measured = { machine: cpus()[0].model, date: new Date().toISOString().slice(0, 10), frames };
  await writeFile(path.join(projectFolder, 'models/measured.json'), `${JSON.stringify(measured, null, 2)}\n`);
}

function printTable(results) {
  const names = [...new Set(results.flatMap(({ benchmarks }) => benchmarks.map(({ name }) => name)))];
  const rows = [
    ['benchmark', ...results.map(({ title }) => title)],
    ...names.map((name) => [
      name.replace(/\/real_time$/, ''),
      ...results.map(({ benchmarks }) => toCell(benchmarks.find((each) => each.name === name))),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  console.log(`\n${cpus().length} x ${cpus()[0].model}, ${new Date().toISOString().slice(0, 10)}\n`);
  console.log(line(rows[0]));
  console.log(`|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  for (const row of rows.slice(1)) console.log(line(row));
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string', default: '.' },
      seconds: { type: 'string', default: '0.3' },
      only: { type: 'string' },
      turns: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    },
  });
  const all = ['native', ...wasmVariants, ...Object.keys(comparisons)];
  const named = values.only?.split(',') ?? all;
  const unknown = named.find((name) => !all.includes(name));
  if (unknown) fail(`There is no build '${unknown}'; there are ${all.join(', ')}.`);
  const wanted = named.filter((name) => !(name in comparisons));
  const compared = Object.entries(comparisons).filter(([name]) => named.includes(name));
  if (!(Number(values.seconds) > 0)) fail(`--seconds: got '${values.seconds}', wanted a number above 0.`);

  const turns = Number(values.turns);
  if (!(Number.isInteger(turns) && turns >= 1)) fail(`--turns: got '${values.turns}', wanted a whole number >= 1.`);

  await setup({ browsers: true });
  const packageSteps =
    compared.length > 0 ? buildSteps([...new Set(compared.flatMap(([, { variants }]) => variants))]) : [];
  const steps = new Steps(
    2 * wanted.length + 1 + (needsNodePackages() ? 1 : 0) + packageSteps.length + compared.length,
  );
  if (needsNodePackages()) await steps.step('Node packages', installNodePackages);
  await steps.step('Models', fetchModels);
  for (const name of wanted)
    await steps.step(`Building ${name}`, (report) => buildPreset(name, ['benchmarks'], report));
  const args = [
    '--benchmark_format=json',
    `--benchmark_min_time=${values.seconds}s`,
    `--benchmark_filter=${values.filter}`,
  ];
  if (turns > 1) args.push(`--benchmark_repetitions=${turns}`, '--benchmark_enable_random_interleaving=true');
  const results = [];
  for (const name of wanted) {
    const { benchmarks } = await steps.step(`Running ${name}`, () =>
      name === 'native' ? runNatively(args) : runInBrowser(name, args),
    );
    results.push({ title: name, benchmarks: fastestOfEach(benchmarks) });
  }
  for (const [title, work] of packageSteps) await steps.step(title, work);
  const tables = [];
  for (const [, { title, run: compare }] of compared) tables.push(await steps.step(title, compare));
  if (wanted.length > 0 && results.every(({ benchmarks }) => benchmarks.length === 0))
    fail(`No benchmark's name fits '${values.filter}'.`);
  if (!existsSync(path.join(modelsFolder, 'mobilenet-v2-1.0-224-int8')))
    console.log('\nThe int8 model could not be had: its rows are missing.');
  if (wanted.length > 0) printTable(results);
  if (values.keep) await keepModelTimes(results);
  for (const table of tables) console.log(`\n${table}`);
});
