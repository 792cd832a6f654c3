// What is known of pictures whose embeddings were computed, in a file beside the data set. It is written line by line
// while a run goes on, so that a run that ends anyhow loses one picture at most:
//
//   {"format":"teachable-wasm pictures","version":1,"model":{…}}
//   {"sha256":"…","path":"cat/1.jpg","embedding":"<base64 of little-endian float32>"}
//
// After a whole run it holds the pictures of the data set only, each with the `id` of its example. Pictures are known
// by their content: moved, renamed and copied ones aren't computed again, changed ones are.

import { closeSync, createReadStream, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { CommandError, reasonOf } from './exit.js';

export interface KnownPicture {
  /** Of the file's content, lower-case hex. */
  sha256: string;
  /** Relative to the scanned folder. */
  path: string;
  /** [embeddingSize] */
  embedding: Float32Array;
  /** Of the example in the data set; absent before there was one. */
  id?: number | undefined;
}

export interface Journal {
  /** The model that the embeddings are of, as the writer described it. */
  model: unknown;
  pictures: KnownPicture[];
}

const format = 'teachable-wasm pictures';
const version = 1;

/** Where the journal of a data set is. */
export function journalOf(dataset: string): string {
  return `${dataset}.pictures.jsonl`;
}

/** Null when there is none. A line that was cut off by a crash ends the reading; another kind of file is an error. */
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
            `${file} is not a list of pictures of this program. Move it away, or give another name to --out.`,
          );
        if (record['version'] !== version)
          throw new CommandError(
            `${file} has version ${String(record['version'])}; this program reads version ${version}. Move it away, or use a newer program.`,
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
    throw new CommandError(`${file} can't be read: ${reasonOf(cause)}.`, undefined, { cause });
  } finally {
    lines.close();
  }
  // Empty: the program ended before its first line.
  return journal ?? { model: undefined, pictures: [] };
}

/** Writes a journal anew, and each further picture as soon as it is known. */
export class JournalWriter {
  readonly #file: string;
  readonly #descriptor: number;

  /** The file is replaced at once, by all of `pictures`: never is there less in it than before. */
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
      throw new CommandError(`${this.#file} can't be written: ${reasonOf(cause)}.`, undefined, { cause });
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
  // A copy: Node's buffers share memory and needn't be aligned.
  return {
    sha256,
    path,
    embedding: new Float32Array(Uint8Array.from(bytes).buffer),
    id: typeof id === 'number' ? id : undefined,
  };
}
