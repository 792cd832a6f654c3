// Failures of code that isn't ours: the caller's callbacks and objects, and what the browser reads for them.

import { isPromise } from './brand.js';
import { ClassifierError, type ErrorCode, toClassifierError } from './errors.js';
import { keepSelf } from './self.js';

/** Makes an error with the message of another one, whose code is kept unless it is 'internal'. */
export function foreign(code: ErrorCode, what: string, cause: unknown): ClassifierError {
  const known = toClassifierError(cause);
  return new ClassifierError(known.code === 'internal' ? code : known.code, `${what}: ${known.message}`, { cause });
}

/** Makes the error of an `onProgress` that threw `cause`. */
export function callbackFailed(cause: unknown): ClassifierError {
  const { message } = toClassifierError(cause);
  return new ClassifierError('bad-argument', `The callback 'onProgress' threw an error: ${message}`, { cause });
}

/** Calls `body`. What it throws, or rejects with, becomes a ClassifierError: 'bad-argument' when it is not of this library. */
export function checked<T>(body: () => T): T {
  const refuse = (cause: unknown): never => {
    const known = toClassifierError(cause);
    if (known === cause || known.code !== 'internal') throw known;
    throw foreign('bad-argument', "An argument can't be used", cause);
  };
  try {
    const result = body();
    return isPromise(result) ? (result.then(undefined, refuse) as T) : result;
  } catch (error) {
    return refuse(error);
  }
}

/** Makes all methods of an object's class `checked()`, because their arguments may be of any kind. They also work on its proxies. */
export function checkMethods(object: object): void {
  keepSelf(object, checked);
}
