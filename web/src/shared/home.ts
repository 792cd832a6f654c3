// Where the package's files are when a development server has moved its script away from them.

/** Caches of Vite and of Angular's server: the folder that holds node_modules, and the path of a file in the cache. */
const cache = /^(.*\/)(?:node_modules\/\.vite|\.angular\/cache\/.*\/vite)\/(?:[^/]+\/)?deps[^/]*\/(.*)$/;

/** Returns the address in node_modules of a file whose address is in a cache for scripts; other addresses as they are. */
export function atHome(address: string): string {
  return address.replace(cache, '$1node_modules/teachable-wasm/web/dist/$2');
}
