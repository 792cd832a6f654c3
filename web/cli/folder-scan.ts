// Finds the labelled pictures of a folder: DIR/<label>/**/<picture>.

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { CommandError, reasonOf } from './exit.js';

export interface LabelledPicture {
  /** Name of the folder directly below the scanned folder. */
  label: string;
  /** Path relative to the scanned folder, with '/' on every system. */
  path: string;
}

/** File that is a picture by its name but can't be used. */
export interface SkippedFile {
  /** Path relative to the scanned folder, with '/' on every system. */
  path: string;
  /** Reason, as part of a sentence or as a whole sentence. */
  reason: string;
}

export interface FolderScan {
  /** Pictures sorted by label, then by path, so that the order doesn't depend on the file system. */
  pictures: LabelledPicture[];
  skipped: SkippedFile[];
  /** Folders directly below the scanned folder that hold no picture. */
  emptyLabels: string[];
}

const supported = new Set(['.jpg', '.jpeg', '.png', '.bmp']);
/** Extensions of picture formats that the decoder module does not decode. Browsers decode some of them. */
const unsupported = new Set(['.webp', '.gif', '.avif', '.heic', '.heif', '.tif', '.tiff', '.jxl', '.svg', '.ico']);

/**
 * Scans a folder. Looks only at names, not into the files. Ignores hidden files and files that are not pictures.
 * @throws CommandError when a folder can't be read or there is no picture to use
 */
export async function scanFolder(folder: string): Promise<FolderScan> {
  const scan: FolderScan = { pictures: [], skipped: [], emptyLabels: [] };
  for (const entry of await list(folder, folder)) {
    if (!entry.isFolder) {
      if (isPicture(entry.name)) scan.skipped.push({ path: entry.name, reason: 'it is not in a label folder' });
      continue;
    }
    const before = scan.pictures.length;
    await scanLabel(folder, entry.name, entry.name, scan);
    if (scan.pictures.length === before) scan.emptyLabels.push(entry.name);
  }
  if (scan.pictures.length === 0) {
    const [first] = scan.skipped;
    const found = first
      ? ` Found ${scan.skipped.length === 1 ? 'one picture' : `${scan.skipped.length} pictures`} that can't be used, such as ${first.path}: ${first.reason}.`
      : '';
    throw new CommandError(
      `The folder ${folder} has no pictures in label folders.${found} Put JPEG, PNG or BMP files into ${path.join(folder, '<label>', '<picture>')}.`,
    );
  }
  return scan;
}

async function scanLabel(root: string, label: string, below: string, scan: FolderScan): Promise<void> {
  for (const { name, isFolder } of await list(root, path.join(root, below))) {
    const where = `${below}/${name}`;
    const kind = path.extname(name).toLowerCase();
    if (isFolder) await scanLabel(root, label, where, scan);
    else if (supported.has(kind)) scan.pictures.push({ label, path: where });
    else if (unsupported.has(kind))
      scan.skipped.push({ path: where, reason: `unsupported format ${kind.slice(1)} (supported: JPEG, PNG and BMP)` });
  }
}

function isPicture(name: string): boolean {
  const kind = path.extname(name).toLowerCase();
  return supported.has(kind) || unsupported.has(kind);
}

async function list(root: string, folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new CommandError(`Can't read the folder ${folder}: ${reasonOf(cause)}.`, undefined, { cause });
  }
  const found: { name: string; isFolder: boolean }[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    // Links to files and to label folders are followed. Links to other folders are not: they could count pictures twice or never end.
    const isLink = entry.isSymbolicLink();
    const target = isLink ? await stat(path.join(folder, entry.name)).catch(() => undefined) : entry;
    if (target?.isFile() || (target?.isDirectory() && (!isLink || folder === root)))
      found.push({ name: entry.name, isFolder: target.isDirectory() });
  }
  // Sorted by code units, so that the order is the same for every language setting.
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
