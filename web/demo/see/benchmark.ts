// The benchmark: some frames of a picture that is always the same.

import type { Classifier, ObserveOptions } from 'teachable-wasm';
import { type StepSummary, StepTimes, toFrameTimes } from './step-times.js';

/** Number of frames that are measured. */
export const benchmarkFrames = 100;
/** Frames before them, after which caches and threads are warm. */
const warmUpFrames = 5;

/** Draws the picture: 640 x 480 pixels, as many cameras have. */
export function drawBenchmarkPicture(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 480];
  const context = canvas.getContext('2d')!;
  const sky = context.createLinearGradient(0, 0, 0, 480);
  sky.addColorStop(0, '#9cc7e8');
  sky.addColorStop(1, '#e9e2cf');
  context.fillStyle = sky;
  context.fillRect(0, 0, 640, 480);
  for (let i = 0; i < 60; i++) {
    context.fillStyle = `hsl(${i * 47} 60% ${30 + (i % 5) * 10}%)`;
    context.beginPath();
    context.arc((i * 131) % 640, (i * 89) % 480, 8 + (i % 7) * 6, 0, 2 * Math.PI);
    context.fill();
  }
  return canvas;
}

/** Measures frames of the picture. `onProgress` gets the number of frames that are done. Rejects as observe(), and when `signal` aborts. */
export async function runBenchmark(
  classifier: Pick<Classifier, 'observe'>,
  picture: HTMLCanvasElement,
  options: ObserveOptions,
  onProgress: (done: number) => void,
): Promise<StepSummary> {
  const times = new StepTimes(benchmarkFrames);
  for (let i = 0; i < warmUpFrames; i++) await classifier.observe(picture, options);
  for (let done = 1; done <= benchmarkFrames; done++) {
    const start = performance.now();
    const { timings } = await classifier.observe(picture, options);
    const end = performance.now();
    times.add(toFrameTimes(timings, end - start, 0), end);
    onProgress(done);
  }
  return times.summary();
}
