// The few parts of Node that the package uses. All other code is the same as in browsers.

interface Process {
  versions?: { node?: string };
  cwd(): string;
  exit(): never;
}

/** Returns Node's process object; undefined in browsers. */
export function nodeProcess(): Process | undefined {
  const { process } = globalThis as { process?: Process };
  // Bundlers add objects of this name to pages.
  return process?.versions?.node && typeof process.cwd === 'function' ? process : undefined;
}

/** Imports a built-in module of Node. The name is a parameter, so that bundlers for the web don't search for the module. */
export function nodeModule<T>(name: 'node:fs/promises' | 'node:worker_threads'): Promise<T> {
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name) as Promise<T>;
}
