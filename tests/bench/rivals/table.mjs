// Writes cells as Markdown tables.

import { engines, ours } from './engines.mjs';

const ms = (time) => (time >= 100 ? time.toFixed(0) : time.toFixed(1));
const interval = ({ ratio, low, high }) => `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
const megabytes = (bytes) => (bytes === undefined ? '' : `${(bytes / 1e6).toFixed(1)} MB`);
const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;

const paths = {
  tensor: 'ready tensor',
  pixels: 'ImageData',
  canvas: 'canvas',
  bitmap: 'ImageBitmap',
  video: 'video',
  file: 'JPEG file',
  predict: 'canvas → prediction',
  start: 'start → first result',
};

/** The processors, by how they compute the dot product of relaxed SIMD. Their figures are not comparable. */
export const processors = {
  saturating: 'x86 without VNNI for the browser',
  unsigned: 'x86 with VNNI',
  signed: 'ARM, or another processor with a signed dot product',
  none: 'no relaxed SIMD',
};

/** Splits the name of a cell into its parts. */
export function partsOf(key) {
  const [browser, network, simd, threads, path, busy] = key.split('/');
  return { browser, network, simd, threads: Number(threads), path, busy: busy !== undefined };
}

const isSize = (path) => path === 'memory' || path === 'bytes';

const rowTitle = ({ browser, network, simd, threads, path, busy }, withPath) =>
  [
    ...(browser === 'chromium' ? [] : [browser]),
    network,
    ...(simd === 'relaxed' ? [] : ['plain SIMD']),
    `${threads} ${threads > 1 ? 'threads' : 'thread'}`,
    ...(busy ? ['one core busy'] : []),
    ...(withPath ? [paths[path]] : []),
  ].join(', ');

/** Returns a table of times with one row for each cell: of this package median, least and 90 % of times, of others median and ratio. */
function toTimeTable(cells, withPath) {
  const names = Object.keys(engines).filter((name) => cells.some(([, figures]) => figures[name]));
  const others = names.filter((name) => name !== ours);
  const lines = [
    `| | ${[`${engines[ours].title}: median`, 'least', '90 %', ...others.map((name) => engines[name].title)].join(' | ')} |`,
    `|---|---|---|---|${others.map(() => '---|').join('')}`,
  ];
  for (const [key, figures] of cells) {
    const { median, min, p90 } = figures[ours];
    const theirs = others.map((name) => {
      const each = figures[name];
      return each ? `${ms(each.median)} ms, ${interval(each.ratio)}${each.loaded > 0.5 ? ' *' : ''}` : '–';
    });
    lines.push(
      `| ${[rowTitle(partsOf(key), withPath), `${ms(median)} ms`, ms(min), ms(p90), ...theirs].join(' | ')} |`,
    );
  }
  return lines.join('\n');
}

function toSizeTable(cells) {
  const lines = [
    '| | engine | memory of modules | of the process | code after gzip | network after gzip |',
    '|---|---|---|---|---|---|',
  ];
  const rows = new Map();
  for (const [key, figures] of cells) {
    const { path, ...group } = partsOf(key);
    const title = rowTitle(group, false);
    for (const [name, figure] of Object.entries(figures)) {
      const id = `${title} | ${engines[name].title}`;
      rows.set(id, { ...rows.get(id), [path]: figure });
    }
  }
  for (const [id, { memory, bytes }] of rows)
    lines.push(
      `| ${id} | ${megabytes(memory?.modules)} | ${megabytes(memory?.process)} | ${bytes ? kilobytes(bytes.code) : ''} | ${bytes ? kilobytes(bytes.network) : ''} |`,
    );
  return lines.join('\n');
}

/**
 * Returns tables: ready tensors, other paths, and sizes.
 * @param {{machine: string, dotProduct: string, date: string, cells: Record<string, object>}} results
 */
export function toTable({ machine, dotProduct, date, cells }) {
  const all = Object.entries(cells);
  const pathOf = ([key]) => partsOf(key).path;
  const tensors = all.filter((each) => pathOf(each) === 'tensor');
  const others = all.filter((each) => pathOf(each) !== 'tensor' && !isSize(pathOf(each)));
  const sizes = all.filter((each) => isSize(pathOf(each)));
  const loaded = all.some(([, figures]) => Object.values(figures).some((each) => each.loaded > 0.5));
  const parts = [`${machine}, ${processors[dotProduct] ?? dotProduct}, ${date}.`];
  if (tensors.length > 0) parts.push('Ready tensor to embedding:', toTimeTable(tensors, false));
  if (others.length > 0) parts.push('Other paths:', toTimeTable(others, true));
  if (sizes.length > 0) parts.push('Memory and bytes:', toSizeTable(sizes));
  if (loaded) parts.push('\\* Other processes worked during most batches.');
  return parts.join('\n\n');
}
