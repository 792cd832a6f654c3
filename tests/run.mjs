// All tests, from a fresh clone: node tests/run.mjs [suite...]
//
//   native     C++ unit tests on this machine
//   asan       the same with address and undefined-behaviour sanitizers
//   fuzz       the readers of models and data sets against damaged files, 20 seconds each; longer by node tests/fuzz/run.mjs
//   simd       the same as WebAssembly, in Node
//   relaxed    the same as WebAssembly with relaxed SIMD, in Node
//   types      TypeScript type-check
//   node       tests of the web side and of the project itself, in Node
//   browser    tests in real browsers
//   consumers  the packed package, installed into each project of web/examples
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setup } from '../cpp/third_party/setup.mjs';
import { buildSteps, runSteps } from '../web/dev/build.mjs';
import { buildPreset, wasmVariants } from '../web/dev/cmake.mjs';
import { installNodePackages } from '../web/dev/npm.mjs';
import { fail, main, projectFolder } from '../web/dev/steps.mjs';
import { runFuzzers } from './fuzz/run.mjs';
import { runPrograms } from './run/gtest.mjs';
import { runNodeTests } from './run/node-test.mjs';
import { printSuite, printSummary } from './run/summary.mjs';
import { checkTypes } from './run/types.mjs';

const data = resolve(projectFolder, process.env.TEACHABLE_DATA || '../shared/data');
process.env.TEACHABLE_DATA = data;

// Node 20 can compile relaxed SIMD only when told to; later ones do not know the option any more.
const relaxedOptions = Number(process.versions.node.split('.')[0]) < 21 ? ['--experimental-wasm-relaxed-simd'] : [];

const suites = {
  native: { title: 'C++, native', preset: 'native', run: () => runPrograms('native') },
  asan: { title: 'C++, native with sanitizers', preset: 'native-asan', run: () => runPrograms('native-asan') },
  fuzz: { title: 'Fuzzers of the readers', preset: 'native-asan', target: 'fuzzers', run: () => runFuzzers(20) },
  simd: { title: 'C++, WebAssembly simd', preset: 'simd', run: () => runPrograms('simd', [process.execPath]) },
  relaxed: {
    title: 'C++, WebAssembly relaxed',
    preset: 'relaxed',
    run: () => runPrograms('relaxed', [process.execPath, ...relaxedOptions]),
  },
  types: { title: 'TypeScript types', needsTypes: true, run: checkTypes },
  node: { title: 'Web, in Node', needsBundle: true, run: () => runNodeTests((name) => !name.includes('.browser.')) },
  browser: {
    title: 'Web, in browsers',
    needsBundle: true,
    run: () => runNodeTests((name) => name.includes('.browser.')),
  },
  consumers: { title: 'Examples', needsBundle: true, run: () => runNodeTests(() => true, ['tests/consumers']) },
};

function buildPlan(names) {
  const wanted = names.map((name) => suites[name]);
  const web = wanted.some((suite) => suite.needsBundle || suite.needsTypes);
  const bundle = wanted.some((suite) => suite.needsBundle);
  const tests = wanted
    .filter((suite) => suite.preset)
    .map(({ preset, target = 'unit_tests' }) => [
      `C++ ${target === 'unit_tests' ? 'tests' : target}, ${preset}`,
      (report) => buildPreset(preset, [target], report),
    ]);
  return [...tests, ['Models', fetchModels], ...(web ? buildSteps(bundle ? wasmVariants : []) : [])];
}

/** The model that everyone can have, for the TensorFlow.js reader's tests. The build fetches the default. */
async function fetchModels() {
  // Some sources are archives, which a Node package reads.
  await installNodePackages().catch((error) => console.log(`     ${error.message}`));
  const { fetchModel } = await import('../models/fetch.mjs');
  // Without it, the tests that need it say so by being skipped.
  for (const id of ['mobilenet-v2-1.0-224-nsfwjs', 'mobilenet-v2-1.4-224-nsfwjs']) {
    await fetchModel(id).catch((error) => console.log(`     ${error.message}`));
  }
}

/** With the data at hand, a test that was skipped for want of it is a mistake. */
function refuseDataSkips(result) {
  if (!existsSync(data)) return result;
  const [wrong, skipped] = [[], []];
  for (const skip of result.skipped) (/TEACHABLE_DATA/.test(skip.reason) ? wrong : skipped).push(skip);
  const failed = wrong.map(({ name, reason }) => ({ name, output: `skipped although ${data} is there: ${reason}` }));
  return { ...result, skipped, failed: [...result.failed, ...failed] };
}

await main(async () => {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(suites);
  const unknown = names.find((name) => !(name in suites));
  if (unknown) fail(`There is no suite '${unknown}'; there are ${Object.keys(suites).join(', ')}.`);

  await setup({ browsers: names.includes('browser') || names.includes('consumers') });
  await runSteps(buildPlan(names));
  const results = [];
  for (const name of names) {
    const start = Date.now();
    const result = refuseDataSkips(await suites[name].run());
    if (result.passed + result.failed.length + result.skipped.length === 0) {
      result.failed.push({ name: suites[name].title, output: 'The suite has no tests.' });
    }
    results.push({ title: suites[name].title, seconds: (Date.now() - start) / 1000, ...result });
    printSuite(results.at(-1));
  }
  if (printSummary(results) > 0) process.exitCode = 1;
});
