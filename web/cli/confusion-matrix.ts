// Turns a review's list of confusions into a full confusion matrix.

import type { Review } from 'teachable-wasm';

export interface ConfusionMatrix {
  /** Classes, in the order of rows and columns. */
  labels: string[];
  /** Number of examples by true class (row) and predicted class (column), [labels][labels]. */
  counts: number[][];
  /** Share of each class' tested examples that were predicted correctly, 0-1, [labels]. NaN when none was tested. */
  recall: number[];
  /** Share of the predictions of each class that were correct, 0-1, [labels]. NaN when there was none. */
  precision: number[];
}

/** Makes the matrix. `labels` are all classes, in the order of rows and columns. */
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
