// A project's pictures as a zip file: one folder for each class.

import { writeZip, type ZipPart } from '../zip/write-zip.js';
import { safeName } from '../zip/zip-name.js';

/** A class with the pictures of its examples. */
export interface ClassPictures {
  label: string;
  /** Files of the examples; undefined for an example without a picture. */
  pictures: readonly (Uint8Array | undefined)[];
}

/** A zip file of pictures. */
export interface PictureExport {
  file: Blob;
  /** Number of pictures in it. */
  count: number;
  /** Number of examples that have no picture. */
  without: number;
}

/** The key of the archive's comment, which gives the labels of folders whose names differ. */
const foldersKey = 'teachable-wasm folders';
const maxCommentBytes = 0xffff;

/** Returns the pictures of all classes as a zip file. */
export async function exportPictures(classes: readonly ClassPictures[], date = new Date()): Promise<PictureExport> {
  const taken = new Set<string>();
  const renamed: [string, string][] = [];
  const files: ZipPart[] = [];
  let without = 0;
  for (const { label, pictures } of classes) {
    const kept = pictures.filter((picture) => picture !== undefined);
    without += pictures.length - kept.length;
    if (kept.length === 0) continue;
    const folder = safeName(label, 'class', taken);
    if (folder !== label) renamed.push([folder, label]);
    const digits = Math.max(3, String(kept.length).length);
    for (const [index, bytes] of kept.entries())
      files.push({ path: `${folder}/${String(index + 1).padStart(digits, '0')}.${endingOf(bytes)}`, bytes });
  }
  return { file: await writeZip(files, commentOf(renamed), date), count: files.length, without };
}

/** Returns the labels of folders by their names, as exportPictures() wrote them into an archive's comment. */
export function labelsOfComment(comment: string): Map<string, string> {
  try {
    const list = (JSON.parse(comment) as Record<string, unknown>)[foldersKey];
    if (!Array.isArray(list)) return new Map();
    return new Map(
      list.filter(
        (entry): entry is [string, string] =>
          Array.isArray(entry) && entry.length === 2 && entry.every((each) => typeof each === 'string'),
      ),
    );
  } catch {
    return new Map();
  }
}

function commentOf(renamed: [string, string][]): string {
  if (renamed.length === 0) return '';
  const comment = JSON.stringify({ [foldersKey]: renamed });
  return new TextEncoder().encode(comment).length <= maxCommentBytes ? comment : '';
}

function endingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return 'png';
  return bytes[0] === 0x52 && bytes[8] === 0x57 ? 'webp' : 'jpg';
}
