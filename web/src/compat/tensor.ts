// What stands for tf.Tensor here: anything with a shape and dataSync() goes in, an array with its shape comes out.

import { ClassifierError } from '../shared/errors.js';

/** A tensor of TensorFlow.js, one of this file, or what else has the two. */
export interface TensorLike {
  /** Extents, the outermost first. */
  readonly shape: readonly number[];
  /** All values, row by row. */
  dataSync(): ArrayLike<number>;
}

/** Accepted wherever the original takes a tensor. A typed array is of rank 1. */
export type TensorInput =
  | TensorLike
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

export function isTensorLike(value: unknown): value is TensorLike {
  const { shape, dataSync } = Object(value) as Partial<TensorLike>;
  return Array.isArray(shape) && typeof dataSync === 'function';
}

/** Shape and values of an input, which may be its own: to keep them, copy them. Throws 'bad-argument' for what is no tensor, or has another number of values than its shape says. */
export function readTensor(input: TensorInput, what: string): { shape: readonly number[]; values: Float32Array } {
  if (ArrayBuffer.isView(input) && 'length' in input)
    return { shape: [input.length], values: toFloats(input as ArrayLike<number>) };
  if (!isTensorLike(input))
    throw new ClassifierError(
      'bad-argument',
      `${what} must be a tensor, with shape and dataSync(), or a typed array; got ${typeof input}.`,
    );
  const values = toFloats(input.dataSync());
  if (values.length !== sizeOf(input.shape)) {
    throw new ClassifierError(
      'bad-argument',
      `${what} has the shape [${input.shape.join(', ')}] and ${values.length} values.`,
    );
  }
  return { shape: [...input.shape], values };
}

function toFloats(values: ArrayLike<number>): Float32Array {
  return values instanceof Float32Array ? values : new Float32Array(values);
}

/** Values in a shape: 1 for a scalar's. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Values on the page's heap with the reading half of tf.Tensor's interface. It holds nothing that has to be disposed of. For
 * TensorFlow.js' operations make a tensor of it: `tf.tensor(t.dataSync(), t.shape)`.
 */
export class Tensor implements TensorLike {
  /** Of the values, always. */
  readonly dtype = 'float32';
  /** Extents, the outermost first. */
  readonly shape: number[];
  /** How many values there are. */
  readonly size: number;
  /** How many extents the shape has. */
  readonly rank: number;
  #values: Float32Array | undefined;

  /** Keeps `values`, [...shape] row by row. */
  constructor(values: Float32Array, shape: readonly number[]) {
    this.#values = values;
    this.shape = [...shape];
    this.size = values.length;
    this.rank = shape.length;
  }

  /** Whether dispose() was called. */
  get isDisposed(): boolean {
    return this.#values === undefined;
  }

  /** All values, row by row: not a copy. Throws after dispose(). */
  dataSync(): Float32Array {
    if (!this.#values) throw new ClassifierError('disposed', 'Tensor is disposed.');
    return this.#values;
  }

  /** As dataSync(). */
  async data(): Promise<Float32Array> {
    return this.dataSync();
  }

  /** Nested arrays of the shape. */
  arraySync(): unknown {
    return nest(this.dataSync(), this.shape);
  }

  /** As arraySync(). */
  async array(): Promise<unknown> {
    return this.arraySync();
  }

  /** Lets go of the values. May be called twice. */
  dispose(): void {
    this.#values = undefined;
  }
}

function nest(values: Float32Array, [extent, ...rest]: readonly number[]): unknown {
  if (extent === undefined) return values[0];
  if (rest.length === 0) return Array.from(values);
  const size = sizeOf(rest);
  return Array.from({ length: extent }, (_, i) => nest(values.subarray(i * size, (i + 1) * size), rest));
}
