// Class names of a network, read from the files in which people store them.

import { ClassifierError } from '../shared/errors.js';

/**
 * Reads class names in the network's order: one per line, or the `labels` of Teachable Machine's metadata.json. Blank lines at the end
 * are ignored, and so are leading numbers as in Teachable Machine's labels.txt ("0 mug").
 * @throws 'bad-model' for JSON without labels.
 */
export function parseLabels(text: string): string[] {
  return text.trimStart().startsWith('{') ? labelsOfMetadata(text) : labelsOfLines(text);
}

/** Reads class names from a text file with one name per line. */
export function labelsOfLines(text: string): string[] {
  const lines = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim());
  const isNumbered = lines.every((line, index) => line === String(index) || line.startsWith(`${index} `));
  return isNumbered ? lines.map((line, index) => line.slice(String(index).length + 1)) : lines;
}

function labelsOfMetadata(text: string): string[] {
  let labels: unknown;
  try {
    ({ labels } = JSON.parse(text) as { labels?: unknown });
  } catch (cause) {
    throw new ClassifierError('bad-model', `The labels look like JSON but can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string')) {
    throw new ClassifierError(
      'bad-model',
      "The labels are JSON without an array 'labels', which Teachable Machine's metadata.json has.",
    );
  }
  return labels;
}

/** Returns true for the metadata.json of an image project of Teachable Machine. */
export function isTeachableMachine(text: string): boolean {
  return /"packageName"\s*:\s*"@teachablemachine\/image"/.test(text);
}

/** Returns true for one name per class, and for both forms of ImageNet's names: with and without a background class in front. */
export function fitsClasses(labels: readonly string[], classCount: number): boolean {
  return (
    labels.length === classCount || (labels.length + classCount === 2001 && Math.abs(labels.length - classCount) === 1)
  );
}

/** Returns the name of each class; undefined without labels. Throws 'bad-argument' when the number of names is wrong. */
export function nameClasses(labels: readonly string[] | undefined, classCount: number): readonly string[] | undefined {
  if (!labels || classCount === 0) return undefined;
  const shift = labels.length - classCount;
  if (!fitsClasses(labels, classCount)) {
    throw new ClassifierError(
      'bad-argument',
      `The labels name ${labels.length} classes, but the model has ${classCount}.`,
    );
  }
  return Array.from({ length: classCount }, (_, classIndex) => labels[classIndex + shift] ?? 'background');
}
