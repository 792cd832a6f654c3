// Runs in the page. LiteRT.js.

import { loadAndCompile, loadLiteRt, Tensor } from '/node_modules/@litertjs/core/dist/index.js';
import { inputOf } from './to-input.mjs';

const folder = '/node_modules/@litertjs/core/wasm/';

export async function open({ network, type, side, threads, simd }) {
  if (simd === 'relaxed') await loadLiteRt(folder, { threads: threads > 1 });
  else await loadLiteRt(`${folder}litert_wasm_compat_internal.js`);
  const compiled = await loadAndCompile(`/networks/${network}.tflite`, {
    accelerator: 'wasm',
    cpuOptions: { numThreads: threads },
  });
  const input = inputOf({ side, type });
  async function run(values) {
    const tensor = new Tensor(values, [1, side, side, 3]);
    const [output] = await compiled.run(tensor);
    const embedding = await output.data();
    tensor.delete();
    output.delete();
    return embedding;
  }
  return { ready: input.ready, embedReady: run, embed: async (picture) => run(await input.of(picture)) };
}
