// Turns outcomes into figures: accuracy, errors relative to the anchor with their intervals, calibration error, and unknown pictures.
import { shots } from './episodes.mjs';
import { randomFrom } from './random.mjs';

/** Numbers of examples at which errors are compared with the anchor's. */
export const comparedShots = [1, 5, 10, 20];

/** Errors below this count as this in the geometric mean of ratios. Otherwise one set without errors would decide it. */
const leastError = 0.002;

const resampleCount = 1000;
const binCount = 15;

const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const shareOf = (flags) => flags.reduce((sum, flag) => sum + (flag ? 1 : 0), 0) / flags.length;

/** Returns the accuracy of each episode: [group][episode of all its sets]. */
function accuracies(outcomesOf, sets) {
  const groups = new Map();
  for (const { name, group } of sets) {
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(...outcomesOf(name).map(({ correct }) => shareOf(correct)));
  }
  return groups;
}

/** Returns the error of each group, the mean over its episodes `pick(group)`. */
const errorsOf = (groups, pick) =>
  [...groups].map(([group, all]) => 1 - mean(pick ? pick(group).map((i) => all[i]) : all));

function ratios(own, anchor) {
  const logs = own.map((error, i) => Math.log(Math.max(error, leastError) / Math.max(anchor[i], leastError)));
  return { mean: mean(own) / mean(anchor), geometric: Math.exp(mean(logs)) };
}

/**
 * Resamples the episodes of each group. Returns what `body` returns for each resample; it gets a function that returns the numbers of
 * the drawn episodes of a group.
 */
function bootstrap(groups, random, body) {
  return Array.from({ length: resampleCount }, () => {
    const picks = new Map([...groups].map(([group, all]) => [group, all.map(() => Math.floor(random() * all.length))]));
    return body((group) => picks.get(group));
  });
}

/** Returns the middle 95 % of numbers. */
function interval(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return [sorted[Math.floor(0.025 * sorted.length)], sorted[Math.ceil(0.975 * sorted.length) - 1]];
}

/**
 * Compares with the anchor. The bootstrap is paired: both are resampled with the same episodes.
 * @returns {{mean: number, geometric: number, meanInterval: number[], geometricInterval: number[]}}
 */
function compare(own, anchor, random) {
  const resampled = bootstrap(own, random, (pick) => ratios(errorsOf(own, pick), errorsOf(anchor, pick)));
  return {
    ...ratios(errorsOf(own), errorsOf(anchor)),
    meanInterval: interval(resampled.map((each) => each.mean)),
    geometricInterval: interval(resampled.map((each) => each.geometric)),
  };
}

/** Returns the mean accuracy of all groups, and half the width of its interval. */
function meanAccuracy(groups, random) {
  const of = (pick) => 1 - mean(errorsOf(groups, pick));
  const [low, high] = interval(bootstrap(groups, random, of));
  return { mean: of(), halfWidth: (high - low) / 2 };
}

/** Expected calibration error: the mean distance of confidence and accuracy in bins of equal width, weighted by their tests. */
export function calibrationError(outcomes) {
  const bins = Array.from({ length: binCount }, () => ({ count: 0, correct: 0, confidence: 0 }));
  let count = 0;
  for (const { correct, confidences } of outcomes) {
    correct.forEach((right, i) => {
      const bin = bins[Math.min(binCount - 1, Math.floor(confidences[i] * binCount))];
      bin.count += 1;
      bin.correct += right ? 1 : 0;
      bin.confidence += confidences[i];
      count += 1;
    });
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.correct - bin.confidence) / count, 0);
}

/**
 * Returns the share of clutter that is reported as unknown, and of tests of each set that are, wrongly. Undefined when the rule
 * doesn't say.
 */
function measureUnknown(outcomesOf, sets) {
  const all = sets.flatMap(({ name }) => outcomesOf(name));
  if (!all.some(({ unknown }) => unknown.length > 0)) return undefined;
  const falseAlarms = sets.map(({ name }) => [name, shareOf(outcomesOf(name).flatMap(({ unknown }) => unknown))]);
  return {
    rejected: mean(sets.map(({ name }) => shareOf(outcomesOf(name).flatMap(({ clutterUnknown }) => clutterUnknown)))),
    falseAlarms,
    worst: falseAlarms.reduce((worst, each) => (each[1] > worst[1] ? each : worst)),
  };
}

/**
 * Measures a rule beside the anchor.
 * @param {import('./episodes.mjs').Results} own
 * @param {import('./episodes.mjs').Results} anchor Results of the same episodes.
 * @param {import('./sets.mjs').ImageSet[]} sets
 */
export function measure(own, anchor, sets) {
  const random = randomFrom('bootstrap');
  const at = (results, n) => (name) => results.even.get(name).get(n);
  const byShots = (numbers, body) => new Map(numbers.map((n) => [n, body(n)]));
  const bySet = (n) => sets.map(({ name }) => [name, mean(at(own, n)(name).map(({ correct }) => shareOf(correct)))]);
  const allOutcomes = (n) => sets.flatMap(({ name }) => at(own, n)(name));
  return {
    accuracy: byShots(shots, (n) => meanAccuracy(accuracies(at(own, n), sets), random)),
    accuracyBySet: byShots(shots, (n) => new Map(bySet(n))),
    ratios: byShots(comparedShots, (n) =>
      compare(accuracies(at(own, n), sets), accuracies(at(anchor, n), sets), random),
    ),
    uneven: 1 - mean(errorsOf(accuracies((name) => own.uneven.get(name), sets))),
    calibration: {
      pooled: calibrationError(shots.flatMap(allOutcomes)),
      byShots: byShots(shots, (n) => calibrationError(allOutcomes(n))),
    },
    unknown: byShots(shots, (n) => measureUnknown(at(own, n), sets)),
  };
}
