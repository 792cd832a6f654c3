// How long the steps of a frame take: median and 95th percentile of the last frames.

import type { Timings } from 'teachable-wasm';
import { RingBuffer } from './ring-buffer.js';

/** Steps of a frame, in their order. */
export const steps = ['grab', 'preprocess', 'network', 'neighbours', 'messages', 'page'] as const;

/** Name of a step. */
export type Step = (typeof steps)[number];

/** Duration of each step of one frame, in milliseconds. */
export type FrameTimes = Record<Step, number>;

/** Percentiles of one step, in milliseconds. */
export interface Percentiles {
  p50: number;
  p95: number;
}

/** Times of the last frames. */
export interface StepSummary {
  /** Number of frames that were measured. */
  frames: number;
  /** Frames per second; 0 with fewer than two frames. */
  framesPerSecond: number;
  steps: Record<Step, Percentiles>;
  /** All steps together. */
  total: Percentiles;
}

/**
 * Splits a frame into its steps. `callMs` is the time that the page waited for the answer, `pageMs` the time that it took to show it.
 * What the engine doesn't account for is the time for messages between page and engine.
 */
export function toFrameTimes(
  { pixelsMs, preprocessMs, networkMs, answerMs }: Timings,
  callMs: number,
  pageMs: number,
): FrameTimes {
  return {
    grab: pixelsMs,
    preprocess: preprocessMs,
    network: Math.max(0, networkMs - preprocessMs),
    neighbours: answerMs,
    messages: Math.max(0, callMs - pixelsMs - networkMs - answerMs),
    page: pageMs,
  };
}

/** Returns the value below which the given share (0-1) of the values lies, one of the values itself; 0 without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

/** Frames that are further apart than this don't belong to one recording, so the pause says nothing about the speed. */
const maxGapMs = 2000;

/** Times of the last frames. */
export class StepTimes {
  readonly #frames: RingBuffer<{ endedAt: number; times: FrameTimes }>;

  /** `capacity` is the number of frames that count. */
  constructor(capacity = 120) {
    this.#frames = new RingBuffer(capacity);
  }

  /** Adds a frame that ended at the time `endedAt`, in milliseconds of any clock. */
  add(times: FrameTimes, endedAt: number): void {
    this.#frames.add({ endedAt, times });
  }

  clear(): void {
    this.#frames.clear();
  }

  summary(): StepSummary {
    const frames = this.#frames.toArray();
    const of = (values: number[]): Percentiles => ({ p50: percentile(values, 0.5), p95: percentile(values, 0.95) });
    const gaps = frames.slice(1).map(({ endedAt }, index) => endedAt - frames[index]!.endedAt);
    const usedGaps = gaps.filter((gap) => gap <= maxGapMs);
    const duration = usedGaps.reduce((sum, gap) => sum + gap, 0);
    return {
      frames: frames.length,
      framesPerSecond: duration > 0 ? (1000 * usedGaps.length) / duration : 0,
      steps: Object.fromEntries(steps.map((step) => [step, of(frames.map(({ times }) => times[step]))])) as Record<
        Step,
        Percentiles
      >,
      total: of(frames.map(({ times }) => steps.reduce((sum, step) => sum + times[step], 0))),
    };
  }
}
