// Teaches the kept pictures of a project again, with another network.

import type { Dataset } from '../dataset/dataset.js';
import { type ImportParts, type ImportResult, importPictures } from './import-pictures.js';

/** The pictures of a data set, which are independent of the network. It is plain data, which can be stored. */
export interface KeptPictures {
  pictures: { label: string; picture: Uint8Array }[];
  /** Number of examples that have no picture. They can't be taught again. */
  without: number;
}

/** Returns the pictures of all examples. */
export function keptPictures(dataset: Pick<Dataset, 'classes' | 'thumbnail'>): KeptPictures {
  const kept: KeptPictures = { pictures: [], without: 0 };
  for (const { label, ids } of dataset.classes) {
    for (const id of ids) {
      const picture = dataset.thumbnail(id);
      if (picture) kept.pictures.push({ label, picture });
      else kept.without++;
    }
  }
  return kept;
}

/** Returns those pictures of a stored value that are whole. */
export function readKeptPictures(value: unknown): KeptPictures {
  const { pictures, without } = Object(value) as { pictures?: unknown; without?: unknown };
  const list = Array.isArray(pictures) ? (pictures as unknown[]) : [];
  return {
    pictures: list.filter((each): each is KeptPictures['pictures'][number] => {
      const { label, picture } = Object(each) as Record<string, unknown>;
      return typeof label === 'string' && picture instanceof Uint8Array;
    }),
    without: typeof without === 'number' && without > 0 ? without : 0,
  };
}

/**
 * Adds kept pictures to the data set with the network in use, as one undo step. Pictures of earlier versions of the page have
 * 96 × 96 pixels; they work, less exactly.
 */
export async function reteach(
  kept: KeptPictures,
  description: string,
  parts: Omit<ImportParts, 'teach'>,
): Promise<ImportResult> {
  const pictures = kept.pictures.map(({ label, picture }, index) => ({
    path: `${label} ${index + 1}`,
    label,
    read: async () => new Blob([picture as Uint8Array<ArrayBuffer>]),
  }));
  const options = { k: 1, topk: 0, smoothing: 0 };
  return importPictures(pictures, description, {
    ...parts,
    async teach(picture, label) {
      const bytes = async () => new Uint8Array(await picture.arrayBuffer());
      const { exampleId } = await parts.dataset.teach(picture, () => label, options, bytes);
      return exampleId!;
    },
  });
}
