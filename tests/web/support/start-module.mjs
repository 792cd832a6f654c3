// Starts the real module in Node, without the package's loader.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './data.mjs';

/**
 * Starts a module whose two files are in `folder`, by default the package's variant without relaxed SIMD and threads. The glue can't
 * read its file itself. `settings` are added to those of the glue.
 */
export async function startModule(folder = path.join(root, 'web/dist/wasm/simd'), settings = {}) {
  const { default: createModule } = await import(path.join(folder, 'teachable.js'));
  return createModule({ wasmBinary: await readFile(path.join(folder, 'teachable.wasm')), ...settings });
}
