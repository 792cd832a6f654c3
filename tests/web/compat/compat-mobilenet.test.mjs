// Tests compat/mobilenet with the real module in Node. The cases are those that the original publishes for its interface. TensorFlow.js
// makes a small network, runs it for comparison, and passes it on in the form that the original takes.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import * as original from '@tensorflow-models/mobilenet';
import { root } from '../support/data.mjs';

const { load, version } = await import(pathToFileURL(path.join(root, 'web/dist/compat/mobilenet.js')).href);
const { layers } = tf;
const side = 20;
const width = 6;

let theirs;
let ours;

/** Returns a TensorFlow.js I/O handler that loads the model from memory. */
async function handlerOf(model) {
  let artifacts;
  await model.save(
    tf.io.withSaveHandler(async (all) => {
      artifacts = all;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return { load: async () => artifacts };
}

before(async () => {
  await tf.setBackend('cpu');
  const seeded = (seed, limit) => tf.initializers.randomUniform({ minval: -limit, maxval: limit, seed });
  theirs = tf.sequential({
    layers: [
      layers.conv2d({
        inputShape: [side, side, 3],
        filters: width,
        kernelSize: 3,
        strides: 2,
        kernelInitializer: seeded(1, 0.5),
        biasInitializer: seeded(2, 0.5),
      }),
      layers.reLU({ maxValue: 6 }),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 1001, kernelInitializer: seeded(3, 3), biasInitializer: seeded(4, 1) }),
    ],
  });
  ours = await load({ version: 2, alpha: 1, modelUrl: await handlerOf(theirs) });
});
after(() => ours.dispose());

/** Returns random pictures [count, side, side, 3] with values from 0 to 255. */
const pictures = (count) => tf.randomUniform([count, side, side, 3], 0, 255, 'float32', 7).round();

/** Returns the original's results: the logits without the background class, and the input of the last layer. */
function expected(batch) {
  const input = batch.div(127.5).sub(1);
  const logits = theirs.predict(input).slice([0, 1], [-1, 1000]);
  const features = theirs.layers.slice(0, 3).reduce((x, layer) => layer.apply(x), input);
  return { logits, features };
}

function assertNear(got, wanted) {
  assert.deepEqual(got.shape, wanted.shape);
  const values = wanted.dataSync();
  got
    .dataSync()
    .forEach((value, i) => assert.ok(Math.abs(value - values[i]) < 1e-3, `${i}: got ${value}, wanted ${values[i]}`));
}

test('returns a row of logits for each picture of a batch', () => {
  const batch = pictures(3);
  const { logits } = expected(batch);
  assert.deepEqual(logits.shape, [3, 1000]);
  assertNear(ours.infer(batch), logits);
});

test('returns an embedding for each picture of a batch', () => {
  const batch = pictures(3);
  const { features } = expected(batch);
  assert.deepEqual(features.shape, [3, width]);
  assertNear(ours.infer(batch, true), features);
});

test('one picture without a batch dimension is a batch of one', () => {
  const batch = pictures(1);
  assertNear(ours.infer(batch.squeeze([0])), expected(batch).logits);
});

test('classify() returns the best classes of one picture, three by default', async () => {
  const batch = pictures(1);
  const probabilities = expected(batch).logits.softmax().dataSync();
  const best = Array.from(probabilities, (_, i) => i).sort((a, b) => probabilities[b] - probabilities[a]);
  for (const topk of [undefined, 1, 5, 1000]) {
    const classes = await ours.classify(batch.squeeze([0]), topk);
    assert.equal(classes.length, topk ?? 3);
    classes.slice(0, 5).forEach(({ className, probability }, i) => {
      assert.equal(typeof className, 'string');
      assert.ok(
        Math.abs(probability - probabilities[best[i]]) < 1e-4,
        `${className}: got ${probability}, wanted ${probabilities[best[i]]}`,
      );
    });
  }
  await assert.rejects(ours.classify(pictures(2)), { code: 'bad-argument' });
});

test('infer() and classify() leak no tensors', async () => {
  const batch = pictures(2);
  const one = pictures(1).squeeze([0]);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 5; i++) {
    ours.infer(batch);
    ours.infer(batch, true);
    await ours.classify(one);
  }
  assert.equal(tf.memory().numTensors, before);
});

