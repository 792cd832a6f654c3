// The picture journal: a file beside the data set with the embedding of each picture that was computed. It is written
// line by line during a run, so an interrupted run loses at most one picture:
//
//   {"format":"teachable-wasm pictures","version":2,"model":{…},"count":1,"dataset":"…","replaces":"…"}
//   {"sha256":"…","path":"cat/1.jpg","embedding":"<base64 of little-endian float32>","check":"…"}
//
// After a complete run it holds exactly the pictures of the data set, each with the `id` of its example. Pictures are
// identified by their content: those that were moved, renamed or copied are not computed again, changed ones are.
//
// `dataset` is the SHA-256 of the data set to which the ids belong, and `replaces` that of the data set before it. They show
// whether the data set was changed by something else. `check` is a checksum of a line, so damaged lines are left out. `count` is
// the least number of lines that follow the first.

import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { CommandError, reasonOf } from './exit.js';
import { IncomingFile } from './incoming-file.js';
import { printableJson } from './printable.js';

export interface KnownPicture {
  /** SHA-256 of the file's content, as lower-case hex. */
  sha256: string;
  /** Path relative to the scanned folder. */
  path: string;
  /** Embedding of the picture, [embeddingSize]. */
  embedding: Float32Array;
  /** Id of the example in the data set, 0 to 2^32 - 1. Missing before the data set was written. */
  id?: number | undefined;
}

export interface JournalHeader {
  /** Description of the model that computed the embeddings, as the writer gave it. Undefined in an empty file. */
  model: unknown;
  /** SHA-256 of the data set that was written with these pictures. Missing before that. */
  dataset?: string | undefined;
  /** SHA-256 of the data set that it replaced. A crash between the two may have left that one in place. */
  replaces?: string | undefined;
}

export interface Journal extends JournalHeader {
  pictures: KnownPicture[];
  /** Number of lines that are missing, or were left out because they are damaged or incomplete. */
  damaged: number;
}

const format = 'teachable-wasm pictures';
const version = 2;
/** Version without checksums. Its lines can't be checked, so their pictures are computed again. */
const uncheckedVersion = 1;
/** A line with the embedding of a MobileNet has 7 kB. */
const maxLineBytes = 8 << 20;

/** Returns the path of a data set's journal. */
export function journalOf(dataset: string): string {
  return `${dataset}.pictures.jsonl`;
}

/**
 * Reads a journal. Returns null when there is no file. Lines that are damaged are left out, for example one that a crash left
 * incomplete. So are embeddings of another size than most have.
 * @param embeddingSize Number of values that each embedding must have; any number unless it is given.
 * @throws CommandError when the file is no journal, has an unknown version or can't be read
 */
export async function readJournal(file: string, embeddingSize?: number): Promise<Journal | null> {
  let journal: Journal | undefined;
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats) return null;
    if (!stats.isFile()) throw new Error('it is not a regular file');
    let isChecked = true;
    let expected = 0;
    for await (const line of readLines(file)) {
      const record = line === undefined ? undefined : toRecord(line);
      if (!journal) {
        isChecked = checkVersion(file, record) === version;
        journal = { ...toHeader(record!), pictures: [], damaged: 0 };
        const count = record!['count'];
        expected = Number.isSafeInteger(count) ? (count as number) : 0;
        continue;
      }
      const picture = record && isChecked ? toPicture(record) : undefined;
      if (picture && (embeddingSize === undefined || picture.embedding.length === embeddingSize))
        journal.pictures.push(picture);
      else journal.damaged += 1;
    }
    if (journal) journal.damaged += Math.max(0, expected - journal.pictures.length - journal.damaged);
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`Can't read ${file}: ${reasonOf(cause)}.`, undefined, { cause });
  }
  // The file is empty when the program ended before it wrote the first line.
  return journal ?? { model: undefined, pictures: [], damaged: 0 };
}

/** Replaces a journal, then appends each picture as soon as it is computed. */
export class JournalWriter {
  readonly #file: IncomingFile;

  /** Writes all of `pictures` to a new file, then replaces the old one in one step, so that a crash loses nothing. */
  constructor(file: string, { model, dataset, replaces }: JournalHeader, pictures: readonly KnownPicture[]) {
    this.#file = new IncomingFile(file);
    this.#write({ format, version, model, count: pictures.length, dataset, replaces });
    for (const picture of pictures) this.add(picture);
    this.#file.commit();
  }

  add({ sha256, path, embedding, id }: KnownPicture): void {
    const bytes = Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString('base64');
    this.#write({ sha256, path, embedding: bytes, id, check: checkOf(sha256, path, bytes, id) });
  }

  close(): void {
    this.#file.close();
  }

  #write(record: object): void {
    this.#file.write(`${printableJson(record)}\n`);
  }
}

/** Yields the lines of a file. Yields undefined for one that is too long, and then ends. */
async function* readLines(file: string): AsyncGenerator<string | undefined> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; start = end + 1, end = chunk.indexOf(10, start)) {
      yield Buffer.concat([...pending, chunk.subarray(start, end)]).toString();
      pending = [];
      pendingBytes = 0;
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > maxLineBytes) {
      yield undefined;
      return;
    }
  }
  if (pendingBytes > 0) yield Buffer.concat(pending).toString();
}

function toRecord(line: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function checkVersion(file: string, record: Record<string, unknown> | undefined): number {
  if (record?.['format'] !== format || !canBeWritten(record['model']))
    throw new CommandError(
      `The file ${file} is not a picture journal of teachable-wasm. Move it, or choose another name for --out.`,
    );
  const found = record['version'];
  if (found !== version && found !== uncheckedVersion)
    throw new CommandError(
      `The picture journal ${file} has version ${String(JSON.stringify(found)).slice(0, 40)}. Supported: version ${version}. Move the file, or install a newer version of teachable-wasm.`,
    );
  return found;
}

/** Returns false for a value that is nested so deeply that it can't be compared or written. */
function canBeWritten(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

function toHeader({ model, dataset, replaces }: Record<string, unknown>): JournalHeader {
  return {
    model,
    dataset: isSha256(dataset) ? dataset : undefined,
    replaces: isSha256(replaces) ? replaces : undefined,
  };
}

function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function checkOf(sha256: string, path: string, embedding: string, id: number | undefined): string {
  const text = JSON.stringify([sha256, path, embedding, id ?? null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function toPicture({ sha256, path, embedding, id, check }: Record<string, unknown>): KnownPicture | undefined {
  if (!isSha256(sha256) || typeof path !== 'string' || typeof embedding !== 'string') return undefined;
  if (id !== undefined && !(Number.isInteger(id) && Number(id) >= 0 && Number(id) < 2 ** 32)) return undefined;
  if (check !== checkOf(sha256, path, embedding, id as number | undefined)) return undefined;
  const bytes = Buffer.from(embedding, 'base64');
  if (bytes.byteLength === 0 || bytes.byteLength % 4 !== 0) return undefined;
  // A Float32Array needs aligned memory. A Node buffer is a view into shared memory at any offset, so it is copied.
  const values = new Float32Array(Uint8Array.from(bytes).buffer);
  if (!values.every(Number.isFinite)) return undefined;
  return { sha256, path, embedding: values, id: id as number | undefined };
}
