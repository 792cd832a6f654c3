// The memory of a threaded module, which all its threads share.

const pageBytes = 1 << 16;

/** Initial size of a memory that grows, as cpp/bindings/CMakeLists.txt has it: enough for the packaged network. */
const initialBytes = 12 << 20;

const maximumBytes = 1 << 30;

/** Size of a memory that must not grow. It is reserved; the device gives only the pages that are used. */
const fixedBytes = 256 << 20;

/**
 * Makes the memory. It grows as needed, except in WebKit: on iOS 26.2, threads still see the old size after a shared memory has grown.
 * Throws a RangeError when there is no room for any.
 */
export function makeSharedMemory(): WebAssembly.Memory {
  if (isWebKit()) return make(fixedBytes, fixedBytes);
  try {
    return make(initialBytes, maximumBytes);
  } catch {
    // Browsers reserve addresses for the maximum, and phones may have too few.
    return make(initialBytes, fixedBytes);
  }
}

const make = (initial: number, maximum: number) =>
  new WebAssembly.Memory({ initial: initial / pageBytes, maximum: maximum / pageBytes, shared: true });

/** All browsers on iOS use WebKit. Chromium's name has WebKit in it, too. */
function isWebKit(): boolean {
  const name = (globalThis as { navigator?: { userAgent: string } }).navigator?.userAgent ?? '';
  return /AppleWebKit\//.test(name) && !/Chrom(e|ium)\//.test(name);
}
