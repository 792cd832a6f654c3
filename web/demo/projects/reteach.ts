// Teaches the kept pictures of a project again, for example with another network.

import type { Dataset } from '../dataset/dataset.js';

/** The pictures of a data set, which are independent of the network. */
export interface KeptPictures {
  /** Labels of all classes, in the order of the page. */
  labels: string[];
  pictures: { label: string; picture: Uint8Array }[];
  /** Number of examples that have no picture. They can't be taught again. */
  without: number;
}

/** What was taught again. */
export interface Retaught {
  taught: number;
  /** Number of examples without a picture. */
  without: number;
  /** Number of pictures that the network refused. */
  failed: number;
  /** True when it was stopped before the last picture. */
  stopped: boolean;
}

/** Returns the pictures of all examples. */
export function keptPictures(dataset: Pick<Dataset, 'classes' | 'thumbnail'>): KeptPictures {
  const kept: KeptPictures = { labels: [], pictures: [], without: 0 };
  for (const { label, ids } of dataset.classes) {
    kept.labels.push(label);
    for (const id of ids) {
      const picture = dataset.thumbnail(id);
      if (picture) kept.pictures.push({ label, picture });
      else kept.without++;
    }
  }
  return kept;
}

/**
 * Adds classes and pictures to a data set with the network in use. Pictures of earlier versions of the page have 96 × 96 pixels; they work,
 * less exactly.
 * @param options `onProgress` is called before each picture. `signal` ends it after the current picture.
 * @throws Errors of a lost engine or a full memory. What was taught until then stays.
 */
export async function reteach(
  { labels, pictures, without }: KeptPictures,
  dataset: Pick<Dataset, 'classes' | 'addClass' | 'teach'>,
  { onProgress, signal }: { onProgress?(done: number, total: number): void; signal?: AbortSignal } = {},
): Promise<Retaught> {
  for (const label of labels) if (!dataset.classes.some((each) => each.label === label)) await dataset.addClass(label);
  const result: Retaught = { taught: 0, without, failed: 0, stopped: false };
  for (const [index, { label, picture }] of pictures.entries()) {
    if (signal?.aborted) {
      result.stopped = true;
      break;
    }
    onProgress?.(index, pictures.length);
    try {
      const options = { k: 1, topk: 0, smoothing: 0 };
      await dataset.teach(
        new Blob([picture as Uint8Array<ArrayBuffer>]),
        () => label,
        options,
        async () => picture,
      );
      result.taught++;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'bad-image') throw error;
      result.failed++;
    }
  }
  return result;
}
