// Names of a network's own classes, from the files in which people keep them.

import { ClassifierError } from '../shared/errors.js';

/**
 * Names in the network's order: one a line, blank lines at the end not counted, or the `labels` of a Teachable Machine's metadata.json.
 * Numbers in front, as in Teachable Machine's labels.txt ("0 mug"), are no part of the names.
 * Throws 'bad-model' for JSON without labels.
 */
export function parseLabels(text: string): string[] {
  return text.trimStart().startsWith('{') ? labelsOfMetadata(text) : labelsOfLines(text);
}

/** As parseLabels() of what isn't JSON. */
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
      "The labels are JSON without a list of names 'labels', as the metadata.json of Teachable Machine has it.",
    );
  }
  return labels;
}

/** Whether a text that parseLabels() took is the metadata.json of an image project of Teachable Machine. */
export function isTeachableMachine(text: string): boolean {
  return /"packageName"\s*:\s*"@teachablemachine\/image"/.test(text);
}

/** Whether there are as many names as classes, or both are ImageNet's, which comes with and without a background class in front. */
export function fitsClasses(labels: readonly string[], classCount: number): boolean {
  return (
    labels.length === classCount || (labels.length + classCount === 2001 && Math.abs(labels.length - classCount) === 1)
  );
}

/** The name of each class, and undefined without labels. Throws 'bad-argument' when there are names of more or less classes. */
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
