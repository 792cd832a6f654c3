// Runs the tests, from a fresh clone on: it sets up the toolchain and builds what the tests need.
const usage = `Usage: npm test [-- [suite...] [file...] [--filter=NAME]]

Without arguments, all suites but tsan run, in this order:

  format     formatting of all files, and the linter's findings in TypeScript, JavaScript and CSS
  lint       Biome's linter and clang-tidy
  native     C++ unit tests on this machine
  asan       the same tests with address and undefined-behaviour sanitizers
  tsan       those of what runs on several threads, with the thread sanitizer: only when named
  fuzz       damaged files for the readers of models and data sets, 20 seconds for each reader
  simd       the C++ unit tests as WebAssembly, in Node
  relaxed    the C++ unit tests as WebAssembly with relaxed SIMD, in Node
  types      type check of the examples of the API
  node       tests of the package and of the project's scripts, in Node
  browser    tests in real browsers
  consumers  the packed package, installed into each project of web/examples
  soak       leaks, full memory and fuzzing: in a short form without arguments, in full when named

  npm test -- node                            one suite
  npm test -- tests/web/worker/rpc.test.mjs          one file
  npm test -- native tests/cpp/knn_test.cpp   one file, in the suite that is named
  npm test -- node --filter='aborted'         all tests of a suite whose name contains 'aborted'
  npm test -- native --filter='Knn*Undo'      '*' stands for any text

A file of tests/cpp runs in the suite 'native' unless another suite is named.

Environment variables:
  TEACHABLE_DATA   folder of models and photos; the default is ../shared/data. Without it, tests are skipped.
  TEACHABLE_SEED   seed of the random tests: a number, or 'random'. The default is 1.
  TEACHABLE_SOAK   'full' or 'bounded': how long the suite 'soak' runs.
`;

import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setup } from '../cpp/third_party/setup.mjs';
import { buildSteps, runSteps } from '../web/dev/build.mjs';
import { buildPreset, wasmVariants } from '../web/dev/cmake.mjs';
import { installNodePackages, needsNodePackages } from '../web/dev/npm.mjs';
import { fail, main, projectFolder } from '../web/dev/steps.mjs';
import { buildFuzzers, runFuzzers } from './fuzz/run.mjs';
import { checkFormat, findClangFormat } from './run/format.mjs';
import { runPrograms } from './run/gtest.mjs';
import { runLinters } from './run/lint.mjs';
import { describeNetwork } from './run/network.mjs';
import { runNodeTests } from './run/node-test.mjs';
import { chooseTests } from './run/selection.mjs';
import { printSuite, printSummary } from './run/summary.mjs';
import { checkTypes } from './run/types.mjs';

const data = resolve(projectFolder, process.env.TEACHABLE_DATA || '../shared/data');
process.env.TEACHABLE_DATA = data;
const hasData = existsSync(join(data, 'models'));

// Node 20 compiles relaxed SIMD only with this option. Later versions refuse it.
const relaxedOptions = Number(process.versions.node.split('.')[0]) < 21 ? ['--experimental-wasm-relaxed-simd'] : [];
const node = process.execPath;

/**
 * The suites in the order in which they run. `run` takes {files, filter} and returns {passed, failed, skipped}. `files` is the
 * kind of files that can be named for the suite; `filter` says that its tests can be chosen by name. `beforeBuild`: the suite
 * needs the Node packages only. `preset` and `target`: the C++ that it needs. `needsTypes` and `needsBundle`: what it needs of
 * the package. `onlyNamed`: the suite does not run without arguments.
 */
const suites = {
  format: { title: 'Format', beforeBuild: true, run: checkFormat },
  lint: { title: 'Lint', preset: 'native', target: 'tflite_header', run: runLinters },
  native: { title: 'C++, native', preset: 'native', ...cppTests('native') },
  asan: { title: 'C++, native with sanitizers', preset: 'native-asan', ...cppTests('native-asan') },
  tsan: {
    title: 'C++, native with the thread sanitizer',
    preset: 'native-tsan',
    onlyNamed: true,
    ...cppTests('native-tsan'),
  },
  fuzz: { title: 'Fuzzers of the readers', needsFuzzers: true, run: () => runFuzzers(20) },
  simd: { title: 'C++, WebAssembly simd', preset: 'simd', ...cppTests('simd', [node]) },
  relaxed: { title: 'C++, WebAssembly relaxed', preset: 'relaxed', ...cppTests('relaxed', [node, ...relaxedOptions]) },
  types: { title: 'TypeScript types', needsTypes: true, run: checkTypes },
  node: { title: 'Web, in Node', preset: 'simd', target: 'failing_module', needsBundle: true, ...nodeTests('node') },
  browser: { title: 'Web, in browsers', needsBundle: true, ...nodeTests('browser') },
  consumers: { title: 'Examples', needsBundle: true, ...nodeTests('consumers') },
  soak: { title: 'Soak', needsBundle: true, ...nodeTests('soak'), run: runSoak },
};

function cppTests(preset, starter) {
  return { files: 'cpp', filter: true, run: (selection) => runPrograms(preset, { starter, ...selection }) };
}

function nodeTests(kind) {
  return { files: kind, filter: true, run: (selection) => runNodeTests(kind, selection) };
}

