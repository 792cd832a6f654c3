// Computes the embeddings of the pictures in a folder, with several classifiers at once, each in a worker thread of its own.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Classifier } from 'teachable-wasm';
import { reasonOf } from './exit.js';
import type { LabelledPicture, SkippedFile } from './folder-scan.js';
import type { KnownPicture } from './picture-journal.js';
import type { ProgressLine } from './progress-line.js';

export interface EmbedJob {
  /** Folder that was scanned. */
  folder: string;
  pictures: readonly LabelledPicture[];
  /** Known embeddings, by the SHA-256 of the picture file. embedPictures() adds those that it computes. */
  known: Map<string, Float32Array>;
  /** First classifier. The caller keeps it and disposes of it. */
  classifier: Classifier;
  /** Number of classifiers that work at the same time, >= 1. */
  threads: number;
  /** Opens one more classifier. embedPictures() disposes of it. */
  open(): Promise<Classifier>;
  /** Stops after the pictures that are being computed. */
  signal: AbortSignal;
  progress: ProgressLine;
  /** Pictures that can't be used. embedPictures() adds those that it can't read. */
  skipped: SkippedFile[];
  /** Called for each embedding that was computed. Not called for known ones. */
  onComputed?(picture: KnownPicture): void;
}

/**
 * Computes the embedding of each picture.
 * @returns One entry per picture, in order. Undefined for a picture that was skipped, or not reached before the abort.
 * @throws errors that are not about a single picture, such as 'out-of-memory'
 */
export async function embedPictures(job: EmbedJob): Promise<(KnownPicture | undefined)[]> {
  for (const file of job.skipped) noteSkipped(job, file);
  const results = new Array<KnownPicture | undefined>(job.pictures.length).fill(undefined);
  let next = 0;
  let failed = false;
  const work = async (first: Classifier | undefined): Promise<void> => {
    let own: Classifier | undefined;
    try {
      while (next < job.pictures.length && !job.signal.aborted && !failed) {
        const index = next++;
        results[index] = await embedPicture(
          job,
          job.pictures[index]!.path,
          async () => first ?? (own ??= await job.open()),
        );
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      own?.dispose();
    }
  };
  const workers = Array.from({ length: Math.min(job.threads, job.pictures.length) }, (_, i) =>
    work(i === 0 ? job.classifier : undefined),
  );
  // The caller closes the journal afterwards, so all workers must have ended.
  for (const each of await Promise.allSettled(workers)) if (each.status === 'rejected') throw each.reason;
  return results;
}

async function embedPicture(
  job: EmbedJob,
  name: string,
  classifier: () => Promise<Classifier>,
): Promise<KnownPicture | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path.join(job.folder, name));
  } catch (error) {
    return skip(job, name, reasonOf(error));
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const found = job.known.get(sha256);
  if (found) {
    job.progress.advance(name, false);
    return { sha256, path: name, embedding: found };
  }
  try {
    const embedding = await (await classifier()).embed(bytes);
    job.known.set(sha256, embedding);
    const picture = { sha256, path: name, embedding };
    job.onComputed?.(picture);
    job.progress.advance(name);
    return picture;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'bad-image') throw error;
    return skip(job, name, (error as Error).message);
  }
}

function skip(job: EmbedJob, name: string, reason: string): undefined {
  const file = { path: name, reason };
  job.skipped.push(file);
  noteSkipped(job, file);
  job.progress.advance(name, false);
}

function noteSkipped({ progress }: EmbedJob, { path: name, reason }: SkippedFile): void {
  progress.note(`Skipped ${name}: ${reason}${/[.!?]$/.test(reason) ? '' : '.'}`);
}
