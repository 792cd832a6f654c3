// Reading files of every environment.

import { brandOf } from './brand.js';

/** Reads a Blob. Those of jsdom have no arrayBuffer(). Rejects when the file can't be read. */
export function readBlob(blob: Blob): Promise<ArrayBuffer> {
  if (typeof blob.arrayBuffer === 'function') return blob.arrayBuffer();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error ?? new Error(`The ${brandOf(blob)} can't be read.`));
    reader.readAsArrayBuffer(blob);
  });
}
