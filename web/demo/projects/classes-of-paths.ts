// Finds out which class each picture of a folder or an archive belongs to: the names of folders are the classes.

import { isHidden, partsOf } from '../zip/zip-name.js';

/** Why a file is no example: it is no picture, or lies beside the folders of the classes. */
export type PathProblem = 'not-picture' | 'beside';

/** Meaning of a path. */
export interface PathClass {
  /** Index of the path in the list. */
  index: number;
  /** Class of the picture, or undefined with a `problem`. */
  label: string | undefined;
  problem: PathProblem | undefined;
}

const pictureEnding = /\.(jpe?g|jfif|png|webp|bmp|gif|avif|heic|heif|tiff?|svg)$/i;
/** Mark that separates the class from the rest of a picture's name in a whole project of Teachable Machine. */
const projectMark = '-!-';
/** Folders that divide a data set otherwise than by class. */
const divisions = new Set(['train', 'training', 'test', 'testing', 'val', 'valid', 'validation']);

/** Returns true for the name of a file that may be a picture. */
export function isPictureName(name: string): boolean {
  return pictureEnding.test(name);
}

/**
 * Returns the class of each path. Folders around all pictures are not classes, unless there is no other folder. Folders inside of a
 * class belong to it. Files that systems add by themselves are left out.
 * @param source Name of the archive or of the choice, which is the class of pictures without any folder.
 */
export function classesOfPaths(paths: readonly string[], source: string): PathClass[] {
  const files = paths.map((path, index) => ({ index, parts: partsOf(path) }));
  const visible = files.filter(({ parts }) => parts.length > 0 && !isHidden(parts));
  const pictures = visible.filter(({ parts }) => isPictureName(parts.at(-1)!));
  const others: PathClass[] = visible
    .filter(({ parts }) => !isPictureName(parts.at(-1)!))
    // Archives of Teachable Machine contain such a file. It has nothing that the visitor would miss.
    .filter(({ parts }) => parts.at(-1) !== 'manifest.json')
    .map(({ index }) => ({ index, label: undefined, problem: 'not-picture' }));
  const depth = depthOfClasses(pictures.map(({ parts }) => parts));
  const labelled = pictures.map(({ index, parts }): PathClass => {
    const label = labelOf(parts, depth, source);
    return { index, label, problem: label === undefined ? 'beside' : undefined };
  });
  return [...labelled, ...others].sort((a, b) => a.index - b.index);
}

/** Returns the level of the folders that are classes: 0 for the outermost. It is -1 when no picture is in a folder. */
function depthOfClasses(paths: readonly string[][]): number {
  const folders = paths.map((parts) => parts.slice(0, -1));
  const deepest = Math.max(0, ...folders.map(({ length }) => length));
  if (deepest === 0) return -1;
  let depth = 0;
  for (; depth < deepest - 1; depth++) {
    const names = new Set(folders.filter(({ length }) => length > depth).map((parts) => parts[depth]!.toLowerCase()));
    const goesOn = names.size === 1 || [...names].every((name) => divisions.has(name));
    // Without a folder below, this one is the class of its pictures.
    const hasMoreFolders = folders.some(({ length }) => length > depth + 1);
    if (!goesOn || !hasMoreFolders) break;
    const inside = folders.filter(({ length }) => length > depth + 1);
    // A class with pictures and one folder of further pictures: the folder is no class of its own.
    const direct = folders.filter(({ length }) => length === depth + 1);
    const next = new Set(inside.map((parts) => parts[depth + 1]));
    if (direct.length > 0 && next.size < 2) break;
  }
  return depth;
}

function labelOf(parts: readonly string[], depth: number, source: string): string | undefined {
  const name = parts.at(-1)!;
  const mark = name.lastIndexOf(projectMark);
  if (mark > 0) return name.slice(0, mark);
  if (depth < 0) return nameOfSource(source);
  return parts.length - 1 > depth ? parts[depth] : undefined;
}

/** Returns the name of an archive as a class: 'Cat-samples.zip' of Teachable Machine is 'Cat'. */
function nameOfSource(source: string): string {
  return (
    source
      .replace(/\.(zip|tm)$/i, '')
      .replace(/( \(\d+\))$/, '')
      .replace(/[-_ ]samples$/i, '') || 'Class'
  );
}
