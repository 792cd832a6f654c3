// Tests the built converter module in Node with intact and damaged TensorFlow.js models.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';

const { loadConverter } = await importTs('worker/tfjs-converter.ts');
const convert = await loadConverter({ wasmUrl: pathToFileURL(path.join(root, 'web/dist/wasm/')) });
const read = (folder) =>
  Promise.all(['model.json', 'weights.bin'].map((name) => readFile(path.join(root, 'tests/data/tfjs', folder, name))));
const encode = (json) => new TextEncoder().encode(JSON.stringify(json));

for (const folder of ['functional', 'nested', 'quantized']) {
  test(`${folder}: converts to the same .tflite file each time`, async () => {
    const { tflite, format } = await convert(...(await read(folder)));
    assert.equal(new TextDecoder().decode(tflite.subarray(4, 8)), 'TFL3');
    assert.equal(format, 'tfjs-layers');
    assert.deepEqual((await convert(...(await read(folder)))).tflite, tflite);
  });
}

test('converts a model that needs far more memory than the module starts with', async () => {
  const conv = (name, filters) => ({
    class_name: 'Conv2D',
    config: {
      name,
      filters,
      kernel_size: [1, 1],
      use_bias: false,
      ...(name === 'a' ? { batch_input_shape: [null, 8, 8, 3] } : {}),
    },
  });
  const weight = (name, shape) => ({ name: `${name}/kernel`, shape, dtype: 'float32' });
  const manifest = [{ paths: ['w'], weights: [weight('a', [1, 1, 3, 2048]), weight('b', [1, 1, 2048, 2048])] }];
  const model = {
    modelTopology: { class_name: 'Sequential', config: { name: 's', layers: [conv('a', 2048), conv('b', 2048)] } },
    weightsManifest: manifest,
  };
  const weights = new Float32Array(3 * 2048 + 2048 * 2048).map((_, i) => i % 251);
  const { tflite } = await convert(encode(model), new Uint8Array(weights.buffer));
  assert.ok(
    tflite.byteLength > weights.byteLength && tflite.byteLength < weights.byteLength + 10_000,
    `${tflite.byteLength} bytes`,
  );
});

test('errors keep their code and name the location', async () => {
  const [json, weights] = await read('functional');
  const lstm = {
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 's',
        layers: [{ class_name: 'LSTM', config: { name: 'memory', batch_input_shape: [null, 8, 8, 3] } }],
      },
    },
    weightsManifest: [],
  };
  await assert.rejects(convert(encode(lstm), new Uint8Array()), { code: 'unsupported-op', message: /LSTM/ });
  await assert.rejects(convert(json.subarray(0, 500), weights), { code: 'bad-model', message: /damaged or cut off/ });
  await assert.rejects(convert(json, weights.subarray(4)), { code: 'bad-model' });
  await assert.rejects(convert(new Uint8Array(), new Uint8Array()), { code: 'bad-model' });
  await assert.rejects(convert(new TextEncoder().encode('[['.repeat(1 << 20)), weights), { code: 'bad-model' });
});

test('the module imports only the memory notification', async () => {
  const module = await WebAssembly.compile(await readFile(path.join(root, 'web/dist/wasm/tfjs/converter.wasm')));
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: 'env', name: 'emscripten_notify_memory_growth', kind: 'function' },
  ]);
});
