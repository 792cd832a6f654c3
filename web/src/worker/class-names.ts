// Class names of a network, read from the files in which people store them.

import { ClassifierError } from '../shared/errors.js';

/**
 * Reads class names in the network's order: one per line, a JSON list of names, an object of names by index or of indices by name
 * (Keras' class_indices.json), or the `labels` of Teachable Machine's metadata.json. Blank lines are ignored, and so are numbers in
 * front ("0 mug", "1: mug", "0,mug", with a tab), which count from 0 or 1.
 * @throws 'bad-model' for other JSON.
 */
export function parseLabels(text: string): string[] {
  return /^[\s\ufeff]*[{[]/.test(text) ? labelsOfJson(text) : labelsOfLines(text);
}

/** Reads class names from a text file with one name per line. */
export function labelsOfLines(text: string): string[] {
  const lines = text
    .replace(/^\ufeff/, '')
    .split(/\r\n?|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const numbers = lines.map((line) => /^(\d+)(?:\s*[:,;]\s*|\s+|$)/.exec(line));
  const first = Number(numbers[0]?.[1] ?? -1);
  const isNumbered =
    (first === 0 || first === 1) && numbers.every((found, index) => Number(found?.[1]) === index + first);
  return isNumbered ? lines.map((line, index) => line.slice(numbers[index]![0].length)) : lines;
}

function labelsOfJson(text: string): string[] {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new ClassifierError('bad-model', `The labels look like JSON but can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
  const { labels = json } = Object(json) as { labels?: unknown };
  const names = Array.isArray(labels) ? labels : fromIndices(labels as object);
  // Array.from() makes holes of a list visible.
  if (names && names.length > 0 && Array.from(names).every((name) => typeof name === 'string'))
    return names as string[];
  throw new ClassifierError(
    'bad-model',
    "The labels are JSON, but neither a list of names, nor names by index, nor an object with such 'labels', as Teachable Machine's metadata.json is.",
  );
}

/** Returns the names of {"0": "cat"} or {"cat": 0}; undefined for other objects. */
function fromIndices(json: object): unknown[] | undefined {
  const pairs = Object.entries(json).map(([key, value]) => (Number.isInteger(value) ? [value, key] : [key, value]));
  const names: unknown[] = [];
  for (const [index, name] of pairs) {
    if (!(Number(index) < pairs.length)) return undefined;
    names[Number(index)] = name;
  }
  return names.length === pairs.length ? names : undefined;
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
