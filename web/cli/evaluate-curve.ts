// The learning curve of evaluate: teaches a classifier with few of its own examples, and tests others.

import path from 'node:path';
import type { KnnClassifier, PredictOptions } from 'teachable-wasm';
import type { Call } from './command-line.js';
import { CommandError } from './exit.js';
import { type DrawnExample, type LearningCurve, measureCurve } from './learning-curve.js';

/**
 * Measures the learning curve. It removes all examples from the classifier and teaches some of them again and again.
 * @throws CommandError when there are too few examples or classes
 */
export async function measureTaught(
  { classifier, nameOf }: { classifier: KnnClassifier; nameOf(id: number): string },
  { how, shots, episodes }: { how: PredictOptions; shots: readonly number[]; episodes: number },
  { argument, err, signal }: Call,
): Promise<LearningCurve> {
  const labels = Object.keys(await classifier.counts());
  const classes: DrawnExample[][] = [];
  const embeddings = new Map<number, Float32Array>();
  for (const label of labels) {
    const ids = await classifier.exampleIds(label);
    if (ids.length === 0) continue;
    signal.throwIfAborted();
    for (const id of ids) embeddings.set(id, await classifier.exampleEmbedding(id));
    classes.push(ids.map((id) => ({ id, recording: path.posix.dirname(nameOf(id)) })));
  }
  if (classes.length < 2)
    throw new CommandError(`${argument} has only one class. A learning curve needs at least two classes.`);
  if (classes.every((examples) => examples.length < 2))
    throw new CommandError(
      `${argument} has one example of each class. A learning curve needs a class with at least two, because it tests other examples than it teaches.`,
    );
  err.line(`Teaching and testing ${episodes} random ${episodes === 1 ? 'draw' : 'draws'} of examples.`);
  const join = (ids: readonly number[]) => {
    const joined = new Float32Array(ids.length * classifier.embeddingSize);
    ids.forEach((id, i) => joined.set(embeddings.get(id)!, i * classifier.embeddingSize));
    return joined;
  };
  const curve = await measureCurve(classes, shots, episodes, async (teach, tests) => {
    await classifier.clear();
    const taughtLabels = teach.flatMap((ids, index) => ids.map(() => index));
    await classifier.addExamples(join(teach.flat()), taughtLabels, { signal });
    const predictions = await classifier.predictMany(join(tests), { ...how, signal });
    return predictions.map(({ label }) => Number(label));
  });
  if (curve.points.length === 0)
    throw new CommandError(
      `${argument} has too few examples for the learning curve with --shots ${shots.join(',')}: after a third was kept for tests, half of the classes have fewer than ${Math.min(...shots)}. Use smaller numbers.`,
    );
  return curve;
}

/** Says which of the numbers that the user asked for are not in the curve. */
export function noteLeftOut({ leftOut }: LearningCurve, err: Call['err']): void {
  if (leftOut.length > 0)
    err.line(
      `Note: The learning curve leaves out ${leftOut.join(', ')}. A third of the examples is kept for tests, and half of the classes have fewer left to teach.`,
    );
}
