// Downloads that the page starts while the worker is still starting. This saves a tenth of the time to the first result.

import { readReported } from '../shared/download.js';
import type { EarlyAnswer } from '../shared/protocol.js';

interface EarlyOptions {
  /** Reads the file only when the worker asks for it. Reading a long file earlier would keep this thread from starting the worker. */
  waits: boolean;
  /** Expected length, if known. */
  byteLength: number | undefined;
  /** See DownloadOptions. */
  onBytes: ((loaded: number, total: number | undefined) => void) | undefined;
  signal: AbortSignal | undefined;
}

/** Starts the download of a file. A failure is not reported: the worker then downloads the file itself. */
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
  // A Node process does not wait for a worker that never asks.
  (port as { unref?(): void }).unref?.();
  const response = await fetch(url, { signal: signal ?? null });
  await wanted;
  // Some servers answer every unknown address with a web page.
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) throw response;
  return readReported(response, { byteLength, onBytes });
}
