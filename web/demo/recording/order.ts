// The order of the classes on the page. It is stored as a list of labels.

/** Sorts classes: those in `order` first, as listed there, then the others by their slot. */
export function inOrder<T extends { label: string; slot: number }>(
  classes: readonly T[],
  order: readonly string[],
): T[] {
  const rank = new Map(order.map((label, index) => [label, index]));
  const rankOf = ({ label }: T) => rank.get(label) ?? order.length;
  return [...classes].sort((first, second) => rankOf(first) - rankOf(second) || first.slot - second.slot);
}

/** Returns the labels with one of them at another index, which is moved into the list. Returns undefined when nothing changes. */
export function withMoved(labels: readonly string[], label: string, index: number): string[] | undefined {
  const from = labels.indexOf(label);
  const to = Math.max(0, Math.min(labels.length - 1, index));
  if (from < 0 || from === to) return undefined;
  const rest = labels.filter((each) => each !== label);
  return [...rest.slice(0, to), label, ...rest.slice(to)];
}
