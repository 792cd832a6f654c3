// The error type of the library, and its plain form for postMessage, which drops custom fields of an Error.

import { brandOf } from './brand.js';
import { show } from './show.js';

/**
 * Error codes. The first seven come from C++ (cpp/core/error.h).
 *
 * - `bad-model`: the model file is damaged, truncated or inconsistent
 * - `unsupported-op`: the model contains an operator or type that this library doesn't support
 * - `bad-image`: a picture can't be used: no pixels yet, damaged, unknown format, or another origin
 * - `bad-argument`: an argument is out of its documented range or has the wrong type
 * - `bad-dataset`: a data set can't be used here: damaged, another model, or another embedding size
 * - `out-of-memory`: the module has too little memory
 * - `internal`: a bug in this library; please report it
 * - `load-failed`: a file could not be loaded: wrong address, HTTP error, no connection, or a web page in its place
 * - `unsupported-browser`: the browser lacks something that was needed or requested
 * - `worker-lost`: the worker stopped; this classifier is unusable, load a new one
 * - `disposed`: `dispose()` was called before
 * - `aborted`: the caller's AbortSignal aborted the call
 * - `camera-denied`: the user or a policy refused the camera
 * - `camera-missing`: no matching camera
 * - `camera-busy`: another program uses the camera
 * - `camera-insecure`: cameras require https or localhost
 */
export const errorCodes = [
  'bad-model',
  'unsupported-op',
  'bad-image',
  'bad-argument',
  'bad-dataset',
  'out-of-memory',
  'internal',
  'load-failed',
  'unsupported-browser',
  'worker-lost',
  'disposed',
  'aborted',
  'camera-denied',
  'camera-missing',
  'camera-busy',
  'camera-insecure',
] as const;

/** One of `errorCodes`, which describes them. */
export type ErrorCode = (typeof errorCodes)[number];

const maxLength = 2000;
const maxWord = 200;

/** Cuts what an input has made long, such as a data: address that contains a whole picture. */
function shorten(text: string): string {
  const words = text.replace(/\S{201,}/g, (word) => `${word.slice(0, maxWord / 2)}…`);
  return words.length > maxLength ? `${words.slice(0, maxLength)}…` : words;
}

/** Error with a code. The message says what is wrong, where, what was found and expected, and what to do. */
export class ClassifierError extends Error {
  /** Code of the error. */
  readonly code: ErrorCode;

  /** @param message One or more sentences. `options.cause`: the error behind this one. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(shorten(message), options);
    this.name = 'ClassifierError';
    this.code = code;
  }

  /** Accepts errors of the package's other entries as instances too. Each entry contains a class of its own. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ClassifierError) return Function.prototype[Symbol.hasInstance].call(this, value);
    try {
      // By kind and fields, so that errors of other frames and of test environments count too.
      const { name, code } = Object(value) as { name?: unknown; code?: unknown };
      return brandOf(value) === 'Error' && name === 'ClassifierError' && isErrorCode(code);
    } catch {
      // A proxy may refuse every look at it.
      return false;
    }
  }
}

/** An error in the form that is sent between page and worker. */
export interface WireError {
  name: string;
  message: string;
  code: ErrorCode;
  stack: string;
}

function isErrorCode(value: unknown): value is ErrorCode {
  return errorCodes.includes(value as ErrorCode);
}

/** Returns a code for any thrown value. An unknown error is a bug: 'internal'. */
function codeOf(error: unknown): ErrorCode {
  const { code, name, message } = Object(error) as { code?: unknown; name?: unknown; message?: unknown };
  if (isErrorCode(code)) return code;
  if (name === 'AbortError') return 'aborted';
  // Engines word a failed allocation differently, but all use one of these. Emscripten's abort() says OOM. The only C++ exception that
  // leaves the module is that of an argument for which there was no memory.
  if (/out of memory|allocation failed|\bOOM\b|WebAssembly\.Exception/i.test(String(message ?? error)))
    return 'out-of-memory';
  return 'internal';
}

/** Returns the message of any thrown value. */
export function messageOf(error: unknown): string {
  return toWire(error).message;
}

/** Converts any thrown value to the plain form. */
export function toWire(error: unknown): WireError {
  try {
    const { name, message, stack } = Object(error) as { name?: unknown; message?: unknown; stack?: unknown };
    return {
      name: typeof name === 'string' ? name : 'Error',
      message:
        typeof message === 'string'
          ? message
          : show(error).replace(/^WebAssembly\.Exception$/, 'The module is out of memory.'),
      code: codeOf(error),
      stack: typeof stack === 'string' ? stack : '',
    };
  } catch {
    return { name: 'Error', message: show(error), code: 'internal', stack: '' };
  }
}

/** Converts the plain form back to an error, with the worker's stack as its cause. Other values become errors too. */
export function fromWire(wire: unknown): ClassifierError {
  const { name, message, code, stack } = toWire(wire);
  const foreign = name !== 'ClassifierError' && name !== 'Error' && code === 'internal';
  const cause = new Error(shorten(message));
  cause.name = name;
  // A stack begins with the message.
  cause.stack = stack.replace(message, () => cause.message);
  return new ClassifierError(code, foreign ? `${name}: ${message}` : message, { cause });
}

/** Converts any thrown value to a ClassifierError. */
export function toClassifierError(error: unknown): ClassifierError {
  return error instanceof ClassifierError ? error : fromWire(error);
}