const fullSoak = () => process.env.TEACHABLE_SOAK === 'full';

/** Runs the soak tests, and in full the fuzzers for ten minutes. */
async function runSoak(selection) {
  const tests = await runNodeTests('soak', selection);
  if (!fullSoak() || selection.files || selection.filter) return tests;
  const fuzzed = await runFuzzers(600);
  return { ...tests, passed: tests.passed + fuzzed.passed, failed: [...tests.failed, ...fuzzed.failed] };
}

function buildPlan(names) {
  const wanted = names.map((name) => suites[name]);
  const web = wanted.some((suite) => suite.needsBundle || suite.needsTypes);
  const bundle = wanted.some((suite) => suite.needsBundle);
  const cpp = wanted.filter((suite) => suite.preset).map(({ preset, target = 'unit_tests' }) => `${preset} ${target}`);
  const fuzz = wanted.some((suite) => suite.needsFuzzers) || (names.includes('soak') && fullSoak());
  const tests = [...new Set(cpp)].map((each) => {
    const [preset, target] = each.split(' ');
    const what = { unit_tests: 'tests', tflite_header: 'headers' }[target] ?? target;
    return [`C++ ${what}, ${preset}`, (report) => buildPreset(preset, [target], report)];
  });
  if (fuzz) tests.push(['Fuzzers', buildFuzzers]);
  return [...tests, ['Models', fetchModels], ...(web ? buildSteps(bundle ? wasmVariants : []) : [])];
}

/** Fetches the public models that tests of the TensorFlow.js reader use. The build fetches the default model. */
async function fetchModels() {
  const { fetchModel } = await import('../models/fetch.mjs');
  // Tests that need a missing model are skipped and say so.
  for (const id of ['mobilenet-v2-1.0-224-nsfwjs', 'mobilenet-v2-1.4-224-nsfwjs']) {
    await fetchModel(id).catch((error) => console.log(`     ${error.message}`));
  }
}

/** Turns tests that were skipped for want of data into failures when the data is there. */
function refuseDataSkips(result) {
  if (!hasData) return result;
  const [wrong, skipped] = [[], []];
  for (const skip of result.skipped) (/TEACHABLE_DATA/.test(skip.reason) ? wrong : skipped).push(skip);
  const failed = wrong.map(({ name, reason }) => ({ name, output: `Skipped, although ${data} exists: ${reason}` }));
  return { ...result, skipped, failed: [...result.failed, ...failed] };
}

/** Draws the seed once for the whole run, so that one number repeats it. */
function chooseSeed() {
  const { TEACHABLE_SEED: seed } = process.env;
  if (seed === undefined) return;
  if (seed === 'random') process.env.TEACHABLE_SEED = String(randomInt(1, 2 ** 31 - 1));
  else if (!/^\d+$/.test(seed)) fail(`TEACHABLE_SEED is '${seed}'. Use a whole number or 'random'.`);
  console.log(
    `Random tests use the seed ${process.env.TEACHABLE_SEED}. TEACHABLE_SEED=${process.env.TEACHABLE_SEED} repeats them.`,
  );
}

/** Runs the soak tests in full when they are named, unless the environment says otherwise. */
function chooseSoak(named) {
  process.env.TEACHABLE_SOAK ??= named ? 'full' : 'bounded';
  if (!['full', 'bounded'].includes(process.env.TEACHABLE_SOAK))
    fail(`TEACHABLE_SOAK is '${process.env.TEACHABLE_SOAK}'. Use 'full' or 'bounded'.`);
}

async function runSuite(name, { files, filter }) {
  const suite = suites[name];
  const start = Date.now();
  const result = refuseDataSkips(await suite.run({ files: files.get(name), filter }));
  if (filter === undefined && result.passed + result.failed.length + result.skipped.length === 0)
    result.failed.push({ name: suite.title, output: 'The suite has no tests.' });
  const finished = { title: suite.title, seconds: (Date.now() - start) / 1000, ...result };
  printSuite(finished);
  return finished;
}

function parseArguments() {
  const options = { filter: { type: 'string' }, help: { type: 'boolean', short: 'h' } };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`);
  }
}

await main(async () => {
  const { values, positionals } = parseArguments();
  if (values.help) return console.log(usage);
  const chosen = chooseTests(suites, positionals, values.filter);
  chooseSeed();
  chooseSoak(positionals.length > 0);

  const early = chosen.names.filter((name) => suites[name].beforeBuild);
  const late = chosen.names.filter((name) => !suites[name].beforeBuild);
  if (late.length > 0 || !findClangFormat())
    await setup({ browsers: ['browser', 'consumers', 'soak'].some((name) => late.includes(name)) });
  if (needsNodePackages()) await runSteps([['Node packages', installNodePackages]]);
  const results = [];
  for (const name of early) results.push(await runSuite(name, chosen));
  if (late.length > 0) await runSteps(buildPlan(late));
  for (const name of late) results.push(await runSuite(name, chosen));
  const count = results.reduce((sum, { passed, failed, skipped }) => sum + passed + failed.length + skipped.length, 0);
  if (count === 0) fail(`No test of ${chosen.names.join(', ')} has '${values.filter}' in its name.`);
  if (printSummary(results, await describeNetwork()) > 0) process.exitCode = 1;
});
