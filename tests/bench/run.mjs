// Runs the benchmarks, natively and as WebAssembly, and prints them as tables.
//
//   npm run bench [-- --filter=REGEX] [--seconds=0.3] [--only=native,simd,...,teaching,knn-rival,rivals,frames,page,rewrite] [--turns=15] [--keep]
//   npm run bench -- --profile=v2-1.0-224-int8/auto --only=relaxed,simd
//   npm run bench -- --only=rivals [--rivals=litert,...] [--networks=v2-int8,...] [--paths=tensor,...] [--threads=1,2] [--simd=relaxed,plain]
//                    [--engines=chromium,firefox,webkit] [--rounds=2] [--browsers=3] [--busy] [--keep]
//
//   --filter   regular expression that the names of benchmarks, or the rows of teaching, must match
//   --seconds  minimum time of each benchmark
//   --only     builds and comparisons to run, instead of all
//   --turns    number of runs of each benchmark, in random order; the fastest counts. Use it for ratios on a busy machine.
//   --keep     writes the times of the models to models/measured.json, the source of the table in models/README.md, the picture of
//              teaching to tests/bench/teaching-curves.svg, and the tables and the picture of rivals to tests/bench
//   --profile  instead of benchmarks, the time of each operator of the networks whose names contain this text, beside the peak rates
//              of the machine. A name is a model's id and its precision.
//
// Comparisons, each with a table of its own:
//
//   teaching   accuracy with few examples, compared with TensorFlow.js' MobileNet and knn-classifier, in Node
//   knn-rival  the k-nearest-neighbours classifier and TensorFlow.js' knn-classifier
//   rivals     five other engines on the same networks: pictures to embeddings and predictions, start, memory, bytes. Options choose
//              parts, which can be measured one after the other: results are collected in build/rivals/results.json. --busy keeps
//              one core busy meanwhile.
//   frames     what each kind of picture costs beyond the network, in each browser; --filter chooses pages
//   page       the start of the demo page, and its main thread while it predicts
//   rewrite    what uint8 networks lose and gain by running as int8
//
// WebAssembly runs in a worker of a cross-origin isolated page in Chromium, one variant after the other. Times depend on the machine:
// compare columns and rows of one table, not different tables.
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
import { frameVariants, measureFrames, toFrameTables } from './frames.mjs';
import { compareKnn, toKnnTables } from './knn-rival.mjs';
import { measurePage } from './page.mjs';
import { toProfileTables } from './profile.mjs';
import { measureRewrite, rewrittenVariants, toRewriteTable } from './rewrite.mjs';
import { comparedVariants, compareEngines, rivalOptions } from './rivals.mjs';
import { compareTeaching, hasTeachingSets, teachingVariant } from './teaching.mjs';

/** The variant that browsers get where threads are not available. */
const knnVariant = 'relaxed';

/** The comparisons: the variants that each needs, and a function that returns its table. It gets the options of the command. */
const comparisons = {
  teaching: {
    title: 'Teaching with few examples',
    variants: [teachingVariant],
    run: compareTeaching,
  },
  'knn-rival': {
    title: "Comparing with TensorFlow.js' knn-classifier",
    variants: [knnVariant],
    run: async () => toKnnTables(await compareKnn(knnVariant), knnVariant),
  },
  rivals: {
    title: 'Comparing with other engines',
    variants: comparedVariants,
    run: compareEngines,
  },
  frames: {
    title: 'Measuring the way of a frame',
    variants: frameVariants,
    run: async (report, values) => toFrameTables(await measureFrames(report, values)),
  },
  page: {
    title: 'Measuring the page',
    variants: wasmVariants,
    run: measurePage,
  },
  rewrite: {
    title: 'Comparing uint8 networks with int8',
    variants: rewrittenVariants,
    run: async (report) => toRewriteTable(await measureRewrite(report)),
  },
};

const modelsFolder = path.join(projectFolder, 'models/files');

/** Ids of the measured models, the same as in network_bench.cpp. */
const measuredModels = [
  'mobilenet-v2-1.0-224-int8',
  'mobilenet-v2-1.0-224-uint8',
  'mobilenet-v1-0.75-192-uint8',
  'mobilenet-v1-0.5-160-uint8',
  'mobilenet-v1-0.25-128-uint8',
  'mobilenet-v2-1.0-224-nsfwjs',
  'mobilenet-v2-1.4-224-nsfwjs',
];

/** Fetches all models of the benchmarks that are available. */
async function fetchModels(report) {
  const { fetchModel } = await import('../../models/fetch.mjs');
  for (const id of measuredModels) {
    report(id);
    await fetchModel(id).catch((error) => console.log(`     ${id} is not measured: ${error.message}`));
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
  const { openBrowser, openPage } = await import('../web/support/open-page.mjs');
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
    if (result.error) fail(`The benchmarks of ${variant} failed: ${result.error}`);
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

/** Returns the fastest run of each benchmark. */
function fastestOfEach(benchmarks) {
  const fastest = new Map();
  for (const each of benchmarks.filter(({ run_type }) => run_type === 'iteration')) {
    const before = fastest.get(each.name);
    if (!before || each.real_time < before.real_time) fastest.set(each.name, each);
  }
  // In the order of the source code, whatever the order of the runs.
  return [...fastest.values()].sort((a, b) => a.family_index - b.family_index);
}

/** Writes the time of one picture, in ms, for each model and build: embedding and classes, default precision, one thread. */
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
      profile: { type: 'string' },
      ...rivalOptions,
    },
  });
  const all = ['native', ...wasmVariants, ...Object.keys(comparisons)];
  const named = values.only?.split(',') ?? all.filter((name) => name !== 'teaching' || hasTeachingSets);
  const unknown = named.find((name) => !all.includes(name));
  if (unknown) fail(`There is no build or comparison '${unknown}'. Use ${all.join(', ')}.`);
  const wanted = named.filter((name) => !(name in comparisons));
  const compared = Object.entries(comparisons).filter(([name]) => named.includes(name));
  if (!(Number(values.seconds) > 0)) fail(`--seconds is '${values.seconds}'. Use a number above 0.`);

  const turns = Number(values.turns);
  if (!(Number.isInteger(turns) && turns >= 1)) fail(`--turns is '${values.turns}'. Use a whole number of at least 1.`);

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
  if (values.profile !== undefined) {
    for (const name of wanted) {
      const args = [`--profile=${values.profile}`];
      const profile = await steps.step(`Profiling ${name}`, () =>
        name === 'native' ? runNatively(args) : runInBrowser(name, args),
      );
      console.log(`\n${toProfileTables(profile, name)}`);
    }
    return;
  }
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
  for (const [, { title, run: compare }] of compared)
    tables.push(await steps.step(title, (report) => compare(report, values)));
  if (wanted.length > 0 && results.every(({ benchmarks }) => benchmarks.length === 0))
    fail(`No benchmark has a name that matches --filter='${values.filter}'.`);
  if (!existsSync(path.join(modelsFolder, 'mobilenet-v2-1.0-224-int8')))
    console.log('\nThe int8 model is not available, so its rows are missing.');
  if (wanted.length > 0) printTable(results);
  if (values.keep && wanted.length > 0) await keepModelTimes(results);
  for (const table of tables) console.log(`\n${table}`);
});
