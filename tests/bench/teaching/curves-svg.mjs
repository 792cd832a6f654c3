// Draws learning curves as an SVG image that is readable in light and in dark mode.
import { shots } from './episodes.mjs';

const plot = { left: 56, top: 48, width: 520, height: 340 };
const labelSpace = 250;
const labelHeight = 17;
const bottomSpace = 56;

const style = `
  svg { color-scheme: light dark; font: 13px system-ui, "Segoe UI", Roboto, sans-serif; }
  .page { fill: #ffffff } text { fill: #1d1d1f } .soft { fill: #5b5b63 } .grid { stroke: #d3d3da }
  .curve { fill: none; stroke-width: 2 } .interval { stroke-width: 1.5 }
  .c0 { --ink: #6b6b73 } .c1 { --ink: #a05a00 } .c2 { --ink: #1c5fb8 } .c3 { --ink: #8a2c8f } .c4 { --ink: #0f6b4f } .c5 { --ink: #b92f27 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #17171a } text { fill: #f0f0f3 } .soft { fill: #a9a9b3 } .grid { stroke: #3d3d45 }
    .c0 { --ink: #a9a9b3 } .c1 { --ink: #e09a3e } .c2 { --ink: #6aa7ff } .c3 { --ink: #d884dd } .c4 { --ink: #4fc49b } .c5 { --ink: #ff8178 }
  }
  .curve, .interval { stroke: var(--ink) } .point, text.name { fill: var(--ink) }`;
const colourCount = 6;

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Moves labels apart: returns their heights, at least `labelHeight` from each other, in the order of the input. */
export function spread(heights) {
  const order = heights.map((height, i) => ({ height, i })).sort((a, b) => a.height - b.height);
  order.forEach((each, at) => {
    if (at > 0) each.height = Math.max(each.height, order[at - 1].height + labelHeight);
  });
  return order.sort((a, b) => a.i - b.i).map(({ height }) => height);
}

/**
 * Draws one curve for each row: mean accuracy by the number of examples, on a logarithmic scale, with 95 % intervals.
 * @param {{title: string, accuracy: Map<number, {mean: number, halfWidth: number}>}[]} rows
 */
export function toSvg(rows) {
  const { left, top, width, height } = plot;
  const lowest = Math.min(...rows.flatMap(({ accuracy }) => shots.map((n) => accuracy.get(n).mean)));
  const floor = Math.floor(10 * lowest) / 10;
  const x = (n) => left + (width * Math.log(n / shots[0])) / Math.log(shots.at(-1) / shots[0]);
  const y = (share) => top + height * (1 - (share - floor) / (1 - floor));
  const at = (n, share) => `${x(n).toFixed(1)} ${y(share).toFixed(1)}`;
  const title = 'Accuracy by the number of examples of each class';
  const [fullWidth, fullHeight] = [left + width + labelSpace, top + height + bottomSpace];
  const parts = [
    `<rect class="page" width="${fullWidth}" height="${fullHeight}"/>`,
    `<text x="16" y="28" font-size="16" font-weight="600">${title}</text>`,
  ];
  const lines = Math.round((1 - floor) * 10);
  for (let i = 0; i <= lines; i++) {
    const share = floor + i / 10;
    parts.push(`<path class="grid" d="M${left} ${y(share).toFixed(1)}h${width}"/>`);
    parts.push(
      `<text class="soft" x="${left - 8}" y="${(y(share) + 4).toFixed(1)}" text-anchor="end">${Math.round(100 * share)} %</text>`,
    );
  }
  for (const n of shots)
    parts.push(`<text class="soft" x="${x(n).toFixed(1)}" y="${top + height + 20}" text-anchor="middle">${n}</text>`);
  parts.push(
    `<text class="soft" x="${left + width / 2}" y="${top + height + 42}" text-anchor="middle">examples of each class</text>`,
  );
  const last = shots.at(-1);
  const labels = spread(rows.map(({ accuracy }) => y(accuracy.get(last).mean)));
  rows.forEach(({ title: name, accuracy }, i) => {
    const means = shots.map((n) => [n, accuracy.get(n)]);
    const intervals = means.map(
      ([n, { mean, halfWidth }]) =>
        `M${at(n, Math.min(1, mean + halfWidth))}L${at(n, Math.max(floor, mean - halfWidth))}`,
    );
    const points = means.map(
      ([n, { mean }]) => `<circle class="point" cx="${x(n).toFixed(1)}" cy="${y(mean).toFixed(1)}" r="3"/>`,
    );
    parts.push(
      `<g class="c${i % colourCount}"><path class="interval" d="${intervals.join('')}"/><path class="curve" d="M${means.map(([n, { mean }]) => at(n, mean)).join('L')}"/>${points.join('')}<text class="name" x="${left + width + 12}" y="${(labels[i] + 4).toFixed(1)}">${escapeXml(name)}</text></g>`,
    );
  });
  const body = parts.map((part) => `  ${part}`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${fullWidth} ${fullHeight}" width="${fullWidth}" height="${fullHeight}" role="img" aria-label="${title}">\n  <title>${title}</title>\n  <style>${style}\n  </style>\n${body}\n</svg>\n`;
}
