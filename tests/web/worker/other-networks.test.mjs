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
    ['elu', 'selu', 'softplus', 'tanh', 'gelu', 'gelu_new'].map((activation) => [
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

/** A frame of random pixels, and its values from -1 to 1 with the channels last. */
function frameOf(width, height) {
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? 255 : (i * 37 + (i >> 5) * 11) % 256,
  );
  const values = Float32Array.from(
    { length: width * height * 3 },
    (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)] / 127.5 - 1,
  );
  return { frame: { data, width, height }, input: tf.tensor4d(values, [1, height, width, 3]) };
}

const largestDifference = (got, wanted) => Math.max(...got.map((value, i) => Math.abs(value - wanted[i])));

/** Returns the probabilities in the order of the classes. */
async function probabilities(classifier, frame) {
  const classes = await classifier.classify(frame, classifier.model.classCount);
  return classes.sort((a, b) => a.classIndex - b.classIndex).map(({ probability }) => probability);
}

const preprocess = { range: [-1, 1] };

/** Builds a network with channels first or last. Its weights have the same shapes in both orders. */
function orderedNetwork(dataFormat) {
  const isFirst = dataFormat === 'channelsFirst';
  const format = { dataFormat };
  const axis = isFirst ? 1 : 3;
  const normalizeMap = (x) => layers.batchNormalization({ epsilon: 0.001, axis }).apply(x);
  const input = tf.input({ shape: isFirst ? [3, 32, 48] : [32, 48, 3] });
  const padding = [
    [0, 1],
    [1, 2],
  ];
  const padded = layers.zeroPadding2d({ ...format, padding }).apply(input);
  let x = normalizeMap(conv(padded, 8, { ...format, kernelSize: 3, strides: 2, padding: 'valid' }));
  x = layers.reLU({}).apply(x);
  const wide = normalizeMap(depthwise(x, { ...format, strides: 2, depthMultiplier: 2 }));
  const pooled = layers.maxPooling2d({ ...format, poolSize: 2, padding: 'same' }).apply(x);
  x = layers.concatenate({ axis }).apply([wide, pooled]);
  // Squeeze-and-excite.
  const mean = layers.globalAveragePooling2d(format).apply(x);
  const vector = layers.reshape({ targetShape: isFirst ? [24, 1, 1] : [1, 1, 24] }).apply(mean);
  x = layers.multiply().apply([x, conv(vector, 24, { ...format, activation: 'sigmoid' })]);
  const flat = layers.flatten(format).apply(layers.averagePooling2d({ ...format, poolSize: 4 }).apply(x));
  return tf.model({ inputs: input, outputs: layers.dense({ units: 3, activation: 'softmax' }).apply(flat) });
}

// The CPU backend of TensorFlow.js normalizes maps with channels first wrongly, so its network has them last.
test('a layers-model with channels first gives the results of TensorFlow.js with channels last', async () => {
  const model = withWeights(orderedNetwork('channelsLast'));
  const turned = orderedNetwork('channelsFirst');
  turned.setWeights(model.getWeights());
  const { frame, input } = frameOf(48, 32);
  const wanted = await model.predict(input).data();
  const classifier = await load({ model: await sourceOf(turned), preprocess, threads: 1 });
  try {
    assert.deepEqual([classifier.model.inputWidth, classifier.model.inputHeight], [48, 32]);
    assert.ok(largestDifference(await probabilities(classifier, frame), wanted) < 1e-5);
  } finally {
    classifier.dispose();
  }
});

