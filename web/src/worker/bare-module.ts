// Modules that are a single file: no glue, plain functions, one memory. cpp/border/answer.h is the other half.

import { ClassifierError } from '../shared/errors.js';
import { compileFrom } from './compile.js';

/** A module that runs. Addresses are bytes of its memory. */
export interface BareInstance<Functions> {
  /** What it exports. */
  functions: Functions;
  /** Of its memory, which never shrinks. */
  byteLength(): number;
  /** Writes to memory that one of the functions gave for it. Throws 'out-of-memory' when it gave none. */
  fill(address: number, bytes: Uint8Array): void;
  /** What an Answer holds: a copy of its word, a view of its bytes that dies at the next call. Throws the error that the module answers. */
  answerAt(address: number): { word: string; bytes: Uint8Array<ArrayBuffer> };
}

/** Fetches and compiles a module; what it returns makes an instance. Throws 'load-failed', 'aborted'; an instance, 'out-of-memory'. */
export async function loadBareModule<Functions>(
  url: string,
  signal: AbortSignal | undefined,
): Promise<() => Promise<BareInstance<Functions>>> {
  const compiled = await compileFrom(url, { signal });
  return () => start<Functions>(compiled);
}

async function start<Functions>(compiled: WebAssembly.Module): Promise<BareInstance<Functions>> {
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
  // Growing memory replaces its buffer: each view is made where it is used. Addresses above 2 GB arrive negative.
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
