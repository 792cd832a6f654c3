// Runs in the page. @tensorflow-models/mobilenet on the WebAssembly backend of TensorFlow.js.

export async function open({ network, threads }) {
  const { tf, backend, mobilenet } = await import('/bundles/tfjs.js');
  if (threads > 1) backend.setThreadsCount(threads);
  else tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  backend.setWasmPaths('/bundles/');
  // It uses half of the processors at most, so on two processors it would use one thread, whatever is asked for.
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads, configurable: true });
  await tf.setBackend('wasm');
  delete navigator.hardwareConcurrency;
  const count = backend.getThreadsCount();
  if (count !== threads) throw new Error(`TensorFlow.js runs ${count} threads, not ${threads}.`);
  const model = await mobilenet.load({
    version: network.startsWith('v1') ? 1 : 2,
    alpha: 1,
    modelUrl: `/networks/${network}/model.json`,
    inputRange: [-1, 1],
  });
  async function run(image) {
    const embedding = model.infer(image, true);
    const values = await embedding.data();
    embedding.dispose();
    return values;
  }
  return {
    ready: (pixels) => tf.browser.fromPixels(pixels),
    embedReady: run,
    async embed(picture) {
      if (!(picture instanceof Blob)) return run(picture);
      const bitmap = await createImageBitmap(picture);
      const values = await run(bitmap);
      bitmap.close();
      return values;
    },
    release: (tensor) => tensor.dispose(),
  };
}
