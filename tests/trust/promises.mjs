// What the project promises about untrusted input and failures, and the tests that hold it. `npm run test:trust` runs them, and
// .github/SECURITY.md shows them. A new test takes part by one line in `tests`.

/** Promises by id, in the order in which SECURITY.md shows them. */
export const promises = {
  models: 'A damaged or hostile `.tflite` file ends in an error with a code, never in a crash.',
  'tfjs-models': 'The same holds for `model.json` and its weights.',
  sets: 'The same holds for data sets, as files and as JSON. What was taught before stays.',
  pictures: 'The same holds for picture files.',
  'picture-costs':
    'A picture file costs no more time and memory than its size in pixels allows, can be aborted, and ends after 20 seconds. With `worker: false`, nothing can stop it; its work is bounded.',
  'same-pixels': 'A picture file gives the same pixels each time, never earlier contents of the memory.',
  journals: 'A damaged picture journal of `embed` loses time, and never makes a wrong data set.',
  memory: 'Memory that runs out is an error, and no example is lost.',
  edits: 'Random edits, saves and loads give the results of a plain model.',
  threads: 'Several threads give the results of one.',
  races: 'Threads share no memory without synchronization.',
  calls: 'Each call of the worker is answered once, in any order of calls, aborts and disposals.',
  'long-runs': 'Memory does not grow with the number of frames, models and edits.',
  downloads: 'Downloads end where the known length ends. Checksums of the model are checked.',
  'local-files':
    'A model can not name files elsewhere: one from the network no file of the machine, and for the command one of the machine nothing outside of its folder, unless that is allowed.',
  terminal: 'Names in files and models can not control the terminal of the command.',
  'whole-files':
    'The command leaves a file whole when the disk is full, it is interrupted, or something else changed the file.',
  policy: "The package runs under `script-src 'self' 'wasm-unsafe-eval'`: no `eval`, no inline code.",
  isolation: 'The page asks no host but its own. Nothing that the camera sees leaves the device.',
  persistence:
    'The page keeps what was taught over reloads, several tabs, damaged records and full storage. A crash loses at most two examples of a running recording.',
  errors: 'No C++ exception leaves the module. Errors have a `code`.',
  'no-effects': 'Importing the package has no side effects, and it has no dependencies.',
  releases:
    'Two builds of the same sources give the same bytes. The list of components names all that is in the modules.',
  tarball: 'The tarball holds the listed files only, and its checksums are right.',
  server: 'The development server serves no file outside its folders.',
  setup: 'A killed process leaves no lock and no half-filled folder that blocks or spoils a later set-up or build.',
};

/**
 * Tests, as [promise, how, target].
 *
 * how                                    target
 * 'fuzz'                                 name in tests/fuzz/run.mjs
 * 'native', 'asan', 'tsan', 'msan'       file of tests/cpp, built for this machine, without or with a sanitizer
 * 'node', 'browser', 'soak'              file of Node's test runner
 *
 * A test may report how much it tried, in any unit: t.diagnostic('trust: 250 faults') in Node's test runner,
 * RecordProperty("trust_faults", 250) in GoogleTest. Figures of one target are added up.
 */
