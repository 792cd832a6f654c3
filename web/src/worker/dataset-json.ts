// Data sets as JSON: our own format, and those that people saved from tfjs' knn-classifier and from ml5. A file is read and checked
// completely before anything is taught.

import { ClassifierError } from '../shared/errors.js';
import { foreign } from '../shared/foreign.js';
import { wrongLabel } from '../shared/label.js';
import { show } from '../shared/show.js';

/** Examples of one class. */
export interface LabelledRows {
  label: string;
  enabled: boolean;
  /** [count, size] values. */
  rows: Float32Array;
  count: number;
}

export interface JsonDataset {
  /** The model's id, if the file contains it. */
  model: string | undefined;
  sha256: string | undefined;
  classes: LabelledRows[];
}

/** A class in our own format. The examples have length 1. */
export interface WrittenClass {
  label: string;
  enabled: boolean;
  examples: Iterable<Float32Array>;
}

/** Length of the longest string in V8. Other engines allow longer ones. */
const maxTextLength = 0x1fffffe8;

/**
 * Writes our own format: { format, version, model: { id, sha256 }, embeddingSize, classes: [{ label, enabled, examples: [[number]] }]
 * }. Throws 'out-of-memory' when it has more than `maxLength` characters.
 */
export function writeJsonDataset(
  model: { id: string; sha256: string },
  embeddingSize: number,
  classes: Iterable<WrittenClass>,
  maxLength = maxTextLength,
): string {
  const pieces: string[] = [];
  let length = 0;
  const write = (piece: string) => {
    length += piece.length;
    if (length > maxLength) {
      throw new ClassifierError(
        'out-of-memory',
        `The examples as JSON are longer than the longest string of ${maxLength} characters. Use saveDataset(), which is a tenth as large and has no such limit.`,
      );
    }
    pieces.push(piece);
  };
  write(`${JSON.stringify({ format: 'teachable-wasm', version: 1, model, embeddingSize }).slice(0, -1)},"classes":[`);
  let betweenClasses = '';
  for (const { label, enabled, examples } of classes) {
    write(`${betweenClasses}${JSON.stringify({ label, enabled }).slice(0, -1)},"examples":[`);
    betweenClasses = ',';
    let betweenExamples = '';
    for (const example of examples) {
      write(`${betweenExamples}[${example.join()}]`);
      betweenExamples = ',';
    }
    write(']}');
  }
  write(']}');
  return pieces.join('');
}

function bad(message: string): ClassifierError {
  return new ClassifierError('bad-dataset', message);
}

/**
 * Reads any of these formats:
 * - our own;
 * - tfjs: `Object.entries(getClassifierDataset())` with each tensor as `[label, data, shape]`, `[label, rows]` or `{label, values,
 *   shape}`, or an object that maps labels to flat or nested arrays, to `{values, shape}`, or to base64 of 32-bit floats;
 * - ml5: `{dataset: {index: {label, shape}}, tensors: [{0: value, ...}]}`.
 * @param size Number of values in an embedding of the current model.
 */
export function readJsonDataset(json: unknown, size: number): JsonDataset {
  try {
    return readAny(json, size);
  } catch (cause) {
    if (cause instanceof ClassifierError) throw cause;
    throw foreign('bad-dataset', "The data set can't be read", cause);
  }
}

function readAny(json: unknown, size: number): JsonDataset {
  if (typeof json === 'string') {
    try {
      json = JSON.parse(json);
    } catch (cause) {
      throw new ClassifierError('bad-dataset', `The data set is not JSON: ${(cause as Error).message}`, { cause });
    }
  }
  // Maps and other objects have no entries of their own, and would count as an empty data set.
  if (!Array.isArray(json) && show(json) !== 'Object')
    throw bad('The data set is JSON, but neither an object nor an array.');
  const read = Array.isArray(json) ? fromEntries(json, size) : fromObject(json as Record<string, unknown>, size);
  const seen = new Set<string>();
  for (const { label } of read.classes) {
    if (seen.has(label)) throw bad(`The data set has the class '${label}' twice.`);
    seen.add(label);
  }
  return read;
}

function fromObject(json: Record<string, unknown>, size: number): JsonDataset {
  if (json['format'] === 'teachable-wasm') return fromOwn(json, size);
  if (Array.isArray(json['tensors']) && Object(json['dataset']) === json['dataset']) return fromMl5(json, size);
  return fromEntries(Object.entries(json), size);
}

function fromOwn(json: Record<string, unknown>, size: number): JsonDataset {
  if (json['version'] !== 1)
    throw bad(
      `The data set has version ${show(json['version'])}; this library reads version 1. A newer one may read it.`,
    );
  const model = Object(json['model']) as { id?: unknown; sha256?: unknown };
  const own = json['embeddingSize'];
  if (own !== undefined && own !== size)
    throw bad(
      `The data set's examples have ${show(own)} values; embeddings of this model have ${size}. Load the model of the data set, with the same option 'layers'.`,
    );
  if (!Array.isArray(json['classes'])) throw bad("The data set has no list 'classes'.");
  return {
    model: typeof model.id === 'string' ? model.id : undefined,
    sha256: typeof model.sha256 === 'string' && model.sha256 !== '' ? model.sha256 : undefined,
    classes: Array.from((json['classes'] as unknown[]).values(), (each) => {
      const { label, enabled, examples } = Object(each) as { label?: unknown; enabled?: unknown; examples?: unknown };
      return { ...rows(label, examples, undefined, size), enabled: enabled !== false };
    }),
  };
}

