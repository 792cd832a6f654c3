// Data set files: how they are recognised, and how they are downloaded.

import { texts } from '../texts/texts.js';

/** 'dataset' is the binary format of teachable-wasm, 'json' any JSON that it imports. */
export type DatasetFormat = 'dataset' | 'json';

/** Returns the format of a data set file by its name or type, or undefined for other files. */
export function datasetFormat({ name, type }: File): DatasetFormat | undefined {
  if (/\.json$/i.test(name) || type === 'application/json') return 'json';
  return /\.tmkn$/i.test(name) ? 'dataset' : undefined;
}

/** Returns true for an archive: of pictures, or a whole project of Teachable Machine. */
export function isArchive({ name, type }: File): boolean {
  return /\.(zip|tm)$/i.test(name) || /^application\/(x-)?zip/.test(type);
}

/** Gives a file to the visitor as a download. */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // Some browsers read the address only after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Returns a file name with the date of today, for example 'examples 2025-03-31.tmkn'. */
export function datedFileName(what = texts.files.examplesFile, ending = 'tmkn'): string {
  const now = new Date();
  const twoDigits = (value: number) => String(value).padStart(2, '0');
  return `${what} ${now.getFullYear()}-${twoDigits(now.getMonth() + 1)}-${twoDigits(now.getDate())}.${ending}`;
}
