// Writes the layers models beside this file, and the results of TensorFlow.js for them. Run it with
// `node make.mjs`; it needs `@tensorflow/tfjs` 4.22. Each folder gets model.json, weights.bin and
// expected.json.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import * as tf from '@tensorflow/tfjs';

const folder = path.dirname(fileURLToPath(import.meta.url));
const { layers } = tf;

let state = 1;
/** Park and Miller's generator with a fixed seed, so that the files are the same each time. */
function random(low, high) {
  state = (state * 48271) % 2147483647;
  return low + (state / 2147483647) * (high - low);
}

/** Sets random weights like those of a trained network: no zeros, no ones, variances above 0. */
function randomize(model) {
  model.setWeights(
    model.weights.map((weight) => {
      const [low, high] = /variance/.test(weight.name) ? [0.3, 2] : [-0.6, 0.7];
      return tf.tensor(
        Array.from({ length: weight.val.size }, () => random(low, high)),
        weight.shape,
      );
    }),
  );
  return model;
}

/** Makes a model like Teachable Machine's exports: nested models, and a classifier with a hidden layer. */
function makeNested() {
  const input = tf.input({ shape: [9, 7, 3], name: 'input_1' });
  let x = layers
    .zeroPadding2d({
      padding: [
        [0, 1],
        [0, 1],
      ],
      name: 'Conv1_pad',
    })
    .apply(input);
  x = layers
    .conv2d({ filters: 4, kernelSize: 3, strides: 2, useBias: false, name: 'Conv1' })
    .apply(x);
  x = layers.batchNormalization({ epsilon: 0.001, name: 'bn_Conv1' }).apply(x);
  x = layers.reLU({ maxValue: 6, name: 'Conv1_relu' }).apply(x);
  x = layers
    .depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false, name: 'dw' })
    .apply(x);
  x = layers.batchNormalization({ name: 'dw_BN' }).apply(x);
  x = layers.activation({ activation: 'relu', name: 'dw_relu' }).apply(x);
  const mobilenet = tf.model({ inputs: input, outputs: x, name: 'model1' });
  const features = tf.sequential({
    layers: [mobilenet, layers.globalAveragePooling2d({ name: 'pool' })],
  });
  const classifier = tf.sequential({
    layers: [
      layers.dense({ units: 5, activation: 'relu', inputShape: [4], name: 'dense_1' }),
      layers.dense({ units: 3, activation: 'softmax', useBias: false, name: 'dense_2' }),
    ],
  });
  return randomize(tf.sequential({ layers: [features, classifier] }));
}

/** Makes a model with the layer settings that the nested model does not have. */
function makeFunctional() {
  const input = tf.input({ shape: [10, 12, 3], name: 'picture' });
  let x = layers
    .conv2d({
      filters: 4,
      kernelSize: [3, 2],
      strides: [1, 2],
      padding: 'same',
      activation: 'relu',
      name: 'stem',
    })
    .apply(input);
  x = layers
    .conv2d({
      filters: 4,
      kernelSize: 3,
      dilationRate: 2,
      padding: 'same',
      useBias: false,
      name: 'far',
    })
    .apply(x);
  // No dilation here: unlike Keras, TensorFlow.js ignores the dilation of this layer.
  x = layers
    .depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', name: 'wide' })
    .apply(x);
  const plain = layers
    .batchNormalization({ scale: false, center: false, axis: -1, name: 'plain' })
    .apply(x);
  const shared = layers.conv2d({ filters: 8, kernelSize: 1, name: 'shared' });
  const sum = layers.add({ name: 'sum' }).apply([x, shared.apply(plain), shared.apply(x)]);
  let y = layers
    .averagePooling2d({ poolSize: 3, strides: 2, padding: 'same', name: 'average' })
    .apply(sum);
  y = layers.zeroPadding2d({ padding: 1, name: 'frame' }).apply(y);
  y = layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, name: 'narrow' }).apply(y);
  y = layers.averagePooling2d({ poolSize: [3, 2], name: 'all' }).apply(y);
  y = layers.dropout({ rate: 0.5, name: 'drop' }).apply(y);
  y = layers.flatten({ name: 'flat' }).apply(y);
  y = layers.dense({ units: 6, name: 'head' }).apply(y);
  y = layers.reshape({ targetShape: [2, -1], name: 'pairs' }).apply(y);
  y = layers.reshape({ targetShape: [6], name: 'row' }).apply(y);
  y = layers.softmax({ name: 'probabilities' }).apply(y);
  return randomize(tf.model({ inputs: input, outputs: y }));
}

