// Tensors of the compat entries: anything with a shape and dataSync() is accepted, and an array with a shape is returned.

import { isFloats } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import { keepSelf } from '../shared/self.js';

/** A tensor of TensorFlow.js, a Tensor of this package, or any object with these members. */
export interface TensorLike {
  /** Extents, outermost first. */
  readonly shape: readonly number[];
  /** Returns all values in row-major order. */
  dataSync(): ArrayLike<number>;
}

/** The parts of a tensor, as programs save them. */
export interface TensorParts {
  /** Extents, outermost first. */
  readonly shape: readonly number[];
  /** All values in row-major order. */
  readonly data: ArrayLike<number>;
}

/** Values for the methods that take a tensor in the original. A typed array has rank 1. */
export type TensorInput =
  | TensorLike
  | TensorParts
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

/**
 * Returns the shape and values of an input. The values may be the input's own: copy them to keep them.
 * @throws 'bad-argument' for anything that isn't a tensor, and when shape and number of values differ.
 */
export function readTensor(input: TensorInput, what: string): { shape: readonly number[]; values: Float32Array } {
  if (ArrayBuffer.isView(input) && 'length' in input)
    return { shape: [input.length], values: toFloats(input as ArrayLike<number>) };
  const isSaved = hasParts(input);
  if (!isSaved && !isTensorLike(input))
    throw new ClassifierError(
      'bad-argument',
      `${what} must be a tensor, { shape, data } or a typed array; got ${typeof input}.`,
    );
  const values = toFloats(isSaved ? input.data : input.dataSync());
  if (values.length !== sizeOf(input.shape)) {
    throw new ClassifierError(
      'bad-argument',
      `${what} has the shape [${input.shape.join(', ')}] and ${values.length} values.`,
    );
  }
  return { shape: [...input.shape], values };
}

function hasParts(value: unknown): value is TensorParts {
  const { shape, data } = Object(value) as { [name in keyof TensorParts]?: unknown };
  return Array.isArray(shape) && (Array.isArray(data) || ArrayBuffer.isView(data));
}

function toFloats(values: ArrayLike<number>): Float32Array {
  return isFloats(values) ? values : new Float32Array(values);
}

/** Returns the number of values in a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Values with the reading half of tf.Tensor's interface. They need no disposal. For operations of TensorFlow.js, make a tensor:
 * `tf.tensor(t.dataSync(), t.shape)`.
 */
export class Tensor implements TensorLike {
  /** Data type of the values. */
  readonly dtype = 'float32';
  /** Extents, outermost first. */
  readonly shape: number[];
  /** Number of values. */
  readonly size: number;
  /** Number of extents. */
  readonly rank: number;
  #values: Float32Array | undefined;

  /** Stores `values`, [...shape] in row-major order, without a copy. */
  constructor(values: Float32Array, shape: readonly number[]) {
    keepSelf(this);
    this.#values = values;
    this.shape = [...shape];
    this.size = values.length;
    this.rank = shape.length;
  }

  /** True after `dispose()`. */
  get isDisposed(): boolean {
    return this.#values === undefined;
  }

  /** Returns all values in row-major order, not copied. Throws after `dispose()`. */
  dataSync(): Float32Array {
    if (!this.#values) throw new ClassifierError('disposed', 'Tensor is disposed.');
    return this.#values;
  }

  /** Resolves to the values of `dataSync()`. */
  async data(): Promise<Float32Array> {
    return this.dataSync();
  }

  /** Returns the values as nested arrays. */
  arraySync(): unknown {
    return nest(this.dataSync(), this.shape);
  }

  /** Resolves to the arrays of `arraySync()`. */
  async array(): Promise<unknown> {
    return this.arraySync();
  }

  /** Releases the values. It may be called twice. */
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
