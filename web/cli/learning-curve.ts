// Measures how the accuracy grows with the number of examples of each class: teaches a few drawn examples, tests others, and repeats.

import { randomFrom, shuffled } from './random.js';

/** Example that can be taught or tested. */
export interface DrawnExample {
  id: number;
  /** Examples of one recording resemble each other. They are taught or tested together, if the class has several recordings. */
  recording: string;
}

/** Examples of one drawing: of each class, the ids to teach and the ids to test. */
export interface Episode {
  teach: number[][];
  test: number[][];
}

export interface CurvePoint {
  /** Number of taught examples of each class. A class that has fewer teaches all of them. */
  shots: number;
  /** Mean share of correct predictions, 0-1. */
  accuracy: number;
  /** Accuracy of the worst and of the best episode. */
  lowest: number;
  highest: number;
}

export interface LearningCurve {
  episodes: number;
  /** Points of the curve, in ascending order of `shots`. */
  points: CurvePoint[];
  /** Numbers of examples that were asked for, but that fewer than half of the classes have. */
  leftOut: number[];
  /** Number of tests of an episode. With several recordings, the mean. */
  tests: number;
  /** True when whole recordings of at least one class were kept for tests. */
  byRecording: boolean;
}

/** Expected effect of more examples, estimated from the curve. */
export interface Outlook {
  /** Number of examples of each class at the end of the curve. */
  shots: number;
  /** Number of further examples of each class, at most as many again. */
  more: number;
  /** Expected growth of the accuracy, 0-1. */
  gain: number;
}

/** Seed of the episodes. */
const seed = 1;
/** Share of a class that is kept for tests. */
const testShare = 1 / 3;
const maxTests = 30;
export const defaultShots: readonly number[] = [1, 2, 3, 5, 10, 20, 50, 100];
export const defaultEpisodes = 20;

/** Predicts the classes of the examples `tests`, taught by `teach` [class][ids]. */
export type Predict = (teach: readonly number[][], tests: readonly number[]) => Promise<number[]>;

/**
 * Draws episodes and measures the curve.
 * @param classes Examples of each class, [class][examples]. A class with one example is taught but not tested.
 * @param shots Numbers of examples of each class.
 */
export async function measureCurve(
  classes: readonly (readonly DrawnExample[])[],
  shots: readonly number[],
  episodeCount: number,
  predict: Predict,
): Promise<LearningCurve> {
  const random = randomFrom(seed);
  const episodes = Array.from({ length: episodeCount }, () => drawEpisode(classes, random));
  const wanted = [...new Set(shots)].sort((a, b) => a - b);
  const used = wanted.filter((n) => episodes.every(({ teach }) => isTaught(teach, n)));
  const accuracies = new Map<number, number[]>(used.map((n) => [n, []]));
  for (const { teach, test } of episodes) {
    const truth = test.flatMap((ids, index) => ids.map(() => index));
    for (const n of used) {
      const predicted = await predict(
        teach.map((ids) => ids.slice(0, n)),
        test.flat(),
      );
      accuracies.get(n)!.push(truth.filter((index, i) => predicted[i] === index).length / truth.length);
    }
  }
  return {
    episodes: episodeCount,
    points: [...accuracies].map(([n, all]) => ({
      shots: n,
      accuracy: all.reduce((sum, each) => sum + each, 0) / all.length,
      lowest: Math.min(...all),
      highest: Math.max(...all),
    })),
    leftOut: wanted.filter((n) => !used.includes(n)),
    tests: Math.round(episodes.reduce((sum, { test }) => sum + test.flat().length, 0) / episodeCount),
    byRecording: classes.some((examples) => recordingsOf(examples).length > 1),
  };
}

const isTaught = (teach: readonly number[][], n: number) =>
  2 * teach.filter((ids) => ids.length >= n).length >= teach.length;

function recordingsOf(examples: readonly DrawnExample[]): number[][] {
  const recordings = new Map<string, number[]>();
  for (const { id, recording } of examples) {
    const ids = recordings.get(recording);
    if (ids) ids.push(id);
    else recordings.set(recording, [id]);
  }
  return [...recordings.values()];
}

/** Keeps a third of each class for tests, and at least one example for teaching. */
export function drawEpisode(classes: readonly (readonly DrawnExample[])[], random: () => number): Episode {
  const drawn = classes.map((examples) => {
    const recordings = recordingsOf(examples);
    const units = shuffled(recordings.length > 1 ? recordings : examples.map(({ id }) => [id]), random);
    const testCount = Math.max(1, Math.floor(testShare * examples.length));
    const test: number[] = [];
    while (units.length > 1 && test.length < testCount) test.push(...units.pop()!);
    return { teach: shuffled(units.flat(), random), test: shuffled(test, random).slice(0, maxTests) };
  });
  return { teach: drawn.map(({ teach }) => teach), test: drawn.map(({ test }) => test) };
}

/**
 * Continues the curve: errors fall with a power of the number of examples. The power is fitted to the last points.
 * @returns Undefined for fewer than two points from 2 examples on. The first example is a case of its own.
 */
export function toOutlook({ points, tests }: LearningCurve): Outlook | undefined {
  const fitted = points.filter(({ shots }) => shots >= 2).slice(-4);
  const last = fitted.at(-1);
  if (!last || fitted.length < 2) return undefined;
  // Half of a test, because an error of 0 has no logarithm.
  const x = fitted.map(({ shots }) => Math.log(shots));
  const y = fitted.map(({ accuracy }) => Math.log(Math.max(1 - accuracy, 0.5 / tests)));
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const slope = mean(x.map((each, i) => (each - meanX) * (y[i]! - meanY))) / mean(x.map((each) => (each - meanX) ** 2));
  const more = Math.min(10, last.shots);
  const gain = (1 - last.accuracy) * (1 - (1 + more / last.shots) ** Math.min(0, slope));
  return { shots: last.shots, more, gain };
}
