// A confusion matrix for a terminal.

import type { ConfusionMatrix } from './confusion-matrix.js';
import { visible } from './visible.js';

const mostLabelWidth = 24;
/** Wider columns than this carry the class' number instead of its name. */
const mostColumnWidth = 10;
const shareWidth = 6;

const segmenter = new Intl.Segmenter();

/** Columns that a terminal takes for a text. */
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

/** Cut to the width. */
function fit(text: string, most: number): string {
  const clean = visible(text);
  if (widthOf(clean) <= most) return clean;
  let cut = '';
  for (const { segment } of segmenter.segment(clean)) {
    if (widthOf(cut + segment) > most - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}

const left = (text: string, width: number) => text + ' '.repeat(width - widthOf(text));
const right = (text: string, width: number) => ' '.repeat(width - widthOf(text)) + text;

export function percent(share: number): string {
  return Number.isNaN(share) ? '–' : `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;
}

/** Rows are what examples are, columns what they were taken for; '.' is 0. */
export function toText({ labels, counts, recall }: ConfusionMatrix): string {
  const short = labels.map((label) => fit(label, mostLabelWidth));
  const numbered = short.some((label) => widthOf(label) > mostColumnWidth);
  const names = numbered
    ? short.map((label, i) => `${right(String(i + 1), String(labels.length).length)} ${label}`)
    : short;
  const heads = numbered ? labels.map((_, i) => String(i + 1)) : short;
  const cells = counts.map((row) => row.map((count) => (count === 0 ? '.' : String(count))));
  const columnWidths = heads.map((head, column) => Math.max(widthOf(head), ...cells.map((row) => row[column]!.length)));
  const nameWidth = Math.max(...names.map(widthOf));
  const shares = recall.map(percent);
  const lines = [
    [left('', nameWidth), ...heads.map((head, i) => right(head, columnWidths[i]!)), ` ${right('right', shareWidth)}`],
    ...cells.map((row, i) => [
      left(names[i]!, nameWidth),
      ...row.map((cell, column) => right(cell, columnWidths[column]!)),
      ` ${right(shares[i]!, shareWidth)}`,
    ]),
  ];
  return lines.map((line) => line.join('  ').trimEnd()).join('\n');
}
