// Medians, quantiles, and intervals of ratios.

/** Returns the quantile `share` of values, 0 to 1, interpolated between the two nearest ones. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.ceil(at)] - sorted[low]);
}

export const median = (values) => quantile(values, 0.5);

/** Returns a function that returns random numbers from 0 to 1, always the same sequence. */
function makeRandom(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const resamples = 1000;

/** Browsers differ by at least this much, even when the rounds of each agree. One browser alone says nothing about others. */
const leastSpreadOf = (count) => (count > 1 ? 0.01 : 0.1);

/**
 * Returns the median of the browsers' median ratios and its 95 % interval. Rounds of one browser resemble each other, so whole browsers
 * are drawn first and then rounds in them (bootstrap of clusters). With few browsers, this is still too narrow; Student's factor widens it.
 * @param {number[][]} browsers The ratios of each browser's rounds.
 * @returns {{ratio: number, low: number, high: number}}
 */
export function intervalOfRatio(browsers) {
  const filled = browsers.filter((rounds) => rounds.length > 0);
  const logs = filled.map((rounds) => rounds.map(Math.log));
  const centre = median(logs.map(median));
  const random = makeRandom(7);
  const draw = (values) => values.map(() => values[Math.floor(random() * values.length)]);
  const medians = Array.from({ length: resamples }, () => median(draw(logs).map((rounds) => median(draw(rounds)))));
  const leastSpread = leastSpreadOf(filled.length);
  const widened = studentFactor(filled.length) / studentFactor(Infinity);
  const low = Math.max(leastSpread, centre - quantile(medians, 0.025)) * widened;
  const high = Math.max(leastSpread, quantile(medians, 0.975) - centre) * widened;
  return { ratio: Math.exp(centre), low: Math.exp(centre - low), high: Math.exp(centre + high) };
}

/** Two-sided 95 % factors of Student's t, by the number of values. One browser counts as two. */
const studentFactors = [4.3, 4.3, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31];
const studentFactor = (count) => studentFactors[count] ?? 1.96;

/**
 * Returns whether two runs agree: their difference is within the uncertainty of both.
 * @param {{ratio: number, low: number, high: number}} a
 * @param {{ratio: number, low: number, high: number}} b
 */
export function agree(a, b) {
  const [lower, higher] = a.ratio <= b.ratio ? [a, b] : [b, a];
  const up = Math.log(lower.high / lower.ratio);
  const down = Math.log(higher.ratio / higher.low);
  return Math.log(higher.ratio / lower.ratio) <= Math.hypot(up, down);
}
