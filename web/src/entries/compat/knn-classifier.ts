/**
 * Drop-in replacement for @tensorflow-models/knn-classifier 1.2. Like the original, it runs in the caller's thread, and all methods
 * but `predictClass()` are synchronous. The module is fetched in the background; examples that are added meanwhile wait for it.
 * @module teachable-wasm/compat/knn-classifier
 */

import { sharedModule } from '../../compat/module.js';
import { readTensor, Tensor, type TensorInput } from '../../compat/tensor.js';
import { toLabel } from '../../page/arguments.js';
import { toModuleRequest } from '../../page/session.js';
import { ClassifierError, toClassifierError } from '../../shared/errors.js';
import { checkMethods } from '../../shared/foreign.js';
import { predictDefaults } from '../../shared/predict-defaults.js';
import type { Variant } from '../../shared/protocol.js';
import { startClassifier } from '../../worker/open.js';
import type { WasmClassifier, WasmModule, WasmNeighbour } from '../../worker/wasm-module.js';

export type { Tensor, TensorInput, TensorLike, TensorParts } from '../../compat/tensor.js';

/** Version of the original whose interface this is. */
export const version = '1.2.6';

/** Options beyond the original, which has none. */
export interface KnnOptions {
  /** Build of the module, 'simd' or 'relaxed'. Default: the faster one that runs here. */
  variant?: Variant | undefined;
  /** Folder that contains <variant>/teachable.js and .wasm. Default: wasm/ beside this file. */
  wasmUrl?: string | URL | undefined;
}

/** Result of `predictClass()`. */
export interface Prediction {
  /** Class with the most votes. Among equal classes, the first in the order of the object's keys. */
  label: string;
  /** Index of the class: 0 for the label that was taught first. A cleared label that is taught again has its old index. */
  classIndex: number;
  /** Share of the votes for every class, 0-1. */
  confidences: { [label: string]: number };
}

/**
 * Makes a tensor of saved values, for `setClassifierDataset()` without TensorFlow.js.
 * @param values [...shape] in row-major order.
 * @throws 'bad-argument' when shape and number of values differ.
 */
export function tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  return new Tensor(readTensor({ data: Float32Array.from(values), shape }, 'The tensor').values, shape);
}

/** An example that waits for the module. */
interface Example {
  label: string;
  values: Float32Array;
}

/** Arguments of `predictClass()`, and the classes at the time of the call. */
interface Query {
  values: Float32Array;
  k: number;
  /** Labels in the order of an object's keys. */
  labels: readonly string[];
  classIndices: ReadonlyMap<string, number>;
}

/**
 * Makes a classifier. Examples can be added immediately. `predictClass()` waits for the module and rejects with 'load-failed' if it
 * can't be loaded.
 */
export function create(options: KnnOptions = {}): KNNClassifier {
  return new KNNClassifier(options);
}

/**
 * k nearest neighbours by cosine similarity. Among equally similar examples, the earlier class in the order of keys is nearer, then
 * the earlier example.
 */
export class KNNClassifier {
  readonly #start: () => Promise<WasmModule>;
  #starting: Promise<WasmClassifier> | undefined;
  #module: WasmModule | undefined;
  #classifier: WasmClassifier | undefined;
  /** Examples in the order of teaching; undefined once the module has them. */
  #waiting: Example[] | undefined = [];
  #counts = new Map<string, number>();
  #classIndices = new Map<string, number>();
  /** Shape of the examples. Undefined without any, and after setClassifierDataset(), when only the size is known. */
  #shape: readonly number[] | undefined;
  #size = 0;
  #disposed = false;

  constructor(options?: KnnOptions);
  /** @internal For tests: `start` returns the module. */
  constructor(options: KnnOptions, start: () => Promise<WasmModule>);
  constructor(options: KnnOptions = {}, start?: () => Promise<WasmModule>) {
    checkMethods(this);
    this.#start = start ?? (() => startModule(options));
    // predictClass() reports a failure.
    this.#ready().catch(() => {});
  }