/** Returns the message with which a load function rejects, or undefined if it resolves. */
const refusal = (ofLoad, config) =>
  ofLoad(config).then(
    () => undefined,
    ({ message }) => message,
  );

test('unknown versions and alphas are refused with the messages of the original', async () => {
  assert.equal(version, original.version);
  for (const config of [
    { version: 3, alpha: 1 },
    { version: 0, alpha: 1 },
    { version: 1.5, alpha: 1 },
    { version: 2, alpha: 0.25 },
    { version: 1, alpha: 0.3 },
    { version: 1, alpha: 2 },
    { version: 2, alpha: NaN },
  ]) {
    const theirs = await refusal(original.load, config);
    assert.match(theirs, /^(Invalid version|MobileNet constructed)/, JSON.stringify(config));
    assert.equal(await refusal(load, config), theirs, JSON.stringify(config));
    await assert.rejects(load(config), { name: 'ClassifierError', code: 'bad-argument' });
  }
});

test('inputs on which the original fails either load or give a clear error', async () => {
  for (const config of [{}, { version: 1 }, { version: '1', alpha: 1 }])
    assert.ok(await refusal(original.load, config), JSON.stringify(config));
  assert.match(await refusal(load, { version: '1', alpha: 1 }), /^Invalid version of MobileNet/);
});

test('the packaged version runs whatever version is requested, with a warning', async (t) => {
  const warnings = [];
  t.mock.method(console, 'warn', (text) => warnings.push(text));
  const sizes = new Set();
  for (const config of [undefined, {}, { version: 2 }, { version: 2, alpha: 1 }, { alpha: 1 }]) {
    const network = await load(config);
    sizes.add(network.infer({ data: new Uint8Array(4), width: 1, height: 1 }, true).shape[1]);
    network.dispose();
  }
  assert.deepEqual(warnings, []);
  for (const [config, name] of [
    [{ version: 1, alpha: 1 }, 'v1 1'],
    [{ version: 1 }, 'v1 1'],
    [{ version: 1, alpha: 0.25 }, 'v1 0.25'],
    [{ version: 2, alpha: 0.5 }, 'v2 0.5'],
    [{ alpha: 0.5 }, 'v2 0.5'],
  ]) {
    const network = await load(config);
    sizes.add(network.infer({ data: new Uint8Array(4), width: 1, height: 1 }, true).shape[1]);
    network.dispose();
    assert.equal(warnings.length, 1, JSON.stringify(config));
    assert.match(warnings.pop(), new RegExp(`MobileNet ${name} was requested; v2 1, .* runs instead\\. .*'modelUrl'`));
  }
  assert.deepEqual([...sizes], [1280]);
});

test('a load reports progress, and aborting it does not affect other loads', async () => {
  const phases = new Set();
  const network = await load({ onProgress: ({ phase }) => phases.add(phase) });
  assert.ok(phases.has('model') && phases.has('start'), [...phases].join());
  await assert.rejects(load({ signal: AbortSignal.abort() }), { code: 'aborted' });
  const abort = new AbortController();
  // The first load with this wasmUrl starts the module, and the second load waits for the same module.
  const wasmUrl = pathToFileURL(path.join(root, 'web/dist/wasm/'));
  const [ended, other] = [load({ wasmUrl, signal: abort.signal }), load({ wasmUrl })];
  abort.abort();
  await assert.rejects(ended, { code: 'aborted' });
  (await other).dispose();
  const slow = new AbortController();
  const handler = { load: () => new Promise(() => slow.abort()) };
  await assert.rejects(load({ modelUrl: handler, signal: slow.signal }), { code: 'aborted' });
  network.dispose();
});
