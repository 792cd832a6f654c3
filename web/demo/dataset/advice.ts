// Advice to the visitor: the one thing that would improve the classes most.

/** A class and its number of examples. */
export interface ClassSize {
  name: string;
  count: number;
}

const enoughExamples = 5;
/** Ratio of class sizes from which the larger class wins too often just because of its size. */
const maxRatio = 5;

/** Returns one sentence of advice. */
export function advice(classes: readonly ClassSize[]): string {
  const taught = classes.filter(({ count }) => count > 0).sort((a, b) => a.count - b.count);
  const [smallest, largest] = [taught[0], taught.at(-1)];
  if (!smallest || !largest || taught.length < 2)
    return 'Now teach a second class, so that there is something to compare.';
  if (smallest.count < enoughExamples) return `${smallest.name} has few examples. Record more, from other sides.`;
  if (largest.count > maxRatio * smallest.count) {
    const ratio = Math.round(largest.count / smallest.count);
    return `${largest.name} has ${ratio} times as many examples as ${smallest.name}. Record more of ${smallest.name}.`;
  }
  return 'Now show it something and watch the bars.';
}
