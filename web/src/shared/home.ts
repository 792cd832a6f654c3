// Where the package's files are, also when a tool has moved its script away from them.

import { absolute } from './addresses.js';
import { ClassifierError } from './errors.js';
import { nodeProcess } from './node.js';

/** Caches of Vite and of Angular's server: the folder that holds node_modules, and the path of a file in the cache. */
const cache = /^(.*\/)(?:node_modules\/\.vite|\.angular\/cache\/.*\/vite)\/(?:[^/]+\/)?deps[^/]*\/(.*)$/;

/** Returns the address in node_modules of a file whose address is in a cache for scripts; other addresses as they are. */
export function atHome(address: string): string {
  return address.replace(cache, '$1node_modules/teachable-wasm/web/dist/$2');
}

/** Returns the address of a file of the package. Turbopack turns the literals into objects like a URL, without an origin. */
export function bundled({ href }: URL): URL {
  return new URL(absolute(atHome(href)));
}

/**
 * Throws 'load-failed' where the package's files can't be found, or can't be read by a script.
 * @param wasmUrl The caller's option. Who gives it says where the files are.
 */
export function requireHome(wasmUrl: unknown): void {
  // Bundlers that write CommonJS take the script's address away.
  if (!import.meta.url && wasmUrl === undefined)
    throw new ClassifierError(
      'load-failed',
      "A bundler has put this package into its own script, where the package can't find its other files. Mark 'teachable-wasm' as external: 'external' of esbuild, 'externals' of webpack, 'serverExternalPackages' of Next.js.",
    );
  // Not by the script's address, which webpack replaces by that of the source file. Electron's pages can read files.
  const { location, navigator } = globalThis as { location?: { protocol: string }; navigator?: { userAgent: string } };
  if (location?.protocol === 'file:' && !nodeProcess() && !/Electron/.test(navigator?.userAgent ?? ''))
    throw new ClassifierError(
      'load-failed',
      'A page from a file address cannot read the files of this package. Serve the folder over http, for example with: npx serve.',
    );
}
