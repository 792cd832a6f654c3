// Runs the fuzzers of the file readers with AddressSanitizer and UndefinedBehaviorSanitizer, and picture_memory with
// MemorySanitizer.
//
//   node tests/fuzz/run.mjs [--seconds=600] [--only=tflite,tfjs,dataset,picture,exif,picture_memory]
//
// The tree of picture_memory is build/native, that of the others build/native-asan. Inputs that fail are stored as
// <tree>/fuzz/<name>/crash-*. To reproduce a failure, pass the file to the program <tree>/fuzz/fuzz_<name>. Inputs that reach
// new code are stored in <tree>/fuzz/<name>/corpus.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from '../../cpp/third_party/setup.mjs';
import { buildPreset } from '../../web/dev/cmake.mjs';
import { fail, main, projectFolder, run, Steps } from '../../web/dev/steps.mjs';

export const fuzzers = ['tflite', 'tfjs', 'dataset', 'picture', 'exif', 'picture_memory'];

/** Returns the preset that builds a fuzzer. */
const presetOf = (name) => (name.endsWith('_memory') ? 'native' : 'native-asan');

/** Builds fuzzers. */
export async function buildFuzzers(report, names = fuzzers) {
  for (const preset of new Set(names.map(presetOf))) {
    const targets = names.filter((name) => presetOf(name) === preset).map((name) => `fuzz_${name}`);
    await buildPreset(preset, targets, report);
  }
}

const sanitizerSettings = {
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  ASAN_SYMBOLIZER_PATH: '/usr/lib/llvm-19/bin/llvm-symbolizer',
};

/** Runs all fuzzers in parallel for `seconds` and returns the result of a test suite. */
export async function runFuzzers(seconds, names = fuzzers) {
  const results = await Promise.all(names.map((name) => runOne(name, seconds)));
  return {
    passed: results.filter((result) => !result.output).length,
    failed: results.filter((result) => result.output),
    skipped: [],
  };
}

async function runOne(name, seconds) {
  const tree = path.join(projectFolder, 'build', presetOf(name), 'fuzz');
  const folder = path.join(tree, name);
  mkdirSync(folder, { recursive: true });
  // MemorySanitizer runs what the other fuzzer of the same code has found.
  const source = name.replace('_memory', '');
  const corpus = path.join(projectFolder, 'build', presetOf(source), 'fuzz', source, 'corpus');
  mkdirSync(corpus, { recursive: true });
  // An input that takes more than 10 s, or allocates more than 512 MB at once, is a failure.
  const ended = await run(
    path.join(tree, `fuzz_${name}`),
    [
      corpus,
      path.join(projectFolder, 'tests/fuzz/corpus', source),
      `-max_total_time=${seconds}`,
      '-timeout=10',
      '-malloc_limit_mb=512',
      '-rss_limit_mb=2560',
      // A TensorFlow.js topology is long, and the weights come after it.
      `-max_len=${name === 'tfjs' ? 262144 : 65536}`,
      '-print_final_stats=1',
      `-artifact_prefix=${folder}/`,
    ],
    { env: sanitizerSettings, allowFailure: true },
  );
  const runs = /number_of_executed_units:\s*(\d+)/.exec(ended.everything)?.[1] ?? '?';
  const title = `fuzz_${name}: ${runs} inputs in ${seconds} s`;
  return ended.status === 0 ? { name: title } : { name: title, output: ended.everything.slice(-8000) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  await main(async () => {
    const { values } = parseArgs({
      options: { seconds: { type: 'string', default: '600' }, only: { type: 'string' } },
    });
    const names = values.only?.split(',') ?? fuzzers;
    const unknown = names.find((name) => !fuzzers.includes(name));
    if (unknown) fail(`Unknown fuzzer '${unknown}'. Supported: ${fuzzers.join(', ')}.`);
    if (!(Number(values.seconds) >= 1)) fail(`--seconds is '${values.seconds}'; expected a number of at least 1.`);
    await setup();
    const steps = new Steps(2);
    await steps.step('Building the fuzzers', (report) => buildFuzzers(report, names));
    const { failed } = await steps.step(`Fuzzing ${names.join(' and ')}`, () =>
      runFuzzers(Number(values.seconds), names),
    );
    for (const { name, output } of failed) console.log(`${name}\n${output}`);
    if (failed.length > 0) process.exitCode = 1;
    else console.log('No failures found.');
  });
}
