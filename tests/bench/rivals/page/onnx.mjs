// Runs in the page. onnxruntime-web on its WebAssembly backend.

import * as ort from '/rivals/onnxruntime-web/dist/ort.wasm.min.mjs';
import { inputOf } from './to-input.mjs';

export async function open({ network, type, side, threads }) {
  ort.env.wasm.wasmPaths = '/rivals/onnxruntime-web/dist/';
  ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(`/networks/${network}.onnx`, { executionProviders: ['wasm'] });
  const input = inputOf({ side, type, order: 'channels-first' });
  async function run(values) {
    const { embedding } = await session.run({ input: new ort.Tensor(type, values, [1, 3, side, side]) });
    return embedding.data;
  }
  return { ready: input.ready, embedReady: run, embed: async (picture) => run(await input.of(picture)) };
}