function fromEntries(entries: readonly unknown[], size: number): JsonDataset {
  return {
    model: undefined,
    sha256: undefined,
    // Unlike map(), this ends at the first gap of a sparse list, which may claim to be long.
    classes: Array.from(entries.values(), (entry) => {
      if (!Array.isArray(entry) && Object(entry) !== entry)
        throw bad('The data set is a list, but not of [label, data, shape] or { label, values, shape }.');
      const [label, given, ownShape] = Array.isArray(entry)
        ? (entry as unknown[])
        : [(entry as { label?: unknown }).label, entry, undefined];
      const { data, shape } = unwrap(given, ownShape);
      // JSON.stringify writes a tensor's shape, but not its values.
      if (Object(data) === data && 'dataId' in Object(data)) {
        throw bad(
          `The data set has the tensor of ${show(label)} without its values. Save Array.from(tensor.dataSync()) and tensor.shape.`,
        );
      }
      return rows(label, data, shape, size);
    }),
  };
}

/** Returns the values of a class and their shape, from { values, shape } or { data, shape }. */
function unwrap(given: unknown, shape: unknown): { data: unknown; shape: unknown } {
  const { values, data = values, shape: inner } = Object(given) as Record<string, unknown>;
  const isWrapped = !Array.isArray(given) && !ArrayBuffer.isView(given) && data !== undefined;
  return isWrapped ? { data, shape: inner ?? shape } : { data: given, shape };
}

/** Returns the numbers of base64, little-endian 32-bit floats; undefined for other texts. */
function fromBase64(text: string): Float32Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
  } catch {
    return undefined;
  }
}

function fromMl5(json: Record<string, unknown>, size: number): JsonDataset {
  const tensors = json['tensors'] as unknown[];
  const classes = Object.entries(json['dataset'] as object).map(([key, meta], index) => {
    const { label = key, shape } = Object(meta) as { label?: unknown; shape?: unknown };
    if (index >= tensors.length) throw bad(`The data set has no values of the class ${show(label)}.`);
    return rows(label, tensors[index], shape, size);
  });
  return { model: undefined, sha256: undefined, classes };
}

function rows(label: unknown, given: unknown, shape: unknown, size: number): LabelledRows {
  if (typeof label !== 'string' && typeof label !== 'number') throw bad('The data set has a class without a label.');
  const name = String(label);
  const wrong = wrongLabel(name);
  if (wrong) throw bad(`A label of the data set ${wrong}`);
  const decode = (each: unknown) => (typeof each === 'string' ? (fromBase64(each) ?? 'text') : each);
  const data = Array.isArray(given) && typeof given[0] === 'string' ? given.map(decode) : decode(given);
  const values =
    Array.isArray(data) && isList(data[0])
      ? fromRows(data as unknown[], name, size)
      : toNumbers(data, `The class '${name}'`);
  if (Array.isArray(shape) && shape.length > 0) {
    const wrong = shape.findIndex((extent) => !Number.isInteger(extent) || extent < 0);
    if (wrong >= 0)
      throw bad(`The shape of the class '${name}' holds ${show(shape[wrong])} where a whole number is expected.`);
    const [count = 0, ...rest] = shape as number[];
    const each = rest.reduce((product, extent) => product * extent, 1);
    if (each !== size && count > 0)
      throw bad(`The examples of '${name}' have ${each} values; embeddings of this model have ${size}.`);
    if (count * each !== values.length)
      throw bad(
        `The class '${name}' has ${values.length} values; its shape of ${count} x ${each} requires ${count * each}.`,
      );
  }
  if (values.length % size !== 0)
    throw bad(
      `The class '${name}' has ${values.length} values, not a multiple of the ${size} values in an embedding of this model.`,
    );
  return { label: name, enabled: true, rows: values, count: values.length / size };
}

/** Reads [data.length, size] values from nested lists. */
function fromRows(data: readonly unknown[], label: string, size: number): Float32Array {
  const where = (index: number) => `Example ${index} of the class '${label}'`;
  // All lengths are checked first, because a few bytes of empty lists would ask for a lot of memory.
  for (let index = 0; index < data.length; index++) {
    const { length } = toList(data[index], where(index));
    if (length !== size) throw bad(`${where(index)} has ${length} values; embeddings of this model have ${size}.`);
  }
  const all = new Float32Array(data.length * size);
  data.forEach((list, index) => all.set(toNumbers(list, where(index)), index * size));
  return all;
}

function isList(value: unknown): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value) || show(value) === 'Object';
}

/** Returns a list, or the values of an object with the keys 0, 1, ..., which JSON makes of a typed array. */
function toList(list: unknown, where: string): ArrayLike<unknown> {
  if (!isList(list)) throw bad(`${where} is ${kindOf(list)} where an array of numbers is expected.`);
  return show(list) === 'Object' ? Object.values(list as object) : (list as unknown[]);
}

/** Describes a value without showing texts, which may be data. */
function kindOf(value: unknown): string {
  const hasTexts = Array.isArray(value) && value.slice(0, 4).some((each) => typeof each === 'string');
  return typeof value === 'string' ? 'a text' : hasTexts ? 'a list' : show(value);
}

function toNumbers(list: unknown, where: string): Float32Array {
  const values = toList(list, where);
  // A sparse list may be longer than memory: it ends at its first gap.
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
      throw bad(`${where} holds ${kindOf(value)} where a finite number is expected.`);
  }
  return Float32Array.from(values as ArrayLike<number>);
}
