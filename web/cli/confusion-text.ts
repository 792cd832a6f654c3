// Formats a confusion matrix as text for a terminal.

import type { ConfusionMatrix } from './confusion-matrix.js';
import { printable } from './printable.js';

const maxLabelWidth = 24;
/** Maximum width of a name above a column. With longer names, columns show the classes' numbers instead. */
const maxColumnWidth = 10;
const recallWidth = 6;

const segmenter = new Intl.Segmenter();

/** Returns the number of terminal columns that a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    const wide =
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u.test(
        segment,
      );
    width += wide ? 2 : 1;
  }
  return width;
}

/** Shortens a text to at most `maxWidth` terminal columns. */
function fit(text: string, maxWidth: number): string {
  const clean = printable(text);
  if (widthOf(clean) <= maxWidth) return clean;
  let cut = '';
  for (const { segment } of segmenter.segment(clean)) {
    if (widthOf(cut + segment) > maxWidth - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

const alignLeft = (text: string, width: number) => text + ' '.repeat(width - widthOf(text));
const alignRight = (text: string, width: number) => ' '.repeat(width - widthOf(text)) + text;

/** Formats a share of 0-1, such as '92.9 %'. NaN becomes a dash. */
export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;
}

/** Formats the matrix: one row per true class, one column per predicted class, '.' for 0. The last column is the recall. */
export function toText({ labels, counts, recall }: ConfusionMatrix): string[] {
  const short = labels.map((label) => fit(label, maxLabelWidth));
  const numbered = short.some((label) => widthOf(label) > maxColumnWidth);
  const names = numbered
    ? short.map((label, i) => `${alignRight(String(i + 1), String(labels.length).length)} ${label}`)
    : short;
  const heads = numbered ? labels.map((_, i) => String(i + 1)) : short;
  const cells = counts.map((row) => row.map((count) => (count === 0 ? '.' : String(count))));
  const columnWidths = heads.map((head, column) => Math.max(widthOf(head), ...cells.map((row) => row[column]!.length)));
  const nameWidth = Math.max(...names.map(widthOf));
  const shares = recall.map(percent);
  const lines = [
    [
      alignLeft('', nameWidth),
      ...heads.map((head, i) => alignRight(head, columnWidths[i]!)),
      ` ${alignRight('recall', recallWidth)}`,
    ],
    ...cells.map((row, i) => [
      alignLeft(names[i]!, nameWidth),
      ...row.map((cell, column) => alignRight(cell, columnWidths[column]!)),
      ` ${alignRight(shares[i]!, recallWidth)}`,
    ]),
  ];
  return lines.map((line) => line.join('  ').trimEnd());
}
