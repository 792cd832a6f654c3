// The little that the package asks of Node. Everything else is the same code as in browsers.

interface Process {
  versions?: { node?: string };
  cwd(): string;
  exit(): never;
}

/** Node's process object; undefined in browsers. */
export function nodeProcess(): Process | undefined {
  const { process } = globalThis as { process?: Process };
  // Bundlers put objects of this name into pages.
  return process?.versions?.node && typeof process.cwd === 'function' ? process : undefined;
}

/** A built-in module of Node. The name is a parameter, so that bundlers for the web don't look for the module. */
export function nodeModule<T>(name: 'node:fs/promises' | 'node:worker_threads'): Promise<T> {
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name) as Promise<T>;
}
