// Runs in the page. Measures the start of an engine, and the memory that it needs.

import { teach } from './neighbours.mjs';
import { openPictures } from './pictures.mjs';

const memories = new Set();

/** Notes every memory that a module makes from now on. Threads share the memory of the page. */
export function watchMemories() {
  const { Memory } = WebAssembly;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args) {
      const memory = Reflect.construct(target, args);
      memories.add(memory);
      return memory;
    },
  });
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const native = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const result = await native.apply(WebAssembly, args);
      for (const value of Object.values((result.instance ?? result).exports))
        if (value instanceof Memory) memories.add(value);
      return result;
    };
  }
}

let engine;
let first;

/** Loads an engine. @returns {Promise<number>} time from the call that loads the code to the first embedding, in ms */
export async function start({ engine: name, ...order }) {
  const pictures = await openPictures('tensor', order.side);
  const pixels = await pictures.next(0);
  const began = performance.now();
  engine = await (await import(`./${name}.mjs`)).open(order);
  first = await engine.embedReady(engine.ready(pixels));
  const time = performance.now() - began;
  if (!(first.length > 0)) throw new Error(`${name} returned no values.`);
  return time;
}

/** Teaches 1,000 examples, predicts, and returns the bytes of all memories of WebAssembly. */
export async function fill({ examples, predictions }) {
  const predict = await teach(engine, examples, first.length);
  const pictures = await openPictures('canvas');
  for (let i = 0; i < predictions; i++) await predict(await pictures.next(i));
  // The memory of a module in a worker of its own is not seen from the page.
  const inWorker = (await engine.classifier?.info())?.heapBytes ?? 0;
  return [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, inWorker);
}
