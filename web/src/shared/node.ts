// The few parts of Node that the package uses. All other code is the same as in browsers.

interface Process {
  versions?: { node?: string };
  /** Set by Electron: 'browser' for its main process, 'renderer' for a page, 'worker' for a worker of a page. */
  type?: string;
  cwd(): string;
  getBuiltinModule?(name: string): unknown;
  exit(): never;
}

/** Returns Node's process object; undefined in browsers. */
export function nodeProcess(): Process | undefined {
  const { process } = globalThis as { process?: Process };
  // Bundlers add objects of this name to pages. Pages of Electron may have the real one.
  const isPage = process?.type === 'renderer' || process?.type === 'worker';
  return process?.versions?.node && typeof process.cwd === 'function' && !isPage ? process : undefined;
}

/** Returns a built-in module of Node. The name is a parameter, so that bundlers for the web don't search for the module. */
export async function nodeModule<T>(name: 'node:fs/promises' | 'node:worker_threads'): Promise<T> {
  // import() fails in Jest unless Node runs with --experimental-vm-modules. Node has this function since 20.16.
  const module = nodeProcess()?.getBuiltinModule?.(name);
  if (module) return module as T;
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name) as Promise<T>;
}
