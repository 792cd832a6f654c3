// Runs in the page. Lets engines predict with taught examples: this package by itself, others with @tensorflow-models/knn-classifier.

const classCount = 10;
const neighbours = 10;

/** Returns random embeddings of `count` examples, [count, size], whose class is their number modulo 10. */
function makeExamples(count, size) {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Float32Array.from({ length: count * size }, random);
}

/**
 * Teaches an engine examples.
 * @param {object} engine
 * @param {number} count
 * @param {number} size Number of values in an embedding.
 * @returns {Promise<(picture: object) => Promise<unknown>>} predicts a picture
 */
export async function teach(engine, count, size) {
  const examples = makeExamples(count, size);
  if (engine.classifier) {
    const labels = Array.from({ length: count }, (_, i) => `class ${i % classCount}`);
    await engine.classifier.addExamples(examples, labels);
    return (picture) => engine.classifier.predict(picture);
  }
  const { tf, backend, create } = await import('/bundles/knn-classifier.js');
  backend.setWasmPaths('/bundles/');
  await tf.setBackend('wasm');
  const knn = create();
  const perClass = Math.floor(count / classCount);
  const dataset = {};
  for (let c = 0; c < classCount; c++) {
    const rows = tf.tensor2d(examples.subarray(c * perClass * size, (c + 1) * perClass * size), [perClass, size]);
    dataset[`class ${c}`] = tf.tidy(() => tf.div(rows, tf.norm(rows, 2, 1, true)));
    rows.dispose();
  }
  knn.setClassifierDataset(dataset);
  return async (picture) => {
    const embedding = tf.tensor1d(await engine.embed(picture));
    const prediction = await knn.predictClass(embedding, neighbours);
    embedding.dispose();
    return prediction;
  };
}
