// Failures of code that isn't ours: the caller's callbacks and objects, and what the browser reads for them.

import { ClassifierError, type ErrorCode, toClassifierError } from './errors.js';

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
    return result instanceof Promise ? (result.catch(refuse) as T) : result;
  } catch (error) {
    return refuse(error);
  }
}

/** Classes whose methods are checked. */
const done = new WeakSet<object>();

/** Makes all methods of a class, and of those that it extends, `checked()`: their arguments may be of any kind. */
export function checkMethods(prototype: object): void {
  if (prototype === Object.prototype || done.has(prototype)) return;
  done.add(prototype);
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const { value: method, ...property } = Object.getOwnPropertyDescriptor(prototype, name)!;
    if (name === 'constructor' || typeof method !== 'function') continue;
    function call(this: unknown, ...args: unknown[]): unknown {
      return checked((): unknown => Reflect.apply(method as () => unknown, this, args));
    }
    Object.defineProperty(prototype, name, { ...property, value: call });
  }
  checkMethods(Object.getPrototypeOf(prototype) as object);
}
