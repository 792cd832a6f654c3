// Downloads with progress, and with errors that name the address, the problem and the remedy.

import { ClassifierError, messageOf } from './errors.js';
import { nodeModule, nodeProcess } from './node.js';
import type { EarlyAnswer } from './protocol.js';

export interface DownloadOptions {
  /** Name of the file in error messages: 'the model', 'the WebAssembly module'. */
  what: string;
  /** Advice in error messages. */
  hint: string;
  /** Called with the number of bytes so far and in total. The total is undefined when neither server nor caller knows it. */
  onBytes?: ((loaded: number, total: number | undefined) => void) | undefined;
  /** Required length. */
  byteLength?: number | undefined;
  /** Maximum length of a file without `byteLength`. Default: 1 GB. */
  maxBytes?: number | undefined;
  /** Required SHA-256 checksum in lower-case hex. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
  /** A download that the page has started, for this address or another. */
  early?: EarlyAnswer | undefined;
}

/** Downloads a whole file; in Node it may be on disk. Throws 'load-failed' or 'aborted'. */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const max = maxOf(options);
  const bytes = isOnDisk(url) ? await readFile(url, options, max) : await fetchFile(url, options);
  if (bytes.byteLength > max) throw failed(url, options, `has more than ${max} bytes`);
  if (options.byteLength !== undefined && bytes.byteLength !== options.byteLength) {
    throw failed(url, options, `has ${bytes.byteLength} bytes instead of ${options.byteLength}`);
  }
  if (!(await hasSum(bytes, options.sha256))) throw failed(url, options, wrongSum);
  return bytes;
}

/** Reason for an error about a file that hasSum() refuses. */
export const wrongSum = 'does not have the expected SHA-256 checksum: it is damaged or another version';

/** Returns false for bytes with another sum. Without a sum, and where digests are unavailable, all bytes pass. */
export async function hasSum(bytes: Uint8Array<ArrayBuffer>, sha256: string | undefined): Promise<boolean> {
  return !sha256 || !canDigest() || (await digest(bytes)) === sha256;
}

function maxOf({ byteLength, maxBytes = 2 ** 30 }: Pick<DownloadOptions, 'byteLength' | 'maxBytes'>): number {
  return byteLength ?? maxBytes;
}

/** Returns true for a web page, which some servers send for every unknown address. */
export function isHtml(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  return start.startsWith('<!doctype') || start.startsWith('<html') || start.startsWith('<!--');
}

/** Makes the error for a file that arrived but is not usable. */
export function failed(
  url: string,
  { what, hint }: Pick<DownloadOptions, 'what' | 'hint'>,
  problem: string,
): ClassifierError {
  return new ClassifierError('load-failed', `Could not load ${what}: ${url} ${problem}. ${hint}`);
}

/** Returns true for a file that Node reads from disk. */
function isOnDisk(url: string): boolean {
  return url.startsWith('file:') && nodeProcess() !== undefined;
}

interface NodeFiles {
  stat(url: URL): Promise<{ size: number; isFile(): boolean }>;
  readFile(url: URL, options: object): Promise<Uint8Array<ArrayBuffer>>;
}

async function readFile(url: string, options: DownloadOptions, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const files = await nodeModule<NodeFiles>('node:fs/promises');
  try {
    const stat = await files.stat(new URL(url));
    // A device file never ends.
    if (!stat.isFile()) throw new Error('not a regular file');
    if (stat.size > max) throw new Error(`${stat.size} bytes, more than ${max}`);
    const bytes = new Uint8Array(await files.readFile(new URL(url), { signal: options.signal }));
    options.onBytes?.(bytes.byteLength, bytes.byteLength);
    return bytes;
  } catch (cause) {
    throw ended(options) ?? failed(url, options, `can't be read (${(cause as Error).message})`);
  }
}

/** Returns the error of an aborted download; undefined for other failures. */
function ended({ signal, what }: DownloadOptions): ClassifierError | undefined {
  return signal?.aborted
    ? new ClassifierError('aborted', `Loading ${what} was aborted.`, { cause: signal.reason })
    : undefined;
}

/** Downloads a file. Reading stops one piece after maxOf(). */
async function fetchFile(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const early = options.early?.url === url ? await receiveEarly(options.early) : undefined;
  const bytes = early ?? (await readBody(url, await request(url, options), options));
  if (isHtml(bytes)) throw failed(url, options, 'is a web page (HTML), not the file');
  return bytes;
}

