// Runs the GoogleTest programs of a build tree and reads their reports.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { treeOf } from '../../web/dev/cmake.mjs';
import { fail, projectFolder, run } from '../../web/dev/steps.mjs';
import { toGtestFilter } from './selection.mjs';

const sanitizerSettings = {
  UBSAN_OPTIONS: 'print_stacktrace=1',
  ASAN_SYMBOLIZER_PATH: '/usr/lib/llvm-19/bin/llvm-symbolizer',
  TSAN_OPTIONS: 'external_symbolizer_path=/usr/lib/llvm-19/bin/llvm-symbolizer',
};

/**
 * Runs the test programs of a preset or variant, as many at a time as there are processors.
 * @param {string} preset The preset or variant that built the programs.
 * @param {{starter?: string[], files?: string[], filter?: string}} options `starter`: the command that runs a program, for
 * WebAssembly. `files`: the sources of the programs to run, instead of all. `filter`: the part of a name that tests must have.
 */
export async function runPrograms(preset, { starter = [], files, filter } = {}) {
  const name = treeOf(preset);
  const tree = join(projectFolder, 'build', name);
  const folder = name === preset ? '.' : preset;
  const programs = await listPrograms(tree);
  const waiting = files ? choosePrograms(programs, files, preset) : programs;
  const filterArgs = filter === undefined ? [] : [`--gtest_filter=${toGtestFilter(filter)}`];
  const result = { passed: 0, failed: [], skipped: [], figures: {} };
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const one = await runProgram({ tree, folder, name, starter, filterArgs });
      result.passed += one.passed;
      result.failed.push(...one.failed);
      result.skipped.push(...one.skipped);
      for (const [unit, count] of Object.entries(one.figures ?? {}))
        result.figures[unit] = (result.figures[unit] ?? 0) + count;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return result;
}

/** Returns the names of the test programs. CTest lists them, because the folder may still hold programs of removed tests. */
async function listPrograms(tree) {
  const { tests } = JSON.parse(await run('ctest', ['--test-dir', tree, '--show-only=json-v1']));
  return tests.map(({ name }) => name);
}

function choosePrograms(programs, files, preset) {
  const names = files.map((file) => basename(file, '.cpp'));
  const missing = names.find((name) => !programs.includes(name));
  if (missing) fail(`The preset '${preset}' does not build ${missing}. See tests/cpp/CMakeLists.txt.`);
  return names;
}

async function runProgram({ tree, folder, name, starter, filterArgs }) {
  const program = join(tree, 'tests', folder, starter.length > 0 ? `${name}.js` : name);
  const report = join(tree, 'reports', folder, `${name}.json`);
  mkdirSync(join(tree, 'reports', folder), { recursive: true });
  rmSync(report, { force: true });
  const [command, ...args] = [...starter, program, `--gtest_output=json:${report}`, '--gtest_color=no', ...filterArgs];
  const ended = await run(command, args, { env: sanitizerSettings, allowFailure: true });
  const result = readReport(report, name, ended.output);
  const hasRun = result.passed + result.skipped.length > 0 || filterArgs.length > 0;
  if ((ended.status !== 0 || !hasRun) && result.failed.length === 0) {
    result.failed.push({
      name: `${name} ended with ${ended.signal ?? `status ${ended.status}`}`,
      output: ended.everything,
    });
  }
  return result;
}

/** Reads a program's report. A program that was killed leaves none, or an incomplete one; it then has no results. */
function readReport(file, program, output) {
  const result = { passed: 0, failed: [], skipped: [], figures: {} };
  let suites = [];
  try {
    suites = JSON.parse(readFileSync(file, 'utf8')).testsuites;
  } catch {
    return result;
  }
  for (const { name: suite, testsuite } of suites) {
    for (const test of testsuite) {
      const name = `${program}: ${suite}.${test.name}`;
      if (test.failures) result.failed.push({ name, output: test.failures.map(({ failure }) => failure).join('\n') });
      else if (test.result === 'COMPLETED') result.passed += 1;
      else result.skipped.push({ name, reason: skipReason(output, `${suite}.${test.name}`) });
      // Properties that a test has recorded, such as "trust_faults", are members beside its name.
      for (const [property, value] of Object.entries(test)) {
        const unit = /^trust_(\w+)$/.exec(property)?.[1];
        if (unit) result.figures[unit] = (result.figures[unit] ?? 0) + Number(value);
      }
    }
  }
  return result;
}

/** Returns the reason why a test was skipped. It is in the program's output, but not in the report. */
function skipReason(output, test) {
  const from = output.indexOf(`[ RUN      ] ${test}\n`);
  const to = output.indexOf(`[  SKIPPED ] ${test}`, from);
  if (from < 0 || to < 0) return 'disabled';
  return output
    .slice(output.indexOf('\n', from) + 1, to)
    .replace(/^.*: Skipped$/m, '')
    .trim()
    .replaceAll('\n', ' ');
}
