// Runs the fuzzers: those of the readers in C++ with AddressSanitizer and UndefinedBehaviorSanitizer, picture_memory with
// MemorySanitizer, and those of readers in TypeScript in Node.
//
//   node tests/fuzz/run.mjs [--seconds=600] [--only=tflite,tfjs,...]
//
// The tree of picture_memory is build/native, that of the others build/native-asan. Inputs that fail are stored as
// <tree>/fuzz/<name>/crash-*. To reproduce a failure, pass the file to the program <tree>/fuzz/fuzz_<name>. Inputs that reach
// new code are stored in <tree>/fuzz/<name>/corpus.
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from '../../cpp/third_party/setup.mjs';
import { buildPreset } from '../../web/dev/cmake.mjs';
import { fail, main, projectFolder, run, Steps } from '../../web/dev/steps.mjs';

export const fuzzers = ['tflite', 'tfjs', 'dataset', 'picture', 'exif', 'picture_memory'];
/** Fuzzers in Node: tests/fuzz/<name>.mjs exports fuzz({seconds, seed}), which returns {inputs} or throws. */
export const scriptFuzzers = ['journal'];

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

/**
 * Runs fuzzers for `seconds` each, as many at a time as there are processors.
 * @returns The result of a test suite, with the number of inputs in `figures`.
 */
export async function runFuzzers(seconds, names = [...fuzzers, ...scriptFuzzers]) {
  const results = [];
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift())
      results.push(await (scriptFuzzers.includes(name) ? runScript(name, seconds) : runOne(name, seconds)));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return {
    passed: results.filter((result) => !result.output).length,
    failed: results.filter((result) => result.output),
    skipped: [],
    figures: { inputs: results.reduce((sum, { inputs }) => sum + inputs, 0) },
  };
}

/** Runs a fuzzer in a process of its own. */
async function runScript(name, seconds) {
  const seed = Number(process.env.TEACHABLE_SEED ?? 1);
  const program = `import(${JSON.stringify(new URL(`./${name}.mjs`, import.meta.url).href)})
    .then(({ fuzz }) => fuzz({ seconds: ${seconds}, seed: ${seed} }))
    .then((result) => console.log(JSON.stringify(result)));`;
  const ended = await run(process.execPath, ['-e', program], { allowFailure: true });
  if (ended.status !== 0)
    return { name: `fuzzer ${name}, seed ${seed}`, inputs: 0, output: ended.everything.slice(-8000) };
  const { inputs } = JSON.parse(ended.output);
  return { name: `fuzzer ${name}: ${inputs} inputs in ${seconds} s`, inputs };
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
  const inputs = Number(/number_of_executed_units:\s*(\d+)/.exec(ended.everything)?.[1] ?? 0);
  const title = `fuzz_${name}: ${inputs} inputs in ${seconds} s`;
  return { name: title, inputs, ...(ended.status === 0 ? {} : { output: ended.everything.slice(-8000) }) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  await main(async () => {
    const { values } = parseArgs({
      options: { seconds: { type: 'string', default: '600' }, only: { type: 'string' } },
    });
    const all = [...fuzzers, ...scriptFuzzers];
    const names = values.only?.split(',') ?? all;
    const unknown = names.find((name) => !all.includes(name));
    if (unknown) fail(`Unknown fuzzer '${unknown}'. Supported: ${all.join(', ')}.`);
    if (!(Number(values.seconds) >= 1)) fail(`--seconds is '${values.seconds}'; expected a number of at least 1.`);
    await setup();
    const steps = new Steps(2);
    await steps.step('Building the fuzzers', (report) =>
      buildFuzzers(
        report,
        names.filter((name) => fuzzers.includes(name)),
      ),
    );
    const { failed, figures } = await steps.step(`Fuzzing ${names.join(' and ')}`, () =>
      runFuzzers(Number(values.seconds), names),
    );
    for (const { name, output } of failed) console.log(`${name}\n${output}`);
    if (failed.length > 0) process.exitCode = 1;
    else console.log(`No failures found in ${figures.inputs} inputs.`);
  });
}