/** Receives the file that the page downloads; undefined when that failed. */
function receiveEarly({ port }: EarlyAnswer): Promise<Uint8Array<ArrayBuffer> | undefined> {
  port.postMessage(true);
  return new Promise((resolve) => {
    port.onmessage = ({ data }: MessageEvent<Uint8Array<ArrayBuffer> | undefined>) => {
      port.close();
      resolve(data);
    };
  });
}

async function request(url: string, options: DownloadOptions): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { signal: options.signal ?? null });
  } catch (cause) {
    if (options.signal?.aborted) throw ended(options)!;
    const reason = messageOf(cause);
    throw new ClassifierError(
      'load-failed',
      `Could not load ${options.what}: no answer from ${url} (${reason}). Check the connection, the page's connect-src policy and, for another origin, that it sends CORS headers.`,
      { cause },
    );
  }
  if (!response.ok) throw failed(url, options, `answered ${`${response.status} ${response.statusText}`.trim()}`);
  return response;
}

/** Returns the number of bytes to come; undefined when the server doesn't say. */
function declaredLength(response: Response): number | undefined {
  // With a content encoding, the header counts other bytes than the reader returns.
  if (response.headers.get('content-encoding')) return undefined;
  const length = Number(response.headers.get('content-length'));
  return length > 0 ? length : undefined;
}

async function readBody(url: string, response: Response, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  let loaded = 0;
  const onBytes = (now: number, total: number | undefined) => {
    loaded = now;
    options.onBytes?.(now, total);
  };
  try {
    return await readReported(response, { ...options, onBytes });
  } catch (cause) {
    if (options.signal?.aborted) throw ended(options)!;
    throw new ClassifierError(
      'load-failed',
      `Could not load ${options.what}: ${url} broke off${loaded > 0 ? ` after ${loaded} bytes` : ''}. Check the connection and try again.`,
      { cause },
    );
  }
}

/** Reads a response with progress reports. */
export async function readReported(
  response: Response,
  options: Pick<DownloadOptions, 'byteLength' | 'maxBytes' | 'onBytes'>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { onBytes } = options;
  const total = options.byteLength ?? declaredLength(response);
  onBytes?.(0, total);
  return readAll(response, maxOf(options), (loaded) => onBytes?.(loaded, total));
}

/**
 * Reads a whole response. Reading stops soon after `max` bytes.
 * @param onBytes Called with the number of bytes so far.
 */
export async function readAll(
  response: Response,
  max: number,
  onBytes: (loaded: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array();
  const length = declaredLength(response) ?? Infinity;
  const reader = length <= max ? readerInPlace(response) : undefined;
  if (reader) {
    // The file is read into one buffer: joining pieces takes as long again, and twice the memory.
    bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { value, done } = await reader.read(bytes.subarray(filled));
      if (value) bytes = new Uint8Array(value.buffer);
      if (done || !value) return bytes.subarray(0, filled);
      filled += value.byteLength;
      onBytes(filled);
    }
    reader.releaseLock();
  }
  const rest = await readPieces(response, (loaded) => {
    onBytes(bytes.length + loaded);
    return bytes.length + loaded <= max;
  });
  return rest.length > 0 ? joinBytes([bytes, rest]) : bytes;
}

function readerInPlace({ body }: Response): ReadableStreamBYOBReader | undefined {
  try {
    return body?.getReader({ mode: 'byob' });
  } catch {
    return undefined;
  }
}

/** @param onBytes Called with the number of bytes so far. Returns whether to continue. */
async function readPieces({ body }: Response, onBytes: (loaded: number) => boolean): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let loaded = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    pieces.push(part.value);
    loaded += part.value.byteLength;
    if (!onBytes(loaded)) {
      await reader!.cancel();
      break;
    }
  }
  return joinBytes(pieces);
}

/** Joins pieces in order. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.byteLength;
  }
  return joined;
}

/** Returns true where digests are available. Browsers offer them on https and localhost only. */
export function canDigest(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** Returns the SHA-256 of bytes in lower-case hex; '' where digests are unavailable. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  return canDigest() ? digest(bytes as Uint8Array<ArrayBuffer>) : '';
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