export const tests = [
  ['models', 'fuzz', 'tflite'],
  ['models', 'asan', 'tests/cpp/tflite_reader_test.cpp'],
  ['models', 'asan', 'tests/cpp/tflite_metadata_test.cpp'],
  ['models', 'asan', 'tests/cpp/graph_test.cpp'],
  ['tfjs-models', 'fuzz', 'tfjs'],
  ['tfjs-models', 'asan', 'tests/cpp/tfjs_reader_test.cpp'],
  ['tfjs-models', 'asan', 'tests/cpp/json_test.cpp'],
  ['tfjs-models', 'node', 'tests/web/worker/tfjs-converter.test.mjs'],
  ['sets', 'fuzz', 'dataset'],
  ['sets', 'asan', 'tests/cpp/dataset_file_test.cpp'],
  ['sets', 'asan', 'tests/cpp/dataset_fuzz_test.cpp'],
  ['sets', 'node', 'tests/web/worker/dataset.test.mjs'],
  ['sets', 'node', 'tests/web/worker/dataset-json.test.mjs'],
  ['sets', 'node', 'tests/web/worker/fuzz-json.test.mjs'],
  ['pictures', 'fuzz', 'picture'],
  ['pictures', 'fuzz', 'exif'],
  ['pictures', 'asan', 'tests/cpp/decode_test.cpp'],
  ['pictures', 'node', 'tests/web/worker/picture-decoder.test.mjs'],
  ['picture-costs', 'asan', 'tests/cpp/decode_test.cpp'],
  ['picture-costs', 'node', 'tests/web/worker/picture-decoder.test.mjs'],
  ['same-pixels', 'fuzz', 'picture_memory'],
  ['same-pixels', 'node', 'tests/web/worker/picture-decoder.test.mjs'],
  ['journals', 'fuzz', 'journal'],
  ['journals', 'node', 'tests/web/cli/cli-pieces.test.mjs'],
  ['memory', 'asan', 'tests/cpp/knn_memory_test.cpp'],
  ['memory', 'asan', 'tests/cpp/classifier_test.cpp'],
  ['memory', 'node', 'tests/web/worker/memory.test.mjs'],
  ['memory', 'node', 'tests/web/worker/module-faults.test.mjs'],
  ['memory', 'soak', 'tests/web/soak/memory.soak.test.mjs'],
  ['edits', 'asan', 'tests/cpp/knn_property_test.cpp'],
  ['edits', 'asan', 'tests/cpp/linear_head_test.cpp'],
  ['edits', 'node', 'tests/web/worker/random-edits.test.mjs'],
  ['threads', 'native', 'tests/cpp/knn_threads_test.cpp'],
  ['threads', 'native', 'tests/cpp/classifier_threads_test.cpp'],
  ['races', 'tsan', 'tests/cpp/knn_threads_test.cpp'],
  ['races', 'tsan', 'tests/cpp/classifier_threads_test.cpp'],
  ['calls', 'node', 'tests/web/worker/rpc.test.mjs'],
  ['calls', 'node', 'tests/web/page/client.test.mjs'],
  ['calls', 'node', 'tests/web/worker/schedule.test.mjs'],
  ['calls', 'node', 'tests/web/worker/fuzz-messages.test.mjs'],
  ['calls', 'node', 'tests/web/page/hostile.test.mjs'],
  ['calls', 'browser', 'tests/web/page/faults.browser.test.mjs'],
  ['long-runs', 'soak', 'tests/web/soak/leak.soak.test.mjs'],
  ['long-runs', 'soak', 'tests/web/soak/webcam.soak.test.mjs'],
  ['downloads', 'node', 'tests/web/worker/fetch-model.test.mjs'],
  ['downloads', 'node', 'tests/web/project/models-fetch.test.mjs'],
  ['local-files', 'node', 'tests/web/worker/fetch-model.test.mjs'],
  ['local-files', 'node', 'tests/web/cli/cli-safety.test.mjs'],
  ['terminal', 'node', 'tests/web/cli/cli-safety.test.mjs'],
  ['whole-files', 'node', 'tests/web/cli/cli-safety.test.mjs'],
  ['whole-files', 'node', 'tests/web/cli/cli.test.mjs'],
  ['policy', 'browser', 'tests/web/package/everywhere.browser.test.mjs'],
  ['isolation', 'browser', 'tests/web/demo/page.browser.test.mjs'],
  ['persistence', 'browser', 'tests/web/demo/page-persistence.browser.test.mjs'],
  ['persistence', 'browser', 'tests/web/demo/page-faults.browser.test.mjs'],
  ['persistence', 'browser', 'tests/web/demo/page-records.browser.test.mjs'],
  ['persistence', 'node', 'tests/web/demo/demo-dataset.test.mjs'],
  ['persistence', 'node', 'tests/web/demo/demo-storage.test.mjs'],
  ['errors', 'node', 'tests/web/worker/module.test.mjs'],
  ['errors', 'node', 'tests/web/worker/module-faults.test.mjs'],
  ['errors', 'node', 'tests/web/package/errors.test.mjs'],
  ['no-effects', 'node', 'tests/web/package/package.test.mjs'],
  ['releases', 'node', 'tests/web/package/release.test.mjs'],
  ['tarball', 'node', 'tests/web/package/tarball.test.mjs'],
  ['tarball', 'node', 'tests/web/package/package.test.mjs'],
  ['server', 'node', 'tests/web/project/serve.test.mjs'],
  ['setup', 'node', 'tests/web/project/setup.test.mjs'],
];

/** Returns each pair of how and target once, as {key, how, target}. Several promises may share a test. */
export function uniqueTests(chosen = Object.keys(promises)) {
  const found = new Map();
  for (const [promise, how, target] of tests)
    if (chosen.includes(promise)) found.set(keyOf(how, target), { key: keyOf(how, target), how, target });
  return [...found.values()];
}

export const keyOf = (how, target) => `${how} ${target}`;