test('a graph-model with channels first gives the results of TensorFlow.js with channels last', async () => {
  const random = (shape, seed) => tf.randomNormal(shape, 0, 0.5, 'float32', seed);
  const weights = {
    filter: random([3, 3, 3, 8], 1),
    bias: random([8], 2),
    scale: random([1, 8, 1, 1], 3),
    matrix: random([8, 3], 4),
    axes: tf.tensor1d([2, 3], 'int32'),
  };
  const list = (...values) => ({ list: { i: values.map(String) } });
  const text = (value) => ({ s: Buffer.from(value).toString('base64') });
  const dims = [-1, 3, 32, 48].map((size) => ({ size: String(size) }));
  const node = [
    { name: 'in', op: 'Placeholder', attr: { shape: { shape: { dim: dims } }, dtype: { type: 'DT_FLOAT' } } },
    ...Object.keys(weights).map((name) => ({ name, op: 'Const', attr: {} })),
    {
      name: 'conv',
      op: '_FusedConv2D',
      input: ['in', 'filter', 'bias'],
      attr: {
        data_format: text('NCHW'),
        strides: list(1, 1, 2, 2),
        dilations: list(1, 1, 1, 1),
        padding: text('SAME'),
        fused_ops: { list: { s: [text('BiasAdd').s, text('Relu').s] } },
      },
    },
    { name: 'scaled', op: 'Mul', input: ['conv', 'scale'], attr: {} },
    { name: 'mean', op: 'Mean', input: ['scaled', 'axes'], attr: { keep_dims: { b: false } } },
    { name: 'logits', op: 'MatMul', input: ['mean', 'matrix'], attr: {} },
    { name: 'scores', op: 'Softmax', input: ['logits'], attr: {} },
  ];
  const data = Object.values(weights).map((weight) => new Uint8Array(weight.dataSync().buffer));
  const manifest = Object.entries(weights).map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
  const json = { modelTopology: { node }, weightsManifest: [{ paths: ['weights.bin'], weights: manifest }] };
  const source = { bytes: new TextEncoder().encode(JSON.stringify(json)), weights: Buffer.concat(data) };
  const { frame, input } = frameOf(48, 32);
  const { filter, bias, scale, matrix } = weights;
  const map = tf.mul(tf.relu(tf.add(tf.conv2d(input, filter, 2, 'same'), bias)), tf.reshape(scale, [1, 1, 1, 8]));
  const wanted = await tf.softmax(tf.matMul(tf.mean(map, [1, 2]), matrix)).data();
  const classifier = await load({ model: source, preprocess, threads: 1 });
  try {
    assert.ok(largestDifference(await probabilities(classifier, frame), wanted) < 1e-5);
  } finally {
    classifier.dispose();
  }
});

test('the option output chooses one of several outputs of a model.json, which give the results of TensorFlow.js', async () => {
  const input = tf.input({ shape: [32, 48, 3] });
  const x = layers.globalAveragePooling2d({}).apply(conv(input, 8, { kernelSize: 3, strides: 2, activation: 'relu' }));
  const kinds = layers.dense({ units: 4, activation: 'softmax', name: 'kinds' }).apply(x);
  const many = layers.dense({ units: 2, activation: 'sigmoid', name: 'many' }).apply(x);
  const numbers = layers.dense({ units: 5, name: 'numbers' }).apply(x);
  const model = withWeights(tf.model({ inputs: input, outputs: [many, kinds, numbers] }));
  const source = await sourceOf(model);
  const { frame, input: pixels } = frameOf(48, 32);
  const wanted = model.predict(pixels).map((each) => each.dataSync());
  const ids = new Set();
  for (const [output, index] of [
    [undefined, 1],
    ['kinds', 1],
    ['many', 0],
    [0, 0],
    [2, 2],
  ]) {
    const classifier = await load({ model: source, preprocess, output, threads: 1 });
    try {
      assert.deepEqual(classifier.model.outputs, ['many', 'kinds', 'numbers']);
      assert.equal(classifier.model.outputIndex, index);
      assert.equal(classifier.model.classCount, wanted[index].length);
      const expected = index === 2 ? tf.softmax(tf.tensor1d(wanted[2])).dataSync() : wanted[index];
      assert.ok(largestDifference(await probabilities(classifier, frame), expected) < 1e-5);
      await classifier.addExample(frame, 'a');
      ids.add(await (await classifier.saveDataset()).text());
    } finally {
      classifier.dispose();
    }
  }
  // Data sets of different outputs don't mix.
  assert.equal(ids.size, 5);
  await assert.rejects(load({ model: source, output: 'nothing' }), {
    code: 'bad-argument',
    message: /output: got 'nothing'.* 0 'many', 1 'kinds', 2 'numbers'\./,
  });
  const { convertModel } = await import(pathToFileURL(path.join(root, 'web/dist/convert.js')).href);
  const converted = await convertModel(source, { output: 'many' });
  assert.deepEqual([converted.outputs, converted.outputIndex], [['many', 'kinds', 'numbers'], 0]);
  const classifier = await load({ model: { bytes: converted.tflite }, preprocess, threads: 1 });
  try {
    assert.equal(classifier.model.outputs.length, 1);
    assert.ok(largestDifference(await probabilities(classifier, frame), wanted[0]) < 1e-5);
  } finally {
    classifier.dispose();
  }
});

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
