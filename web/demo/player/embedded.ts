// The files inside the player's page. In the player, the package's fetch() is the one below, and its addresses begin with
// 'embedded:///' (see web/dev/player.mjs). So nothing is ever requested from a network.

import { partsAddress } from '../takeaway/parts.js';

let files: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map();

/** Sets the files by their names. It is called once in the page and once in its worker. */
export function useFiles(all: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): void {
  files = all;
}

/** Returns the file at an address. Throws when there is none. */
export function fileAt(address: string): Uint8Array<ArrayBuffer> {
  const file = files.get(address.replace(partsAddress, ''));
  if (!file) throw new Error(`${address} is not in this file.`);
  return file;
}

/** Stands in for the browser's fetch(). */
export async function fetch(address: string | URL): Promise<Response> {
  return new Response(fileAt(String(address)));
}
