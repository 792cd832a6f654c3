// What callers call an address, to one that means the same on the page, in a worker and in Node.

import { ClassifierError } from './errors.js';
import { nodeProcess } from './node.js';

/**
 * The absolute address. Workers resolve addresses against themselves, pages against the page: the page's way is meant.
 * In Node, a string without a scheme is a path. Throws 'bad-argument'.
 */
export function absolute(address: string | URL): string {
  // Test environments give Node a document: there, a page is meant.
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  const process = document ? undefined : nodeProcess();
  try {
    if (!process) return new URL(address, document?.baseURI ?? location?.href).href;
    return new URL(toReference(String(address)), `${toReference(process.cwd())}/`).href;
  } catch (cause) {
    throw new ClassifierError('bad-argument', `'${String(address)}' is not an address.`, { cause });
  }
}

/** A path of POSIX or Windows as an address; what is one already, and what is relative, stays so. */
function toReference(path: string): string {
  const drive = /^[a-z]:[\\/]/i.test(path);
  if (/^[a-z][a-z\d+.-]*:/i.test(path) && !drive) return path;
  const escaped = path.replaceAll('\\', drive ? '/' : '\\').replace(/[%#?]/g, encodeURIComponent);
  return drive ? `file:///${escaped}` : escaped.startsWith('/') ? `file://${escaped}` : escaped;
}
