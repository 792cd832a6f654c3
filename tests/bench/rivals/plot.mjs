// Draws the times of the engines as an SVG image that is readable in light and in dark mode.

import { engines } from './engines.mjs';
import { partsOf } from './table.mjs';

const layout = { left: 230, top: 106, width: 520, row: 36, right: 36, bottom: 44 };

const style = `
  svg { color-scheme: light dark; font: 13px system-ui, "Segoe UI", Roboto, sans-serif; }
  .page { fill: #ffffff } text { fill: #1d1d1f } .soft { fill: #5b5b63 } .grid { stroke: #d3d3da }
  .whisker { stroke: var(--ink); stroke-width: 1.5 } .point { fill: var(--ink) } .legend { fill: var(--ink) }
  .c0 { --ink: #1c5fb8 } .c1 { --ink: #a05a00 } .c2 { --ink: #0f6b4f } .c3 { --ink: #8a2c8f } .c4 { --ink: #b92f27 } .c5 { --ink: #6b6b73 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #17171a } text { fill: #f0f0f3 } .soft { fill: #a9a9b3 } .grid { stroke: #3d3d45 }
    .c0 { --ink: #6aa7ff } .c1 { --ink: #e09a3e } .c2 { --ink: #4fc49b } .c3 { --ink: #d884dd } .c4 { --ink: #ff8178 } .c5 { --ink: #a9a9b3 }
  }`;

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Returns round numbers for the lines of an axis from 0 to at least `highest`. */
export function ticksTo(highest) {
  const rough = highest / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, i) => i * step);
}

/**
 * Draws one row for each cell of ready tensors in Chromium: each engine's median as a point, and a line from its least time to that
 * of 90 % of its calls.
 * @param {Record<string, object>} cells
 */
export function toSvg(cells) {
  const rows = Object.entries(cells).filter(([key]) => {
    const { browser, path, busy } = partsOf(key);
    return browser === 'chromium' && path === 'tensor' && !busy;
  });
  const names = Object.keys(engines).filter((name) => rows.some(([, figures]) => figures[name]));
  const highest = Math.max(1, ...rows.flatMap(([, figures]) => Object.values(figures).map(({ p90 }) => p90)));
  const ticks = ticksTo(highest);
  const { left, top, width, row, right, bottom } = layout;
  const x = (time) => (left + (width * time) / ticks.at(-1)).toFixed(1);
  const height = row * rows.length;
  const title = 'Time from a ready tensor to its embedding';
  const [fullWidth, fullHeight] = [left + width + right, top + height + bottom];
  const parts = [
    `<rect class="page" width="${fullWidth}" height="${fullHeight}"/>`,
    `<text x="16" y="28" font-size="16" font-weight="600">${title}</text>`,
  ];
  parts.push(
    '<text class="soft" x="16" y="49">Median, and a line from the least time to that of 90 % of the calls. Each row has this order:</text>',
  );
  let at = 16;
  names.forEach((name, i) => {
    parts.push(
      `<g class="c${i}"><circle class="point" cx="${at + 5}" cy="74" r="5"/><text class="legend" x="${at + 16}" y="78">${escapeXml(engines[name].title)}</text></g>`,
    );
    // Wide enough for the usual fonts.
    at += 36 + 7.2 * engines[name].title.length;
  });
  for (const tick of ticks)
    parts.push(
      `<path class="grid" d="M${x(tick)} ${top}v${height}"/><text class="soft" x="${x(tick)}" y="${top + height + 20}" text-anchor="middle">${tick} ms</text>`,
    );
  rows.forEach(([key, figures], index) => {
    const { network, simd, threads } = partsOf(key);
    const middle = top + row * (index + 0.5);
    parts.push(
      `<text x="${left - 12}" y="${middle + 4}" text-anchor="end">${network}, ${simd}, ${threads} ${threads > 1 ? 'threads' : 'thread'}</text>`,
    );
    names.forEach((name, i) => {
      const figure = figures[name];
      if (!figure) return;
      const y = (middle + (i - (names.length - 1) / 2) * 5).toFixed(1);
      parts.push(
        `<g class="c${i}"><path class="whisker" d="M${x(figure.min)} ${y}H${x(figure.p90)}"/><circle class="point" cx="${x(figure.median)}" cy="${y}" r="${i === 0 ? 4 : 3}"/></g>`,
      );
    });
  });
  const body = parts.map((part) => `  ${part}`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${fullWidth} ${fullHeight}" width="${fullWidth}" height="${fullHeight}" role="img" aria-label="${title}">\n  <title>${title}</title>\n  <style>${style}\n  </style>\n${body}\n</svg>\n`;
}