/** Quantizes the weights like tensorflowjs_converter, with a different type for each in turn. */
function quantize(artifacts) {
  const kinds = ['uint8', 'uint16', 'float16', undefined];
  const chunks = [];
  let at = 0;
  const specs = artifacts.weightSpecs.map((spec, i) => {
    const count = tf.util.sizeFromShape(spec.shape);
    const values = new Float32Array(artifacts.weightData.slice(at, at + 4 * count));
    at += 4 * count;
    const dtype = kinds[i % kinds.length];
    if (!dtype) {
      chunks.push(Buffer.from(values.buffer));
      return spec;
    }
    if (dtype === 'float16') {
      chunks.push(Buffer.from(Uint16Array.from(values, toHalf).buffer));
      return { ...spec, quantization: { dtype } };
    }
    const min = Math.min(...values);
    const steps = dtype === 'uint8' ? 255 : 65535;
    const scale = (Math.max(...values) - min) / steps || 1;
    const ArrayType = dtype === 'uint8' ? Uint8Array : Uint16Array;
    chunks.push(Buffer.from(ArrayType.from(values, (v) => Math.round((v - min) / scale)).buffer));
    return { ...spec, quantization: { dtype, scale, min, original_dtype: 'float32' } };
  });
  const weightData = new Uint8Array(Buffer.concat(chunks)).buffer;
  return { ...artifacts, weightSpecs: specs, weightData };
}

/** Converts to float16, rounding towards zero. The values here are far from its limits. */
function toHalf(value) {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0];
  const exponent = ((bits >> 23) & 0xff) - 112;
  return ((bits >> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((bits >> 13) & 0x3ff));
}

/** Loads a model with its weights decoded to floats, like the loader of tf.io. */
async function load(artifacts) {
  const weights = tf.io.decodeWeights(artifacts.weightData, artifacts.weightSpecs);
  const specs = artifacts.weightSpecs.map(({ quantization, ...spec }) => spec);
  const floats = Buffer.concat(
    specs.map((spec) => Buffer.from(weights[spec.name].dataSync().slice().buffer)),
  );
  const weightData = new Uint8Array(floats).buffer;
  return tf.loadLayersModel(tf.io.fromMemory({ ...artifacts, weightSpecs: specs, weightData }));
}

async function write(name, model, change = (artifacts) => artifacts) {
  let artifacts;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = change(saved);
      return { modelArtifactsInfo: {} };
    }),
  );
  const loaded = await load(artifacts);
  const shape = [1, ...loaded.inputs[0].shape.slice(1)];
  const input = Array.from({ length: tf.util.sizeFromShape(shape) }, () =>
    Math.fround(random(-1, 1)),
  );
  const output = Array.from(loaded.predict(tf.tensor(input, shape)).dataSync());
  const target = path.join(folder, name);
  await mkdir(target, { recursive: true });
  const weightsManifest = [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }];
  const { modelTopology, format, generatedBy } = artifacts;
  await writeFile(
    path.join(target, 'model.json'),
    JSON.stringify({ format, generatedBy, modelTopology, weightsManifest }),
  );
  await writeFile(path.join(target, 'weights.bin'), Buffer.from(artifacts.weightData));
  await writeFile(path.join(target, 'expected.json'), JSON.stringify({ input, output }));
  console.log(name, artifacts.weightData.byteLength, output);
}

await write('nested', makeNested());
await write('functional', makeFunctional());
await write('quantized', makeFunctional(), quantize);
