// Draws a confusion matrix as an SVG image that is readable in light and in dark mode.

import type { ConfusionMatrix } from './confusion-matrix.js';
import { percent } from './confusion-text.js';
import { printable } from './printable.js';

/** Side of a cell in pixels. */
const cell = 44;
const fontSize = 13;
/** Average width in pixels of a sans-serif letter at 13 px. */
const letter = 7.2;
const maxLetters = 28;
/** Share of a row above which white text is easier to read than black. The contrast is at least 4.5 on both sides of it. */
const whiteFrom = 0.77;
const legend = 'Rows: true class. Columns: predicted class.';

/** Escapes text for XML and replaces characters that XML forbids or that hide others. A folder's name may contain any character. */
function escapeXml(text: string): string {
  const kept = printable(text).replace(/[\ufffe\uffff]/g, '\ufffd');
  return kept.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function shorten(label: string): string {
  const letters = [...label];
  return letters.length > maxLetters ? `${letters.slice(0, maxLetters - 1).join('')}…` : label;
}

/** Estimates the width of a label in pixels. Letters of wide scripts take about twice the width. */
function widthOf(label: string): number {
  return [...label].reduce((width, each) => width + (each > '\u2e80' ? fontSize + 1 : letter), 0);
}

const style = `
  svg { color-scheme: light dark; font: ${fontSize}px system-ui, "Segoe UI", Roboto, sans-serif; }
  .page { fill: #ffffff } text { fill: #1d1d1f } .soft { fill: #5b5b63 } .grid { fill: none; stroke: #d3d3da }
  .cell { fill: #f3f3f6 } .right { fill: #0f6b4f } .wrong { fill: #b92f27 } .count { fill: #000000 } .on { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    .page { fill: #17171a } text { fill: #f0f0f3 } .soft { fill: #a9a9b3 } .grid { stroke: #3d3d45 }
    .cell { fill: #232328 } .right { fill: #1f7f5d } .wrong { fill: #c0453c } .count { fill: #ffffff }
  }`;

/** Draws the matrix: one row per true class, one column per predicted class. A cell's colour shows its share of the row. */
export function toSvg({ labels, counts, recall }: ConfusionMatrix, title: string): string {
  const shown = labels.map(shorten);
  const labelSpace = Math.ceil(Math.max(60, ...shown.map(widthOf))) + 16;
  const headSpace = Math.ceil(labelSpace * 0.72) + 34;
  const size = labels.length * cell;
  // The slanted name of a column may extend beyond the right edge of the matrix.
  const reach = Math.max(...shown.map((label, i) => (i + 0.5) * cell + 0.72 * widthOf(label) + 16));
  const width = Math.ceil(
    Math.max(labelSpace + Math.max(size + 76, reach), 1.25 * widthOf(title) + 32, widthOf(legend) + 32),
  );
  const [left, top] = [labelSpace, headSpace + 40];
  const height = top + size + 44;
  const middle = cell / 2;
  const parts: string[] = [
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text x="16" y="28" font-size="16" font-weight="600">${escapeXml(title)}</text>`,
  ];
  labels.forEach((label, i) => {
    const at = i * cell + middle;
    parts.push(
      `<text x="${left - 10}" y="${top + at + 4}" text-anchor="end">${escapeXml(shown[i]!)}<title>${escapeXml(label)}</title></text>`,
    );
    parts.push(
      `<text transform="translate(${left + at + 4} ${top - 8}) rotate(-45)">${escapeXml(shown[i]!)}<title>${escapeXml(label)}</title></text>`,
    );
    parts.push(`<text class="soft" x="${left + size + 12}" y="${top + at + 4}">${percent(recall[i]!)}</text>`);
  });
  counts.forEach((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    row.forEach((count, j) => {
      const [x, y] = [left + j * cell, top + i * cell];
      const share = total > 0 ? count / total : 0;
      parts.push(`<rect class="cell" x="${x}" y="${y}" width="${cell}" height="${cell}"/>`);
      if (count === 0) return;
      // At least 0.25, so that a single mistake among thousands is visible.
      const opacity = (0.25 + 0.75 * share).toFixed(3);
      parts.push(
        `<rect class="${i === j ? 'right' : 'wrong'}" fill-opacity="${opacity}" x="${x}" y="${y}" width="${cell}" height="${cell}"><title>${escapeXml(`${labels[i]} predicted as ${labels[j]}: ${count} of ${total}`)}</title></rect>`,
      );
      parts.push(
        `<text class="count${share > whiteFrom ? ' on' : ''}" x="${x + middle}" y="${y + middle + 4.5}" text-anchor="middle" pointer-events="none">${count}</text>`,
      );
    });
  });
  const lines = labels.map((_, i) => `M${left} ${top + i * cell}h${size}M${left + i * cell} ${top}v${size}`).join('');
  parts.push(`<path class="grid" d="${lines}M${left} ${top + size}h${size}M${left + size} ${top}v${size}"/>`);
  parts.push(`<text class="soft" x="16" y="${top + size + 28}">${legend}</text>`);
  const body = parts.map((part) => `  ${part}`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">\n  <title>${escapeXml(title)}</title>\n  <style>${style}\n  </style>\n${body}\n</svg>\n`;
}
