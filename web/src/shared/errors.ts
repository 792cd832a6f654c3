// The one error type of the library, and its plain form for postMessage (which drops custom fields of an Error).

/**
 * What went wrong, as a caller would switch on it. The first seven come from C++ (cpp/core/error.h).
 *
 * - `bad-model`: the model file is damaged, truncated or contradicts itself
 * - `unsupported-op`: the model is sound but holds an operator or type that this library doesn't run
 * - `bad-image`: a picture or frame can't be used: no pixels yet, damaged, unknown format, another origin
 * - `bad-argument`: a value is out of its documented range or of another type
 * - `bad-dataset`: a data set can't be used here: damage, another model, another dimension
 * - `out-of-memory`: the module's memory doesn't hold what was asked for
 * - `internal`: a bug in this library; please report it
 * - `load-failed`: a file didn't arrive: wrong address, HTTP error, no connection, a page in its place
 * - `unsupported-browser`: the browser lacks something that was needed or asked for
 * - `worker-lost`: the worker died; this classifier is of no more use, load() a new one
 * - `disposed`: dispose() was called before
 * - `aborted`: the caller's AbortSignal
 * - `camera-denied`: the user or a policy refused the camera
 * - `camera-missing`: no camera that fits
 * - `camera-busy`: another program holds the camera
 * - `camera-insecure`: cameras need https or localhost
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

/** One of errorCodes, where each is explained. */
export type ErrorCode = (typeof errorCodes)[number];

/** Carries a code and one sentence: what, where, got, wanted, and what to do where that is known. */
export class ClassifierError extends Error {
  /** What went wrong. */
  readonly code: ErrorCode;

  /** @param message One or more sentences. `options.cause`: what led to it. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ClassifierError';
    this.code = code;
  }

  /** Errors of this package's other files, each of which brings the class along, are of it too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ClassifierError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return (
      value instanceof Error && value.name === 'ClassifierError' && isErrorCode((value as { code?: unknown }).code)
    );
  }
}

/** An error as it travels between page and worker. */
export interface WireError {
  name: string;
  message: string;
  code: ErrorCode;
  stack: string;
}

function isErrorCode(value: unknown): value is ErrorCode {
  return errorCodes.includes(value as ErrorCode);
}

/** The code for anything that was thrown. Whatever doesn't say is a bug: 'internal'. */
function codeOf(error: unknown): ErrorCode {
  const { code, name, message } = Object(error) as { code?: unknown; name?: unknown; message?: unknown };
  if (isErrorCode(code)) return code;
  if (name === 'AbortError') return 'aborted';
  // Engines word a failed allocation differently, but all say this; Emscripten's abort() says OOM.
  if (/out of memory|allocation failed|\bOOM\b/i.test(String(message))) return 'out-of-memory';
  return 'internal';
}

/** Any thrown value to its plain form. */
export function toWire(error: unknown): WireError {
  const { name, message, stack } = Object(error) as { name?: unknown; message?: unknown; stack?: unknown };
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : String(error),
    code: codeOf(error),
    stack: typeof stack === 'string' ? stack : '',
  };
}

/** The plain form back to an error; the worker's stack is kept as the cause. */
export function fromWire(wire: WireError): ClassifierError {
  const code = isErrorCode(wire.code) ? wire.code : 'internal';
  const foreign = wire.name !== 'ClassifierError' && wire.name !== 'Error' && code === 'internal';
  const cause = new Error(wire.message);
  cause.name = wire.name;
  cause.stack = wire.stack;
  return new ClassifierError(code, foreign ? `${wire.name}: ${wire.message}` : wire.message, { cause });
}

/** Any thrown value as a ClassifierError, itself when it is one. */
export function toClassifierError(error: unknown): ClassifierError {
  return error instanceof ClassifierError ? error : fromWire(toWire(error));
}
