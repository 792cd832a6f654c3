// Runs in the page. Opens one engine, and measures batches of calls.

import { teach } from './neighbours.mjs';
import { openPictures } from './pictures.mjs';

let engine;
let predict;
const pictures = {};
let seed = 0;

/** Number of taught examples in the path 'predict': from a canvas to a prediction. */
const examples = 1000;

/**
 * Loads an engine and runs it until it is warm.
 * @param {{engine: string, network: string, type: 'uint8' | 'float32', side: number, threads: number, simd: string, paths: string[]}} order
 * @returns {Promise<{embedding: number[], missing: Record<string, string>}>} `embedding`: that of a picture, on which all engines must
 * agree. `missing`: paths that this browser does not have, with the reason.
 */
export async function open({ engine: name, paths, ...order }) {
  engine = await (await import(`./${name}.mjs`)).open(order);
  const missing = {};
  for (const path of paths)
    try {
      pictures[path] = await openPictures(path === 'predict' ? 'canvas' : path, order.side);
    } catch (error) {
      missing[path] = String(error);
    }
  const pixels = await (await openPictures('tensor', order.side)).next(1);
  const input = engine.ready(pixels);
  const start = performance.now();
  let embedding;
  // Engines compile better code, and start threads, after their first frames.
  for (let i = 0; i < 60 && (i < 8 || performance.now() - start < 800); i++) {
    embedding = await engine.embedReady(input);
    if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (paths.includes('predict')) predict = await teach(engine, examples, embedding.length);
  engine.release?.(input);
  return { embedding: Array.from(embedding), missing };
}

/**
 * Measures calls of one path.
 * @param {{path: string, count: number}} order
 * @returns {Promise<number[]>} times of the calls in ms. The first two calls are not measured.
 */
export async function measure({ path, count }) {
  const times = [];
  for (let i = -2; i < count; i++) {
    const picture = await pictures[path].next(seed++);
    const input = path === 'tensor' ? engine.ready(picture) : picture;
    const start = performance.now();
    await (path === 'tensor' ? engine.embedReady(input) : path === 'predict' ? predict(input) : engine.embed(input));
    const time = performance.now() - start;
    if (i >= 0) times.push(time);
    if (path === 'tensor') engine.release?.(input);
    pictures[path].done(picture);
  }
  return times;
}
