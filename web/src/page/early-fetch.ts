// A file that the page asks for while the worker that wants it still starts, which takes a tenth of the time to the first result.

import { readReported } from '../shared/download.js';
import type { EarlyAnswer } from '../shared/protocol.js';

interface EarlyOptions {
  /** Whether it is read only when the worker wants it: to read a long one before keeps this thread from telling the worker what to do. */
  waits: boolean;
  /** The length that it should have, as far as it is known. */
  byteLength: number | undefined;
  /** As of a download. */
  onBytes: ((loaded: number, total: number | undefined) => void) | undefined;
  signal: AbortSignal | undefined;
}

/** Asks for a file. Of a failure nothing is told: who wants the file and finds no answer asks again. */
export function askEarly(url: string, options: EarlyOptions): EarlyAnswer {
  const { port1, port2 } = new MessageChannel();
  read(port1, url, options).then(
    (bytes) => port1.postMessage(bytes, [bytes.buffer]),
    () => port1.postMessage(undefined),
  );
  return { url, port: port2 };
}

async function read(
  port: MessagePort,
  url: string,
  { waits, byteLength, onBytes, signal }: EarlyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const wanted = waits && new Promise((resolve) => (port.onmessage = resolve));
  // A process of Node needn't wait for a worker that never asks.
  (port as { unref?(): void }).unref?.();
  const response = await fetch(url, { signal: signal ?? null });
  await wanted;
  // Servers that answer every unknown address with their index mean no success.
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) throw response;
  return readReported(response, { byteLength, onBytes });
}
