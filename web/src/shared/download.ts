// Files over HTTP with byte progress, and errors that say which address, what came back and what to do.

import { ClassifierError } from './errors.js';
import { nodeModule, nodeProcess } from './node.js';
import type { EarlyAnswer } from './protocol.js';

export interface DownloadOptions {
  /** For the error's sentence: 'the model', 'the WebAssembly module'. */
  what: string;
  /** What to do when the file isn't there. */
  hint: string;
  /** Bytes so far and in all; the latter is undefined when neither server nor caller knows. */
  onBytes?: ((loaded: number, total: number | undefined) => void) | undefined;
  /** The length that the file must have. */
  byteLength?: number | undefined;
  /** Of a file whose length nobody knows, the most that is read of it. Default: 1 GB. */
  mostBytes?: number | undefined;
  /** The digest that the file must have, lower-case hex. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
  /** An answer that is on its way already, for this address or another. */
  early?: EarlyAnswer | undefined;
}

/** Fetches a file whole. In Node, from the disk too. Throws 'load-failed', or 'aborted' by the signal. */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const most = mostOf(options);
  const bytes = isOnDisk(url) ? await readFile(url, options, most) : await fetchFile(url, options);
  if (bytes.byteLength > most) throw failed(url, options, `has more than ${most} bytes`);
  if (options.byteLength !== undefined && bytes.byteLength !== options.byteLength) {
    throw failed(url, options, `has ${bytes.byteLength} bytes instead of ${options.byteLength}`);
  }
  if (options.sha256 && canDigest() && (await digest(bytes)) !== options.sha256) {
    throw failed(url, options, 'does not have the expected SHA-256 checksum: it is damaged or another version');
  }
  return bytes;
}

function mostOf({ byteLength, mostBytes = 2 ** 30 }: Pick<DownloadOptions, 'byteLength' | 'mostBytes'>): number {
  return byteLength ?? mostBytes;
}

/** Whether a file is a web page: what servers send that answer every unknown address with their index. */
export function isHtml(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  return start.startsWith('<!doctype') || start.startsWith('<html') || start.startsWith('<!--');
}

/** An error about a file that came, but isn't what it should be. */
export function failed(
  url: string,
  { what, hint }: Pick<DownloadOptions, 'what' | 'hint'>,
  problem: string,
): ClassifierError {
  return new ClassifierError('load-failed', `Could not load ${what}: ${url} ${problem}. ${hint}`);
}

/** Whether an address is Node's to read. */
function isOnDisk(url: string): boolean {
  return url.startsWith('file:') && nodeProcess() !== undefined;
}

interface NodeFiles {
  stat(url: URL): Promise<{ size: number; isFile(): boolean }>;
  readFile(url: URL, options: object): Promise<Uint8Array<ArrayBuffer>>;
}

async function readFile(url: string, options: DownloadOptions, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const files = await nodeModule<NodeFiles>('node:fs/promises');
  try {
    const stat = await files.stat(new URL(url));
    // A device never ends.
    if (!stat.isFile()) throw new Error('not a regular file');
    if (stat.size > most) throw new Error(`${stat.size} bytes, more than ${most}`);
    const bytes = new Uint8Array(await files.readFile(new URL(url), { signal: options.signal }));
    options.onBytes?.(bytes.byteLength, bytes.byteLength);
    return bytes;
  } catch (cause) {
    throw ended(options) ?? failed(url, options, `can't be read (${(cause as Error).message})`);
  }
}

/** The error of a download that was given up. */
function ended({ signal, what }: DownloadOptions): ClassifierError | undefined {
  return signal?.aborted
    ? new ClassifierError('aborted', `Loading ${what} was aborted.`, { cause: signal.reason })
    : undefined;
}

/** Of a server's answer, at most one piece more than mostOf(). */
async function fetchFile(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const early = options.early?.url === url ? await receiveEarly(options.early) : undefined;
  const bytes = early ?? (await readBody(url, await request(url, options), options));
  if (isHtml(bytes)) throw failed(url, options, 'is a web page (HTML), not the file');
  return bytes;
}

/** The file that the page has asked for; undefined where that failed. */
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ClassifierError(
      'load-failed',
      `Could not load ${options.what}: no answer from ${url} (${reason}). Check the connection, the page's connect-src policy and, for another origin, that it sends CORS headers.`,
      { cause },
    );
  }
  if (!response.ok) throw failed(url, options, `answered ${`${response.status} ${response.statusText}`.trim()}`);
  return response;
}

/** Bytes that will come, as far as the server says. */
function declaredLength(response: Response): number | undefined {
  // With a content encoding the header counts other bytes than the reader delivers.
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

/** What an answer holds, as a download reads and reports it. */
export async function readReported(
  response: Response,
  options: Pick<DownloadOptions, 'byteLength' | 'mostBytes' | 'onBytes'>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { onBytes } = options;
  const total = options.byteLength ?? declaredLength(response);
  onBytes?.(0, total);
  return readAll(response, mostOf(options), (loaded) => onBytes?.(loaded, total));
}

/** All that an answer holds or, of one that goes on, some more than `most` bytes. @param onBytes Hears how many there are. */
export async function readAll(
  response: Response,
  most: number,
  onBytes: (loaded: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array();
  const length = declaredLength(response) ?? Infinity;
  const reader = length <= most ? readerInPlace(response) : undefined;
  if (reader) {
    // Into one buffer: to join pieces takes as long again, and twice the memory.
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
    return bytes.length + loaded <= most;
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

/** @param onBytes Hears how many there are, and says whether to go on. */
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

/** Pieces, one after the other. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.byteLength;
  }
  return joined;
}

/** Browsers offer digests to https and localhost only. */
export function canDigest(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** The SHA-256 of bytes in lower-case hex; empty where the browser offers none. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  return canDigest() ? digest(bytes as Uint8Array<ArrayBuffer>) : '';
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
