// Pictures of a folder to embeddings, by several classifiers at once, each in a thread of its own.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Classifier } from 'teachable-wasm';
import { isCutOff } from './cut-off.js';
import { reasonOf } from './exit.js';
import type { LabelledPicture, SkippedFile } from './folder-scan.js';
import type { KnownPicture } from './picture-journal.js';
import type { ProgressLine } from './progress-line.js';

export interface EmbedJob {
  folder: string;
  pictures: readonly LabelledPicture[];
  /** Embeddings by the sha256 of the pictures' content, which needn't be computed. Grows. */
  known: Map<string, Float32Array>;
  /** The first of the classifiers; stays the caller's. */
  classifier: Classifier;
  /** >= 1: how many classifiers work at once. */
  threads: number;
  /** For one more of them. */
  open(): Promise<Classifier>;
  signal: AbortSignal;
  progress: ProgressLine;
  /** Pictures that can't be used. Grows. */
  skipped: SkippedFile[];
  /** A picture's embedding was computed, not known before. */
  onComputed?(picture: KnownPicture): void;
}

/**
 * @returns [pictures] Each picture with its embedding; undefined where it was skipped, or not reached before the signal.
 * @throws what isn't a single picture's fault.
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
  // All have to end before the journal is closed.
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
  if (isCutOff(bytes)) return skip(job, name, 'the file is cut off: its end is missing');
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
