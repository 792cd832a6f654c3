// An image model as Teachable Machine exports it for TensorFlow.js: its MobileNet V2 0.35 in full size, a classifier with a hidden
// layer, and metadata.json. The weights are random. TensorFlow.js writes the files and gives the expected results.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { root } from '../support/data.mjs';

const { load } = await import(pathToFileURL(path.join(root, 'web/dist/index.js')).href);
const { layers } = tf;
const labels = ['Paper', 'Rock', 'Scissors'];
const sides = [96, 224];

let folder;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'teachable-machine-'));
});
after(() => rm(folder, { recursive: true }));

/** Stages of MobileNet V2: [channels at width 1, number of blocks, stride of the first, expansion] (Sandler et al. 2018, table 2). */
const stages = [
  [16, 1, 1, 1],
  [24, 2, 2, 6],
  [32, 3, 2, 6],
  [64, 4, 2, 6],
  [96, 3, 1, 6],
  [160, 3, 2, 6],
  [320, 1, 1, 6],
];

function mobilenet(side, alpha) {
  const width = (channels) => Math.max(8, Math.floor((channels * alpha + 4) / 8) * 8);
  const input = tf.input({ shape: [side, side, 3] });
  const normalized = (x, active = true) => {
    const y = layers.batchNormalization({ epsilon: 0.001 }).apply(x);
    return active ? layers.reLU({ maxValue: 6 }).apply(y) : y;
  };
  // Like Keras, strided layers pad at the bottom and on the right only.
  const strided = (x, layer) =>
    layer('valid').apply(
      layers
        .zeroPadding2d({
          padding: [
            [0, 1],
            [0, 1],
          ],
        })
        .apply(x),
    );
  let x = normalized(
    strided(input, (padding) =>
      layers.conv2d({ filters: width(32), kernelSize: 3, strides: 2, padding, useBias: false }),
    ),
  );
  for (const [channels, count, firstStride, expansion] of stages) {
    for (let i = 0; i < count; i++) {
      const strides = i === 0 ? firstStride : 1;
      const filters = width(channels);
      const before = x;
      if (expansion > 1)
        x = normalized(layers.conv2d({ filters: expansion * x.shape[3], kernelSize: 1, useBias: false }).apply(x));
      const depthwise = (padding) => layers.depthwiseConv2d({ kernelSize: 3, strides, padding, useBias: false });
      x = normalized(strides === 2 ? strided(x, depthwise) : depthwise('same').apply(x));
      x = normalized(layers.conv2d({ filters, kernelSize: 1, useBias: false }).apply(x), false);
      if (strides === 1 && before.shape[3] === filters) x = layers.add().apply([before, x]);
    }
  }
  x = normalized(layers.conv2d({ filters: 1280, kernelSize: 1, useBias: false }).apply(x));
  return tf.model({ inputs: input, outputs: x });
}

function teachableMachine(side) {
  const features = tf.sequential({ layers: [mobilenet(side, 0.35), layers.globalAveragePooling2d({})] });
  const classifier = tf.sequential({
    layers: [
      layers.dense({ units: 100, activation: 'relu', inputShape: [1280] }),
      layers.dense({ units: labels.length, useBias: false, activation: 'softmax' }),
    ],
  });
  const model = tf.sequential({ layers: [features, classifier] });
  // Like trained weights, these keep activations between the limits 0 and 6.
  model.setWeights(
    model.weights.map(({ name, val }, i) => {
      const seed = i + 1; // TensorFlow.js treats 0 as no seed
      if (/variance/.test(name)) return tf.randomUniform(val.shape, 0.5, 1.5, 'float32', seed);
      if (/gamma/.test(name)) return tf.randomUniform(val.shape, 0.8, 1.2, 'float32', seed);
      if (/beta|mean|bias/.test(name)) return tf.randomUniform(val.shape, -0.2, 0.2, 'float32', seed);
      const inputs = /depthwise/.test(name) ? 9 : val.size / val.shape.at(-1);
      // The last kernel has smaller values. With large sums, softmax would give one class for every picture.
      const deviation = Math.sqrt(2 / inputs) / (val.shape.at(-1) === labels.length ? 4 : 1);
      return tf.randomNormal(val.shape, 0, deviation, 'float32', seed);
    }),
  );
  return model;
}

/** Writes model.json, weights.bin and metadata.json, with `where` as the start of their paths. */
async function exportTo(where, model) {
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: [`${path.basename(where)}-weights.bin`], weights: weightSpecs }];
      await writeFile(`${where}-model.json`, JSON.stringify({ modelTopology, weightsManifest }));
      await writeFile(`${where}-weights.bin`, Buffer.from(weightData));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  await writeFile(
    `${where}-metadata.json`,
    JSON.stringify({
      tfjsVersion: '1.3.1',
      tmVersion: '2.4.5',
      packageName: '@teachablemachine/image',
      labels,
      imageSize: model.inputs[0].shape[1],
    }),
  );
}

/** Returns the RGBA pixels of two pictures: waves, and one colour. */
function draw(side) {
  const waves = new Uint8ClampedArray(side * side * 4);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++)
      waves.set([128 + 127 * Math.sin(x / 9), 128 + 127 * Math.cos(y / 7), (x * y) % 256, 255], 4 * (y * side + x));
  }
  const plain = Uint8ClampedArray.from(waves, (_, i) => [40, 160, 90, 255][i % 4]);
  return [waves, plain];
}

/** Returns the results of TensorFlow.js for a picture. Like capture() of @teachablemachine/image, it feeds pixels / 127 - 1. */
async function ask(model, data, side) {
  const values = Float32Array.from(
    { length: side * side * 3 },
    (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)] / 127 - 1,
  );
  const input = tf.tensor4d(values, [1, side, side, 3]);
  return {
    data,
    probabilities: await model.predict(input).data(),
    embedding: await model.layers[0].predict(input).data(),
  };
}

function cosine(a, b) {
  const dot = (u, v) => u.reduce((sum, each, i) => sum + each * v[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

for (const side of sides) {
  test(`a model that Teachable Machine exports gives the results of TensorFlow.js, ${side} x ${side} pixels`, async () => {
    const model = teachableMachine(side);
    const where = path.join(folder, String(side));
    await exportTo(where, model);
    const pictures = await Promise.all(draw(side).map((data) => ask(model, data, side)));
    // The test needs a network that gives different results for the two pictures.
    const [waves, plain] = pictures.map(({ probabilities }) => [...probabilities]);
    assert.ok(
      waves.some((each, i) => Math.abs(each - plain[i]) > 0.01),
      `${waves} and ${plain}`,
    );

    const classifier = await load({
      model: pathToFileURL(`${where}-model.json`),
      labels: pathToFileURL(`${where}-metadata.json`),
    });
    try {
      assert.equal(classifier.model.inputWidth, side);
      assert.equal(classifier.model.rangeSource, 'given');
      for (const { data, probabilities, embedding: wanted } of pictures) {
        const picture = { data, width: side, height: side };
        for (const { className, probability, classIndex } of await classifier.classify(picture, labels.length)) {
          assert.equal(className, labels[classIndex]);
          assert.ok(
            Math.abs(probability - probabilities[classIndex]) < 1e-3,
            `${className}: got ${probability}, expected ${probabilities[classIndex]}`,
          );
        }
        const embedding = await classifier.embed(picture);
        assert.equal(embedding.length, wanted.length);
        assert.ok(cosine(embedding, wanted) > 0.9999, `cosine similarity ${cosine(embedding, wanted)}`);
      }
    } finally {
      classifier.dispose();
    }
  });
}
