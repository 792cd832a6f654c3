// The picture journal: a file beside the data set with the embedding of each picture that was computed. It is written
// line by line during a run, so an interrupted run loses at most one picture:
//
//   {"format":"teachable-wasm pictures","version":1,"model":{…}}
//   {"sha256":"…","path":"cat/1.jpg","embedding":"<base64 of little-endian float32>"}
//
// After a complete run it holds exactly the pictures of the data set, each with the `id` of its example. Pictures are
// identified by their content: those that were moved, renamed or copied are not computed again, changed ones are.

import { closeSync, createReadStream, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CommandError, reasonOf } from './exit.js';
import { visible } from './visible.js';

export interface KnownPicture {
  /** SHA-256 of the file's content, as lower-case hex. */
  sha256: string;
  /** Path relative to the scanned folder. */
  path: string;
  /** Embedding of the picture, [embeddingSize]. */
  embedding: Float32Array;
  /** Id of the example in the data set. Missing before the data set was written. */
  id?: number | undefined;
}

export interface Journal {
  /** Description of the model that computed the embeddings, as the writer gave it. Undefined in an empty file. */
  model: unknown;
  pictures: KnownPicture[];
}

const format = 'teachable-wasm pictures';
const version = 1;

/** Returns the path of a data set's journal. */
export function journalOf(dataset: string): string {
  return `${dataset}.pictures.jsonl`;
}

/**
 * Reads a journal. Returns null when there is no file. Reading stops at a line that a crash left incomplete.
 * @throws CommandError when the file is no journal, has another version or can't be read
 */
export async function readJournal(file: string): Promise<Journal | null> {
  if (!existsSync(file)) return null;
  let journal: Journal | undefined;
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  try {
    for await (const line of lines) {
      const record = toRecord(line);
      if (!journal) {
        if (record?.['format'] !== format)
          throw new CommandError(
            `The file ${visible(file)} is not a picture journal of teachable-wasm. Move it, or choose another name for --out.`,
          );
        if (record['version'] !== version)
          throw new CommandError(
            `The picture journal ${visible(file)} has version ${visible(String(record['version']))}. Supported: version ${version}. Move the file, or install a newer version of teachable-wasm.`,
          );
        journal = { model: record['model'], pictures: [] };
        continue;
      }
      const picture = record && toPicture(record);
      if (!picture) break;
      journal.pictures.push(picture);
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`Can't read ${visible(file)}: ${reasonOf(cause)}.`, undefined, { cause });
  } finally {
    lines.close();
  }
  // The file is empty when the program ended before it wrote the first line.
  return journal ?? { model: undefined, pictures: [] };
}

/** Replaces a journal, then appends each picture as soon as it is computed. */
export class JournalWriter {
  readonly #file: string;
  readonly #descriptor: number;

  /** Writes all of `pictures` to a new file, then replaces the old one in one step, so that a crash loses nothing. */
  constructor(file: string, model: unknown, pictures: readonly KnownPicture[]) {
    const incoming = `${file}.incoming`;
    this.#file = file;
    this.#descriptor = this.#guard(() => openSync(incoming, 'w'));
    this.#write({ format, version, model });
    for (const picture of pictures) this.add(picture);
    this.#guard(() => renameSync(incoming, file));
  }

  add({ embedding, ...rest }: KnownPicture): void {
    this.#write({
      ...rest,
      embedding: Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString('base64'),
    });
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #write(record: object): void {
    this.#guard(() => writeSync(this.#descriptor, `${JSON.stringify(record)}\n`));
  }

  #guard<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      throw new CommandError(`Can't write ${visible(this.#file)}: ${reasonOf(cause)}.`, undefined, { cause });
    }
  }
}

function toRecord(line: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function toPicture({ sha256, path, embedding, id }: Record<string, unknown>): KnownPicture | undefined {
  if (typeof sha256 !== 'string' || typeof path !== 'string' || typeof embedding !== 'string') return undefined;
  const bytes = Buffer.from(embedding, 'base64');
  if (bytes.byteLength === 0 || bytes.byteLength % 4 !== 0) return undefined;
  // A Float32Array needs aligned memory. A Node buffer is a view into shared memory at any offset, so it is copied.
  return {
    sha256,
    path,
    embedding: new Float32Array(Uint8Array.from(bytes).buffer),
    id: typeof id === 'number' ? id : undefined,
  };
}
