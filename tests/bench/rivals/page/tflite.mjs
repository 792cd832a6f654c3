// Runs in the page. TensorFlow Lite in TensorFlow.js.

import { inputOf } from './to-input.mjs';

export async function open({ network, type, side, threads }) {
  const { tf, tflite } = await import('/bundles/tfjs-tflite.js');
  await tf.setBackend('cpu');
  tflite.setWasmPath('/rivals/@tensorflow/tfjs-tflite/wasm/');
  const model = await tflite.loadTFLiteModel(`/networks/${network}.tflite`, { numThreads: threads });
  const input = inputOf({ side, type });
  const toTensor = (values) =>
    type === 'uint8'
      ? tf.tensor(Int32Array.from(values), [1, side, side, 3], 'int32')
      : tf.tensor(values, [1, side, side, 3], 'float32');
  async function run(tensor) {
    const output = model.predict(tensor);
    const values = await output.data();
    output.dispose();
    return values;
  }
  return {
    ready: (pixels) => toTensor(input.ready(pixels)),
    embedReady: run,
    async embed(picture) {
      const tensor = toTensor(await input.of(picture));
      const values = await run(tensor);
      tensor.dispose();
      return values;
    },
    release: (tensor) => tensor.dispose(),
  };
}
