// A file that the page asks for while the worker that wants it still starts, which takes a tenth of the time to the first result.

import type { EarlyAnswer } from './protocol.js';

/** Asks for a file. Of a failure nothing is told: who wants the file and finds no answer asks again. @param whole Whether it is sent at once. */
export function askEarly(url: string, whole: boolean, signal: AbortSignal | undefined): EarlyAnswer {
  const { port1, port2 } = new MessageChannel();
  send(port1, url, whole, signal).then(
    () => port1.postMessage(true),
    () => port1.postMessage(false),
  );
  return { url, port: port2 };
}

async function send(port: MessagePort, url: string, whole: boolean, signal: AbortSignal | undefined): Promise<void> {
  const response = await fetch(url, { signal: signal ?? null });
  if (!response.ok) throw response;
  port.postMessage([...response.headers]);
  if (whole) {
    const bytes = await response.arrayBuffer();
    return port.postMessage(new Uint8Array(bytes), [bytes]);
  }
  const reader = response.body!.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) port.postMessage(next.value, [next.value.buffer]);
}

/** In the worker: the answer; undefined where there is none. */
export function receiveEarly({ port }: EarlyAnswer): Promise<Response | undefined> {
  return new Promise((resolve) => {
    let body: ReadableStreamDefaultController<Uint8Array> | undefined;
    port.onmessage = ({ data }: MessageEvent<[string, string][] | Uint8Array | boolean>) => {
      if (data instanceof Uint8Array) return body!.enqueue(data);
      if (typeof data === 'object') return resolve(new Response(new ReadableStream({ start: (controller) => void (body = controller) }), { headers: data }));
      port.close();
      resolve(undefined);
      if (data) body!.close();
      else body?.error(new TypeError('the connection broke'));
    };
  });
}
