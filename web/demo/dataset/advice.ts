// Advice to the visitor: the one thing that would improve the classes most.

import { texts } from '../texts/texts.js';

/** A class and its number of examples. */
export interface ClassSize {
  name: string;
  count: number;
}

const enoughExamples = 5;
/** Ratio of class sizes from which the larger class wins too often just because of its size. */
const maxRatio = 5;

/** Returns a sentence for each class that has far fewer examples than the largest one. Classes without any are not meant. */
export function imbalances<T extends ClassSize>(classes: readonly T[]): Map<T, string> {
  const taught = classes.filter(({ count }) => count > 0);
  const largest = taught.reduce<T | undefined>(
    (most, each) => (most && most.count >= each.count ? most : each),
    undefined,
  );
  const small = taught.filter(({ count }) => largest && largest.count > maxRatio * count);
  return new Map(
    small.map((each) => [each, texts.recording.largerClass(largest!.name, Math.round(largest!.count / each.count))]),
  );
}

/** Returns one sentence of advice. */
export function advice(classes: readonly ClassSize[]): string {
  const taught = classes.filter(({ count }) => count > 0).sort((a, b) => a.count - b.count);
  const [smallest, largest] = [taught[0], taught.at(-1)];
  if (!smallest || !largest || taught.length < 2) return texts.teaching.teachSecond;
  if (smallest.count < enoughExamples) return texts.teaching.fewExamples(smallest.name);
  if (largest.count > maxRatio * smallest.count) {
    const ratio = Math.round(largest.count / smallest.count);
    return texts.teaching.imbalance(largest.name, ratio, smallest.name);
  }
  return texts.teaching.showSomething;
}
