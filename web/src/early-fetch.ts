// A file that the page asks for while the worker that wants it still starts, which takes a tenth of the time to the first result.

import type { EarlyAnswer } from './protocol.js';

/** Longer ones are read as browsers do it, without a place for them that is made beforehand. */
const mostReadInPlace = 2 ** 26;

interface EarlyOptions {
  /** Whether it is read only when the worker wants it: to read a long one before keeps this thread from telling the worker what to do. */
  waits: boolean;
  /** Whether it is sent in one piece. */
  whole: boolean;
  signal: AbortSignal | undefined;
}

/** Asks for a file. Of a failure nothing is told: who wants the file and finds no answer asks again. */
export function askEarly(url: string, options: EarlyOptions): EarlyAnswer {
  const { port1, port2 } = new MessageChannel();
  send(port1, url, options).then(
    () => port1.postMessage(true),
    () => port1.postMessage(false),
  );
  return { url, port: port2 };
}

async function send(port: MessagePort, url: string, { waits, whole, signal }: EarlyOptions): Promise<void> {
  const wanted = waits && new Promise((resolve) => (port.onmessage = resolve));
  // A process of Node needn't wait for a worker that never asks.
  (port as { unref?(): void }).unref?.();
  const response = await fetch(url, { signal: signal ?? null });
  await wanted;
  // Servers that answer every unknown address with their index mean no success.
  if (!response.ok || response.headers.get('content-type')?.startsWith('text/html')) throw response;
  if (whole) {
    const bytes = await readWhole(response);
    return port.postMessage(bytes, [bytes.buffer]);
  }
  port.postMessage([...response.headers]);
  const reader = response.body!.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) port.postMessage(next.value, [next.value.buffer]);
}

/** Reads into one buffer, in which the pieces need no joining, where the browser can: without, this thread is busy for as long as the worker takes to start. */
async function readWhole(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const length = Number(response.headers.get('content-length'));
  const reader = length > 0 && length <= mostReadInPlace && !response.headers.get('content-encoding') && readerInPlace(response.body!);
  if (!reader) return new Uint8Array(await response.arrayBuffer());
  let bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const { done, value } = await reader.read(bytes.subarray(filled));
    if (done || !value) throw response;
    filled += value.byteLength;
    bytes = new Uint8Array(value.buffer);
  }
  return bytes;
}

function readerInPlace(body: ReadableStream): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}

/** In the worker: the file, or an answer that it comes with; undefined where there is none. */
export function receiveEarly({ port }: EarlyAnswer): Promise<Uint8Array<ArrayBuffer> | Response | undefined> {
  port.postMessage(true);
  return new Promise((resolve) => {
    let body: ReadableStreamDefaultController<Uint8Array> | undefined;
    port.onmessage = ({ data }: MessageEvent<[string, string][] | Uint8Array<ArrayBuffer> | boolean>) => {
      if (data instanceof Uint8Array) return body ? body.enqueue(data) : resolve(data);
      if (typeof data === 'object') return resolve(new Response(new ReadableStream({ start: (controller) => void (body = controller) }), { headers: data }));
      port.close();
      resolve(undefined);
      if (data) body?.close();
      else body?.error(new TypeError('the connection broke'));
    };
  });
}
