// Kinds of objects, whichever window, frame or test environment made them. `instanceof` knows only those of its own.

/** Returns the name of a value's kind, such as 'Blob' or 'Float32Array'. Proxies of typed arrays and files have the kind 'Object'. */
export function brandOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Returns true for a Float32Array. */
export function isFloats(value: unknown): value is Float32Array {
  return brandOf(value) === 'Float32Array';
}

/** Returns true for a Uint8Array, such as a Buffer of Node. */
export function isBytes(value: unknown): value is Uint8Array {
  return brandOf(value) === 'Uint8Array';
}

/** Returns true for an ArrayBuffer. */
export function isBuffer(value: unknown): value is ArrayBuffer {
  return brandOf(value) === 'ArrayBuffer';
}

/** Returns true for a Blob or a File. Those of happy-dom and of polyfills have no kind, but the same methods. */
export function isBlob(value: unknown): value is Blob {
  const { size, slice, arrayBuffer } = Object(value) as { [name in keyof Blob]?: unknown };
  const isAlike = typeof size === 'number' && typeof slice === 'function' && typeof arrayBuffer === 'function';
  return isAlike || /^(Blob|File)$/.test(brandOf(value));
}

/** Returns true for an address: a string or a URL. */
export function isAddress(value: unknown): value is string | URL {
  return typeof value === 'string' || brandOf(value) === 'URL';
}

/** Returns true for a promise of any library. A page may have replaced `Promise`. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (Object(value) as { then?: unknown }).then === 'function';
}