  /**
   * Adds an example of `label`. Numbers become strings, so 1 and '1' are the same class.
   * @throws 'bad-argument' for a shape that differs from earlier examples, for values that aren't finite or are all 0, and for a
   * label that is neither a string nor a number.
   */
  addExample(example: TensorInput, label: number | string): void {
    this.#use();
    const name = toLabel(label);
    const { shape, values } = readTensor(example, 'The example');
    if (this.#shape && !isEqual(this.#shape, shape)) {
      throw new ClassifierError(
        'bad-argument',
        `Example shape provided, ${String(shape)} does not match previously provided example shapes ${String(this.#shape)}.`,
      );
    }
    if (this.#counts.size > 0) checkSize(values.length, this.#size, 'The example');
    normOf(values, 'The example');
    if (this.#classifier) call(() => this.#classifier!.addEmbedding(values, name));
    else this.#waiting!.push({ label: name, values: values.slice() });
    this.#shape = shape;
    this.#size = values.length;
    this.#count(name, 1);
  }

  /**
   * Predicts the class of the input by the votes of its k nearest examples. Changes after the call don't count.
   * @param input As many values as an example has, of any shape.
   * @param k A whole number >= 1, or Infinity for all. With fewer examples, all vote.
   * @throws 'bad-argument' for another k, without examples, and for an input that `addExample()` wouldn't accept.
   */
  async predictClass(input: TensorInput, k = 3): Promise<Prediction> {
    this.#use();
    if (!(Number.isInteger(k) && k >= 1) && k !== Infinity) {
      throw new ClassifierError('bad-argument', 'Please provide a positive integer k value to predictClass.');
    }
    if (this.#counts.size === 0) {
      throw new ClassifierError(
        'bad-argument',
        'You have not added any examples to the KNN classifier. Please add examples before calling predictClass.',
      );
    }
    const { values } = readTensor(input, 'The input');
    if (values.length !== this.#size) {
      const count = this.#labels().reduce((sum, label) => sum + this.#counts.get(label)!, 0);
      throw new ClassifierError(
        'bad-argument',
        `Size(${count * this.#size}) must match the product of shape ${count},${values.length}`,
      );
    }
    normOf(values, 'The input');
    const labels = this.#labels();
    const query = { values, k, labels, classIndices: this.#classIndices };
    if (this.#classifier) return call(() => vote(this.#classifier!, query));
    return this.#predictLater({ ...query, values: values.slice() }, [...this.#waiting!]);
  }

  /** Removes the examples of a label. Throws for a label that has none. */
  clearClass(label: number | string): void {
    this.#use();
    const name = toLabel(label);
    if (!this.#counts.has(name)) throw new ClassifierError('bad-argument', `Cannot clear invalid class ${name}`);
    if (this.#classifier) call(() => this.#classifier!.clear(name));
    else this.#waiting = this.#waiting!.filter((example) => example.label !== name);
    this.#counts.delete(name);
    if (this.#counts.size === 0) this.#shape = undefined;
  }

  /** Removes all examples, and their shape. */
  clearAllClasses(): void {
    for (const label of this.#labels()) this.clearClass(label);
  }

  /** Returns the number of examples of each class. */
  getClassExampleCount(): { [label: string]: number } {
    return Object.fromEntries(this.#counts);
  }

  /** Returns the number of classes that have examples. */
  getNumClasses(): number {
    return this.#counts.size;
  }

  /** Returns a copy of the examples of each class: [count, size] rows of length 1. */
  getClassifierDataset(): { [label: string]: Tensor } {
    this.#use();
    return Object.fromEntries(
      [...this.#counts].map(([label, count]) => [label, new Tensor(this.#rows(label, count), [count, this.#size])]),
    );
  }

  /**
   * Replaces all examples by those of `getClassifierDataset()`, from this package or the original: [count, size] tensors. Rows need
   * not have length 1. The tensors stay the caller's. An error changes nothing.
   */
  setClassifierDataset(dataset: { [label: string]: TensorInput }): void {
    this.#use();
    const examples = toExamples(dataset);
    if (this.#classifier) {
      // A new classifier is filled first; the old one stays if that fails.
      const fresh = call(() => new this.#module!.Classifier(1));
      try {
        teach(fresh, examples);
      } catch (error) {
        fresh.delete();
        throw error;
      }
      this.#classifier.delete();
      this.#classifier = fresh;
    } else {
      this.#waiting = examples.map(({ label, values }) => ({ label, values: values.slice() }));
    }
    this.#counts = new Map();
    // A new Map, because predictions that wait for the module refer to the old one.
    this.#classIndices = new Map();
    this.#shape = undefined;
    this.#size = examples[0]?.values.length ?? 0;
    for (const { label } of examples) this.#count(label, 1);
  }

  /** Frees the examples. Afterwards only the counting methods work. It may be called twice. */
  dispose(): void {
    this.#disposed = true;
    this.#classifier?.delete();
    this.#classifier = undefined;
    this.#waiting = undefined;
  }

  #use(): void {
    if (this.#disposed) throw new ClassifierError('disposed', 'This KNN classifier was disposed. Create a new one.');
  }

  #count(label: string, more: number): void {
    if (!this.#classIndices.has(label)) this.#classIndices.set(label, this.#classIndices.size);
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + more);
  }

  /** Returns the labels in the order of an object's keys: whole numbers first, then in the order of teaching. */
  #labels(): string[] {
    return Object.keys(this.getClassExampleCount());
  }

  /** Starts the module, also after a failure, and passes it the waiting examples. */
  #ready(): Promise<WasmClassifier> {
    if (!this.#starting) {
      this.#starting = this.#start().then((module) => this.#takeUp(module));
      this.#starting.catch(() => (this.#starting = undefined));
    }
    return this.#starting;
  }

  #takeUp(module: WasmModule): WasmClassifier {
    if (this.#disposed)
      throw new ClassifierError('disposed', 'This KNN classifier was disposed while its module was loaded.');
    const classifier = call(() => new module.Classifier(1));
    try {
      teach(classifier, this.#waiting!);
    } catch (error) {
      classifier.delete();
      throw error;
    }
    this.#module = module;
    this.#classifier = classifier;
    this.#waiting = undefined;
    return classifier;
  }

  /** Predicts for a call that came before the module, from the examples at the time of the call. */
  async #predictLater(query: Query, examples: readonly Example[]): Promise<Prediction> {
    await this.#ready();
    this.#use();
    const snapshot = new this.#module!.Classifier(1);
    try {
      teach(snapshot, examples);
      return call(() => vote(snapshot, query));
    } finally {
      snapshot.delete();
    }
  }

  #rows(label: string, count: number): Float32Array {
    const rows = new Float32Array(count * this.#size);
    if (this.#classifier) {
      const classifier = this.#classifier;
      classifier
        .exampleIds(label)
        .forEach((id, index) => rows.set(classifier.exampleEmbedding(id), index * this.#size));
    } else {
      const own = this.#waiting!.filter((example) => example.label === label);
      own.forEach(({ values }, index) => {
        const norm = normOf(values, label);
        rows.set(
          values.map((value) => value / norm),
          index * this.#size,
        );
      });
    }
    return rows;
  }
}

function vote(classifier: WasmClassifier, { values, k, labels, classIndices }: Query): Prediction {
  const position = new Map(labels.map((label, index) => [label, index]));
  const positions = classifier.labels().map((label) => position.get(label)!);
  const neighbours = nearest(classifier, values, k, positions);
  const votes = new Array<number>(labels.length).fill(0);
  for (const { classIndex } of neighbours) votes[positions[classIndex]!]!++;
  const winner = votes.indexOf(Math.max(...votes));
  const label = labels[winner]!;
  return {
    label,
    classIndex: classIndices.get(label)!,
    confidences: Object.fromEntries(labels.map((each, index) => [each, votes[index]! / neighbours.length])),
  };
}

async function startModule({ variant, wasmUrl }: KnnOptions): Promise<WasmModule> {
  // One thread, because a page's main thread must not block.
  const { module, classifier } = await startClassifier(
    toModuleRequest({ variant, wasmUrl, threads: 1 }, false),
    sharedModule,
  );
  classifier.delete();
  return module;
}

/**
 * Returns the k nearest examples. Among equally near ones, the engine takes the earlier example and the original the earlier class.
 * Therefore all examples as near as the last one are requested.
 */
function nearest(
  classifier: WasmClassifier,
  values: Float32Array,
  k: number,
  positions: readonly number[],
): WasmNeighbour[] {
  const total = classifier.counts().reduce((sum, count) => sum + count, 0);
  const wanted = Math.min(k, total);
  let asked = wanted;
  let found: WasmNeighbour[];
  do {
    asked = Math.min(total, asked === wanted ? wanted + 1 : 2 * asked);
    found = call(() =>
      classifier.predictEmbedding(values, { ...predictDefaults, rule: 'neighbours', k: asked }),
    ).neighbours;
  } while (asked < total && found[asked - 1]!.similarity === found[wanted - 1]!.similarity);
  found.sort(
    (a, b) => b.similarity - a.similarity || positions[a.classIndex]! - positions[b.classIndex]! || a.id - b.id,
  );
  return found.slice(0, wanted);
}

function teach(classifier: WasmClassifier, examples: readonly Example[]): void {
  const size = examples[0]?.values.length ?? 0;
  const all = new Float32Array(examples.length * size);
  examples.forEach(({ values }, index) => all.set(values, index * size));
  if (size > 0)
    call(() =>
      classifier.addEmbeddings(
        all,
        size,
        examples.map(({ label }) => label),
      ),
    );
}

function toExamples(dataset: { [label: string]: TensorInput }): Example[] {
  const examples: Example[] = [];
  for (const [label, tensor] of Object.entries(dataset)) {
    toLabel(label);
    const what = `The dataset's tensor of '${label}'`;
    const { shape, values } = readTensor(tensor, what);
    const [count, size] = shape;
    if (shape.length !== 2)
      throw new ClassifierError(
        'bad-argument',
        `${what} must have the shape [examples, values]; got [${shape.join(', ')}].`,
      );
    for (let row = 0; row < count!; row++) {
      const example = values.subarray(row * size!, (row + 1) * size!);
      normOf(example, `Row ${row} of '${label}'`);
      if (examples[0]) checkSize(example.length, examples[0].values.length, `Row ${row} of '${label}'`);
      examples.push({ label, values: example });
    }
  }
  return examples;
}

function checkSize(size: number, wanted: number, what: string): void {
  if (size !== wanted)
    throw new ClassifierError('bad-argument', `${what} has ${size} values; the examples have ${wanted}.`);
}

/** Returns the length of a vector. A zero vector has no direction, and so no cosine similarity. */
function normOf(values: Float32Array, what: string): number {
  let square = 0;
  // A plain loop: an iterator takes as long as all the rest of adding an example.
  for (let i = 0; i < values.length; i++) square += values[i]! * values[i]!;
  if (!Number.isFinite(square)) throw new ClassifierError('bad-argument', `${what} holds a value that is not finite.`);
  if (square === 0)
    throw new ClassifierError('bad-argument', `${what} has only zeros, and so no direction to compare.`);
  return Math.sqrt(square);
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, index) => extent === b[index]);
}

/** Converts errors of the module to this package's error. */
function call<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw toClassifierError(error);
  }
}
