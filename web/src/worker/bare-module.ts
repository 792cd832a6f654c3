// WebAssembly modules without JavaScript glue: plain functions and one memory. See cpp/border/answer.h.

import { ClassifierError } from '../shared/errors.js';
import { compileFrom } from './compile.js';

/** A running module. Addresses are byte offsets in its memory. */
export interface BareInstance<Functions> {
  /** Exported functions. */
  functions: Functions;
  /** Returns the bytes of its memory, which never shrinks. */
  byteLength(): number;
  /** Writes to memory that one of the functions allocated. Throws 'out-of-memory' when it allocated none. */
  fill(address: number, bytes: Uint8Array): void;
  /**
   * Reads an Answer: a copy of its word, and a view of its bytes that is valid until the next call. Throws the error that the module
   * answers.
   */
  answerAt(address: number): { word: string; bytes: Uint8Array<ArrayBuffer> };
}

/**
 * Fetches and compiles a module and returns a function that makes instances. Throws 'load-failed' or 'aborted'; an instance throws
 * 'out-of-memory'.
 */
export async function loadBareModule<Functions>(
  url: string,
  { signal, sha256 }: { signal: AbortSignal | undefined; sha256: string | undefined },
): Promise<() => Promise<BareInstance<Functions>>> {
  const compiled = await compileFrom(url, { signal, sha256 });
  return () => startBareModule<Functions>(compiled);
}

/** Makes an instance of a compiled module. Throws 'out-of-memory'. */
export async function startBareModule<Functions>(compiled: WebAssembly.Module): Promise<BareInstance<Functions>> {
  let instance: WebAssembly.Instance;
  try {
    instance = await WebAssembly.instantiate(compiled, { env: { emscripten_notify_memory_growth() {} } });
  } catch (cause) {
    throw new ClassifierError(
      'out-of-memory',
      `There is no memory for another WebAssembly module: ${(cause as Error).message}`,
      { cause },
    );
  }
  const functions = instance.exports as unknown as Functions & { memory: WebAssembly.Memory; _initialize(): void };
  const { memory } = functions;
  functions._initialize();
  // Growing memory replaces its buffer, so each view is made where it is used. Addresses above 2 GB arrive as negative numbers.
  const view = (address: number, byteLength: number) =>
    new Uint8Array(memory.buffer as ArrayBuffer, address >>> 0, byteLength);
  return {
    functions,
    byteLength: () => memory.buffer.byteLength,
    fill(address, bytes) {
      if (address === 0 && bytes.byteLength > 0)
        throw new ClassifierError('out-of-memory', `There is no memory for a file of ${bytes.byteLength} bytes.`);
      view(address, bytes.byteLength).set(bytes);
    },
    answerAt(address) {
      const [succeeded = 0, wordAt = 0, wordLength = 0, bytesAt = 0, byteLength = 0] = new Uint32Array(
        memory.buffer,
        address >>> 0,
        5,
      );
      const word = new TextDecoder().decode(view(wordAt, wordLength));
      const bytes = view(bytesAt, byteLength);
      if (!succeeded) throw new ClassifierError(word as ClassifierError['code'], new TextDecoder().decode(bytes));
      return { word, bytes };
    },
  };
}
