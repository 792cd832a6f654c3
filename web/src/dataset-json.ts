// Data sets as JSON: our own form, and what people saved from tfjs' knn-classifier and from ml5. A form is read to one
// list of examples; what is wrong with it is said before anything is taught.

import { ClassifierError } from './errors.js';

/** Rows of one class. */
export interface LabelledRows {
  label: string;
  enabled: boolean;
  /** [count, size] values. */
  rows: Float32Array;
  count: number;
}

export interface JsonDataset {
  /** The model's id, where the file says it. */
  model: string | undefined;
  sha256: string | undefined;
  classes: LabelledRows[];
}

/** Our own form. Vectors of length 1. */
export interface ExportedDataset {
  format: 'teachable-wasm';
  version: 1;
  model: { id: string; sha256: string };
  embeddingSize: number;
  classes: { label: string; enabled: boolean; examples: number[][] }[];
}

function bad(message: string): ClassifierError {
  return new ClassifierError('bad-dataset', message);
}

/**
 * Reads any of
 * - our own form;
 * - tfjs, as people save it: `Object.entries(getClassifierDataset())` with each tensor as `[label, data, shape]`, or as
 *   `[label, rows]`, or as an object from labels to flat or nested arrays;
 * - ml5: `{dataset: {index: {label, shape}}, tensors: [{0: value, ...}]}`.
 * @param size Values of an embedding of the model that runs.
 */
export function readJsonDataset(json: unknown, size: number): JsonDataset {
  if (typeof json === 'string') {
    try {
      json = JSON.parse(json);
    } catch (cause) {
      throw new ClassifierError('bad-dataset', `The data set is not JSON: ${(cause as Error).message}`, { cause });
    }
  }
  if (typeof json !== 'object' || json === null) throw bad('The data set is JSON, but neither an object nor a list.');
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
  if (json['version'] !== 1) throw bad(`The data set has version ${String(json['version'])}; this library reads version 1, a newer one may read it.`);
  const model = Object(json['model']) as { id?: unknown; sha256?: unknown };
  if (!Array.isArray(json['classes'])) throw bad("The data set has no list 'classes'.");
  return {
    model: typeof model.id === 'string' ? model.id : undefined,
    sha256: typeof model.sha256 === 'string' && model.sha256 !== '' ? model.sha256 : undefined,
    classes: json['classes'].map((each) => {
      const { label, enabled, examples } = Object(each) as { label?: unknown; enabled?: unknown; examples?: unknown };
      return { ...rows(label, examples, undefined, size), enabled: enabled !== false };
    }),
  };
}

function fromEntries(entries: readonly unknown[], size: number): JsonDataset {
  return {
    model: undefined,
    sha256: undefined,
    classes: entries.map((entry) => {
      if (!Array.isArray(entry)) throw bad('The data set is a list, but not of [label, data, shape].');
      const [label, data, shape] = entry as unknown[];
      // A tensor that went through JSON.stringify holds its shape, but not its values.
      if (Object(data) === data && 'dataId' in Object(data)) {
        throw bad(`The data set has the tensor of '${String(label)}' without its values. Save Array.from(tensor.dataSync()) and tensor.shape.`);
      }
      return rows(label, data, shape, size);
    }),
  };
}

function fromMl5(json: Record<string, unknown>, size: number): JsonDataset {
  const tensors = json['tensors'] as unknown[];
  const classes = Object.entries(json['dataset'] as object).map(([key, meta], index) => {
    const { label = key, shape } = Object(meta) as { label?: unknown; shape?: unknown };
    if (index >= tensors.length) throw bad(`The data set has no values of the class '${String(label)}'.`);
    return rows(label, tensors[index], shape, size);
  });
  return { model: undefined, sha256: undefined, classes };
}

function rows(label: unknown, data: unknown, shape: unknown, size: number): LabelledRows {
  if (typeof label !== 'string' && typeof label !== 'number') throw bad('The data set has a class without a label.');
  const name = String(label);
  const values = flatten(data, name);
  if (Array.isArray(shape) && shape.length > 0) {
    const [count, ...rest] = shape as number[];
    const each = rest.reduce((product, extent) => product * extent, 1);
    if (each !== size && (count ?? 0) > 0) throw bad(`The examples of '${name}' have ${each} values; embeddings of this model have ${size}.`);
    if ((count ?? 0) * each !== values.length) throw bad(`The class '${name}' has ${values.length} values; its shape [${shape.join(', ')}] wants ${(count ?? 0) * each}.`);
  }
  if (values.length % size !== 0) throw bad(`The class '${name}' has ${values.length} values, which is no multiple of the ${size} in an embedding of this model.`);
  return { label: name, enabled: true, rows: values, count: values.length / size };
}

/** Numbers of flat or nested lists, or of an object with the keys 0, 1, ... that a typed array becomes as JSON. */
function flatten(data: unknown, label: string): Float32Array {
  const lists = Array.isArray(data) && Array.isArray(data[0]) ? (data as unknown[]) : [data];
  const all: number[] = [];
  for (const list of lists) {
    const values: readonly unknown[] =
      Array.isArray(list) || ArrayBuffer.isView(list) ? Array.from(list as ArrayLike<unknown>) : Object(list) === list ? Object.values(list as object) : [undefined];
    for (const value of values) {
      if (typeof value !== 'number' || !Number.isFinite(value)) throw bad(`The class '${label}' holds ${String(value)} where a finite number is wanted.`);
      all.push(value);
    }
  }
  return Float32Array.from(all);
}
