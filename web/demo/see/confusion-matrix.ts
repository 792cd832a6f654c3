// The confusion matrix of a review as rows and cells, without elements.

import type { Review } from 'teachable-wasm';

/** A cell of the matrix. */
export interface MatrixCell {
  label: string;
  takenFor: string;
  /** Ids of the examples, oldest first. */
  ids: readonly number[];
  /** Share of the examples of the row, 0-1. */
  share: number;
  isRight: boolean;
}

/** A row of the matrix: the examples of one class. */
export interface MatrixRow {
  label: string;
  tested: number;
  /** One cell for each class, in the order of the rows. */
  cells: MatrixCell[];
}

/** Makes the matrix of the classes that have tested examples or predictions. `order` is the order of the classes on the page. */
export function toMatrix(confusion: Review['confusion'], order: readonly string[]): MatrixRow[] {
  const used = new Set(confusion.flatMap(({ label, takenFor }) => [label, takenFor]));
  const labels = [...order.filter((label) => used.delete(label)), ...used];
  const cells = new Map<string, Map<string, readonly number[]>>();
  for (const { label, takenFor, ids } of confusion) {
    const row = cells.get(label) ?? new Map<string, readonly number[]>();
    row.set(takenFor, ids);
    cells.set(label, row);
  }
  return labels.map((label) => {
    const row = cells.get(label);
    const tested = [...(row?.values() ?? [])].reduce((sum, ids) => sum + ids.length, 0);
    return {
      label,
      tested,
      cells: labels.map((takenFor) => {
        const ids = row?.get(takenFor) ?? [];
        return { label, takenFor, ids, share: tested > 0 ? ids.length / tested : 0, isRight: label === takenFor };
      }),
    };
  });
}
