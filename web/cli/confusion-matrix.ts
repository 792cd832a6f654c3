// A review's list of confusions as a whole matrix.

import type { Review } from 'teachable-wasm';

export interface ConfusionMatrix {
  labels: string[];
  /** [label][taken for]: how many examples of the row's label were predicted to be of the column's. */
  counts: number[][];
  /** [label] Share of the label's tested examples that came out right, 0-1; NaN when none was tested. */
  recall: number[];
  /** [label] Share of what was taken for the label that is of it, 0-1; NaN when nothing was. */
  precision: number[];
}

/** @param labels All classes, in the order of rows and columns. */
export function toConfusionMatrix(labels: readonly string[], confusion: Review['confusion']): ConfusionMatrix {
  const index = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => labels.map(() => 0));
  for (const { label, takenFor, count } of confusion) counts[index.get(label)!]![index.get(takenFor)!]! += count;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    labels: [...labels],
    counts,
    recall: counts.map((row, i) => row[i]! / sum(row)),
    precision: labels.map((_, i) => counts[i]![i]! / sum(counts.map((row) => row[i]!))),
  };
}
