// The anchor: @tensorflow-models/knn-classifier, on the WebAssembly backend of TensorFlow.js. Its answers are kept in a file, because
// they depend on the embeddings and the episodes only, and take a minute.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { projectFolder } from '../../../web/dev/steps.mjs';

const require = createRequire(import.meta.url);

/** Starts TensorFlow.js. Returns the versions and a function that makes the rule for a number of neighbours. */
export async function startTfjs() {
  const tf = await import('@tensorflow/tfjs-core');
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const knn = await import('@tensorflow-models/knn-classifier');
  setWasmPaths(`${path.join(projectFolder, 'node_modules/@tensorflow/tfjs-backend-wasm/dist')}/`);
  if (!(await tf.setBackend('wasm'))) throw new Error('The WebAssembly backend of TensorFlow.js does not start.');
  const { version } = require('@tensorflow-models/knn-classifier/package.json');
  return { version, ruleOf: (k) => (task) => answer(tf, knn.create(), k, task) };
}

async function answer(tf, classifier, k, { width, examples, labels, tests }) {
  labels.forEach((label, i) => {
    const example = tf.tensor2d(examples.subarray(i * width, (i + 1) * width), [1, width]);
    classifier.addExample(example, label);
    example.dispose();
  });
  const classes = [];
  const confidences = [];
  for (let at = 0; at < tests.length; at += width) {
    const test = tf.tensor2d(tests.subarray(at, at + width), [1, width]);
    const { label, confidences: all } = await classifier.predictClass(test, k);
    classes.push(Number(label));
    confidences.push(all[label]);
    test.dispose();
  }
  classifier.dispose();
  return { classes, confidences };
}

/**
 * Returns a rule with the same answers, which are read from a file in `folder` when they are there.
 * @param {string} what All that the answers and their order depend on.
 */
export async function keptRule(rule, folder, what) {
  const file = path.join(folder, `answers-${createHash('sha256').update(what).digest('hex').slice(0, 16)}.json`);
  const kept = await readFile(file, 'utf8').then(JSON.parse, () => []);
  const answers = [];
  return {
    async rule(task) {
      const answer = kept[answers.length] ?? (await rule(task));
      answers.push(answer);
      return answer;
    },
    async keep() {
      await mkdir(folder, { recursive: true });
      await writeFile(file, JSON.stringify(answers));
    },
  };
}
