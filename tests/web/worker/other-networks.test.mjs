// Networks beside MobileNet that need nothing but its operators and some activations: EfficientNet-Lite, EfficientNet-B0, and layers of
// other networks. TensorFlow.js writes the files and gives the expected results.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { root } from '../support/data.mjs';

const { load } = await import(pathToFileURL(path.join(root, 'web/dist/index.js')).href);
const { layers } = tf;

const conv = (x, filters, settings = {}) =>
  layers.conv2d({ filters, kernelSize: 1, padding: 'same', useBias: false, ...settings }).apply(x);
const depthwise = (x, settings) =>
  layers.depthwiseConv2d({ kernelSize: 5, padding: 'same', useBias: false, ...settings }).apply(x);
const normalize = (x) => layers.batchNormalization({ epsilon: 0.001 }).apply(x);

/** Scales the channels of a map by gates, as EfficientNet does. */
function squeezeAndExcite(x, squeezed) {
  const channels = x.shape[3];
  const pooled = layers.reshape({ targetShape: [1, 1, channels] }).apply(layers.globalAveragePooling2d({}).apply(x));
  const reduced = conv(pooled, squeezed, { useBias: true, activation: 'swish' });
  return layers.multiply().apply([x, conv(reduced, channels, { useBias: true, activation: 'sigmoid' })]);
}

/** Ends a network with pooling and a classifier. */
function classified(input, x) {
  const scores = layers.dense({ units: 3, activation: 'softmax' }).apply(layers.globalAveragePooling2d({}).apply(x));
  return tf.model({ inputs: input, outputs: scores });
}

/** Blocks with 5 x 5 windows and a residual sum. `activate` is their activation, `gate` comes before the last convolution. */
function efficientNet(input, activate, gate = (x) => x) {
  let x = activate(normalize(conv(input, 8, { kernelSize: 3, strides: 2 })));
  for (const strides of [2, 1]) {
    const before = x;
    x = activate(normalize(conv(x, 24)));
    x = gate(activate(normalize(depthwise(x, { strides }))));
    x = normalize(conv(x, 8));
    if (strides === 1) x = layers.add().apply([before, x]);
  }
  return classified(input, activate(normalize(conv(x, 16))));
}

const swish = (x) => layers.activation({ activation: 'swish' }).apply(x);
const kinds = {
  'EfficientNet-Lite': (input) => efficientNet(input, (x) => layers.reLU({ maxValue: 6 }).apply(x)),
  'EfficientNet-B0': (input) => efficientNet(input, swish, (x) => squeezeAndExcite(x, 2)),
  ...Object.fromEntries(
    ['elu', 'selu', 'softplus', 'tanh', 'gelu'].map((activation) => [
      activation,
      (input) => classified(input, conv(conv(input, 8, { kernelSize: 3, strides: 2, activation }), 8, { activation })),
    ]),
  ),
  ELU: (input) => classified(input, layers.elu({}).apply(conv(input, 8, { kernelSize: 3 }))),
  LeakyReLU: (input) => classified(input, layers.leakyReLU({ alpha: 0.1 }).apply(conv(input, 8, { kernelSize: 3 }))),
};

/** Gives a network random weights. */
function withWeights(model) {
  model.setWeights(
    model.weights.map(({ name, val }, i) => {
      if (/variance|gamma/.test(name)) return tf.randomUniform(val.shape, 0.5, 1.5, 'float32', i + 1);
      if (/beta|mean|bias/.test(name)) return tf.randomUniform(val.shape, -0.3, 0.3, 'float32', i + 1);
      const inputs = /depthwise/.test(name) ? 25 : val.size / val.shape.at(-1);
      return tf.randomNormal(val.shape, 0, Math.sqrt(2 / inputs), 'float32', i + 1);
    }),
  );
  return model;
}

/** Returns the source of a model for load(). */
async function sourceOf(model) {
  let source;
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const json = { modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] };
      source = { bytes: new TextEncoder().encode(JSON.stringify(json)), weights: new Uint8Array(weightData) };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return source;
}

for (const [kind, build] of Object.entries(kinds)) {
  test(`${kind} gives the results of TensorFlow.js, with an input of any size`, async () => {
    const model = withWeights(build(tf.input({ shape: [null, null, 3] })));
    const source = await sourceOf(model);
    const [width, height] = [48, 32];
    const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (i * 37 + (i >> 5) * 11) % 256,
    );
    const values = Float32Array.from(
      { length: width * height * 3 },
      (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)] / 127.5 - 1,
    );
    const input = tf.tensor4d(values, [1, height, width, 3]);
    const wanted = await model.predict(input).data();
    const preprocess = { width, height, range: [-1, 1] };
    const classifier = await load({ model: source, preprocess, threads: 1 });
    try {
      assert.deepEqual([classifier.model.inputWidth, classifier.model.inputHeight], [width, height]);
      assert.deepEqual(classifier.model.warnings, []);
      const got = await classifier.classify({ data, width, height }, 3);
      for (const { classIndex, probability } of got)
        assert.ok(
          Math.abs(probability - wanted[classIndex]) < 1e-4,
          `class ${classIndex}: got ${probability}, expected ${wanted[classIndex]}`,
        );
    } finally {
      classifier.dispose();
    }
    for (const wrong of [0, 1.5, '32', 20_000])
      await assert.rejects(load({ model: source, preprocess: { width: wrong } }), { code: 'bad-argument' });
  });
}

test('a network of any size gets 224 x 224 pixels and says so', async () => {
  const model = withWeights(kinds['EfficientNet-Lite'](tf.input({ shape: [null, null, 3] })));
  const classifier = await load({ model: await sourceOf(model), preprocess: { range: [-1, 1] }, threads: 1 });
  try {
    assert.deepEqual([classifier.model.inputWidth, classifier.model.inputHeight], [224, 224]);
    assert.match(classifier.model.warnings.join(' '), /pictures of any size\. Its input has 224 x 224 pixels/);
  } finally {
    classifier.dispose();
  }
});
