// Addresses that mean the same on the page, in a worker and in Node.

import { ClassifierError } from './errors.js';
import { nodeProcess } from './node.js';
import { show } from './show.js';

/**
 * Returns the absolute address. Relative addresses are relative to the page, also in a worker. In Node, a string without a scheme is a
 * path.
 * @throws 'bad-argument'
 */
export function absolute(address: string | URL): string {
  // Test environments add a document to Node. Addresses are then relative to it.
  const { document, location } = globalThis as { document?: { baseURI: string }; location?: { href: string } };
  const process = document ? undefined : nodeProcess();
  try {
    if (!process) return new URL(address, document?.baseURI ?? location?.href).href;
    return new URL(toReference(String(address)), `${toReference(process.cwd())}/`).href;
  } catch (cause) {
    throw new ClassifierError('bad-argument', `${show(address)} is not an address.`, { cause });
  }
}

/** Converts a POSIX or Windows path to a URL reference. Addresses and relative references stay as they are. */
function toReference(path: string): string {
  const drive = /^[a-z]:[\\/]/i.test(path);
  if (/^[a-z][a-z\d+.-]*:/i.test(path) && !drive) return path;
  const escaped = path.replaceAll('\\', drive ? '/' : '\\').replace(/[%#?]/g, encodeURIComponent);
  return drive ? `file:///${escaped}` : escaped.startsWith('/') ? `file://${escaped}` : escaped;
}
