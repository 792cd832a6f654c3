// Runs the tests that hold the project's promises (promises.mjs), and writes what they tried to build/trust/figures.json.
const usage = `Usage: npm run test:trust [-- options]

  --long             fuzzers for 10 minutes each, soak tests in full, random tests with several seeds
  --seconds=N        how long each fuzzer runs (default: 20, with --long 600)
  --rounds=N         how often tests in Node and C++ run, each time with another seed (default: 1, with --long 5)
  --only=ID,...      only the tests of these promises
  --list             prints the promises and their tests, and runs nothing

npm test runs the same tests once, in their own suites, except for those of the suite tsan. 'node tests/trust/security.mjs --write' copies the figures of the last run
into .github/SECURITY.md.
`;

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setup } from '../../cpp/third_party/setup.mjs';
import { buildSteps, runSteps } from '../../web/dev/build.mjs';
import { buildPreset, wasmVariants } from '../../web/dev/cmake.mjs';
import { installNodePackages, needsNodePackages } from '../../web/dev/npm.mjs';
import { fail, main, projectFolder, run } from '../../web/dev/steps.mjs';
import { buildFuzzers, fuzzers, runFuzzers } from '../fuzz/run.mjs';
import { runPrograms } from '../run/gtest.mjs';
import { runNodeTests } from '../run/node-test.mjs';
import { printSuite } from '../run/summary.mjs';
import { promises, uniqueTests } from './promises.mjs';
import { figuresFile, toRows, toTable } from './security.mjs';

process.env.TEACHABLE_DATA = resolve(projectFolder, process.env.TEACHABLE_DATA || '../shared/data');

/** Presets of the C++ suites. */
const presets = { native: 'native', asan: 'native-asan', tsan: 'native-tsan', msan: 'native-msan' };

function parseOptions() {
  const options = {
    long: { type: 'boolean' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    list: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    fail(`${error.message}\n\n${usage}`);
  }
  const number = (name, normal) => {
    const value = Number(values[name] ?? normal);
    return value >= 1 ? value : fail(`--${name} is '${values[name]}'; expected a number of at least 1.`);
  };
  const only = values.only?.split(',') ?? Object.keys(promises);
  const unknown = only.find((id) => !(id in promises));
  if (unknown) fail(`Unknown promise '${unknown}'. Promises: ${Object.keys(promises).join(', ')}.`);
  return {
    ...values,
    only,
    isPart: values.only !== undefined,
    seconds: number('seconds', values.long ? 600 : 20),
    rounds: number('rounds', values.long ? 5 : 1),
  };
}

function buildPlan(chosen) {
  const uses = (...kinds) => chosen.some(({ how }) => kinds.includes(how));
  const programs = Object.entries(presets)
    .filter(([how]) => uses(how))
    .map(([, preset]) => [`C++ tests, ${preset}`, (report) => buildPreset(preset, ['unit_tests'], report)]);
  const native = chosen.some(({ how, target }) => how === 'fuzz' && fuzzers.includes(target));
  if (native) programs.push(['Fuzzers', (report) => buildFuzzers(report)]);
  if (uses('node')) programs.push(['C++ failing_module', (report) => buildPreset('simd', ['failing_module'], report)]);
  return [...programs, ...(uses('node', 'browser', 'soak') ? buildSteps(wasmVariants) : [])];
}

/** Runs one test with each seed. Returns {passed, failed, skipped, seconds, figures} and the failures. */
async function runTest({ how, target }, { seconds, rounds }) {
  const total = { passed: 0, failed: [], skipped: [], figures: {} };
  const start = Date.now();
  // Browsers and soak tests take long, and their random tests are few.
  for (let round = 0; round < (['browser', 'soak', 'fuzz'].includes(how) ? 1 : rounds); round++) {
    const result = await runOnce(how, target, seconds, round);
    total.passed += result.passed;
    total.failed.push(...result.failed);
    if (round === 0) total.skipped = result.skipped;
    for (const [unit, count] of Object.entries(result.figures ?? {}))
      total.figures[unit] = (total.figures[unit] ?? 0) + count;
  }
  return { ...total, seconds: (Date.now() - start) / 1000 };
}

async function runOnce(how, target, seconds, round) {
  if (how === 'fuzz') return runFuzzers(seconds, [target]);
  const first = Number(process.env.TEACHABLE_SEED ?? 1);
  const before = process.env.TEACHABLE_SEED;
  process.env.TEACHABLE_SEED = String(first + round);
  try {
    if (presets[how]) return await runPrograms(presets[how], { files: [target] });
    return await runNodeTests(how, { files: [target] });
  } finally {
    if (before === undefined) delete process.env.TEACHABLE_SEED;
    else process.env.TEACHABLE_SEED = before;
  }
}

function list() {
  console.log(toTable(toRows(undefined)));
}

/** Writes the figures in one step, so that a run that is killed leaves those of an earlier one. */
function writeFigures(figures) {
  mkdirSync(join(figuresFile, '..'), { recursive: true });
  writeFileSync(`${figuresFile}.new`, `${JSON.stringify(figures, null, 2)}\n`);
  renameSync(`${figuresFile}.new`, figuresFile);
}

await main(async () => {
  const options = parseOptions();
  if (options.help) return console.log(usage);
  if (options.list) return list();
  if (options.long) process.env.TEACHABLE_SOAK ??= 'full';
  process.env.TEACHABLE_SOAK ??= 'bounded';
  const chosen = uniqueTests(options.only);
  await setup({ browsers: chosen.some(({ how }) => how === 'browser' || how === 'soak') });
  if (needsNodePackages()) await runSteps([['Node packages', installNodePackages]]);
  await runSteps(buildPlan(chosen));
  const commit = (await run('git', ['rev-parse', '--short', 'HEAD'], { allowFailure: true })).output.trim();
  // A run of some promises adds to the figures of the others.
  const earlier =
    options.isPart && existsSync(figuresFile) ? JSON.parse(readFileSync(figuresFile, 'utf8')).results : {};
  const figures = { commit, form: options.long ? 'long' : 'bounded', seconds: 0, results: earlier };
  const start = Date.now();
  for (const test of chosen) {
    const result = await runTest(test, options);
    printSuite({ title: test.key, ...result });
    for (const [unit, count] of Object.entries(result.figures)) console.log(`   ${count.toLocaleString('en')} ${unit}`);
    const { passed, failed, skipped, seconds } = result;
    figures.results[test.key] = {
      passed,
      failed: failed.length,
      skipped: skipped.length,
      seconds,
      figures: result.figures,
    };
    figures.seconds = (Date.now() - start) / 1000;
    writeFigures(figures);
    if (failed.length > 0 || passed === 0) process.exitCode = 1;
  }
  console.log(`\n${toTable(toRows(figures))}`);
  console.log(`The figures are in ${figuresFile}.`);
});
