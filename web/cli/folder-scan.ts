// A folder of labelled pictures: DIR/<label>/**/<picture>.

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { CommandError, reasonOf } from './exit.js';

export interface LabelledPicture {
  /** The folder right below the one that was scanned. */
  label: string;
  /** Relative to the scanned folder, with '/' on every system. */
  path: string;
}

/** A file that looks like a picture but can't be used. */
export interface SkippedFile {
  path: string;
  reason: string;
}

export interface FolderScan {
  /** By label, then path: the order doesn't depend on the file system. */
  pictures: LabelledPicture[];
  skipped: SkippedFile[];
  /** Folders right below without a picture. */
  emptyLabels: string[];
}

const readable = new Set(['.jpg', '.jpeg', '.png', '.bmp']);
/** Pictures in formats that the module doesn't decode; browsers decode some of them. */
const unreadable = new Set(['.webp', '.gif', '.avif', '.heic', '.heif', '.tif', '.tiff', '.jxl', '.svg', '.ico']);

/** Looks at names only, not into the files. Hidden files, and files that aren't pictures, don't count. */
export async function scanFolder(folder: string): Promise<FolderScan> {
  const scan: FolderScan = { pictures: [], skipped: [], emptyLabels: [] };
  for (const entry of await list(folder, folder)) {
    if (!entry.isFolder) {
      if (isPicture(entry.name))
        scan.skipped.push({ path: entry.name, reason: 'it lies in no folder, so it has no label' });
      continue;
    }
    const before = scan.pictures.length;
    await scanLabel(folder, entry.name, entry.name, scan);
    if (scan.pictures.length === before) scan.emptyLabels.push(entry.name);
  }
  if (scan.pictures.length === 0) {
    const seen =
      scan.skipped.length > 0
        ? ` ${scan.skipped.length === 1 ? 'One picture' : `${scan.skipped.length} pictures`} can't be used: ${scan.skipped[0]!.path}, ${scan.skipped[0]!.reason}.`
        : '';
    throw new CommandError(
      `${folder} has no pictures in folders. Wanted: ${path.join(folder, '<label>', '<picture>')} as .jpg, .png or .bmp.${seen}`,
    );
  }
  return scan;
}

async function scanLabel(root: string, label: string, below: string, scan: FolderScan): Promise<void> {
  for (const { name, isFolder } of await list(root, path.join(root, below))) {
    const where = `${below}/${name}`;
    const kind = path.extname(name).toLowerCase();
    if (isFolder) await scanLabel(root, label, where, scan);
    else if (readable.has(kind)) scan.pictures.push({ label, path: where });
    else if (unreadable.has(kind))
      scan.skipped.push({ path: where, reason: `${kind.slice(1)} files can't be read, only JPEG, PNG and BMP` });
  }
}

function isPicture(name: string): boolean {
  const kind = path.extname(name).toLowerCase();
  return readable.has(kind) || unreadable.has(kind);
}

async function list(root: string, folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new CommandError(`The folder ${folder} can't be read: ${reasonOf(cause)}.`, undefined, { cause });
  }
  const found: { name: string; isFolder: boolean }[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    // A link to a folder would count pictures twice, or never end; a link to a file is a file, as is a folder that is the label.
    const isLink = entry.isSymbolicLink();
    const target = isLink ? await stat(path.join(folder, entry.name)).catch(() => undefined) : entry;
    if (target?.isFile() || (target?.isDirectory() && (!isLink || folder === root)))
      found.push({ name: entry.name, isFolder: target.isDirectory() });
  }
  // By code units: the same on every machine, whatever its language.
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
