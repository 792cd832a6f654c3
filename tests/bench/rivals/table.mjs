// Writes cells as Markdown tables.

import { engines, ours } from './engines.mjs';

const ms = (time) => (time >= 100 ? time.toFixed(0) : time.toFixed(1));
const interval = ({ ratio, low, high }) => `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;

/**
 * Returns a table with one row for each cell and engine.
 * @param {{cells: Record<string, object>}} results
 */
export function toTable({ cells }) {
  const lines = [
    '| browser | network | SIMD | threads | from | engine | median | least | p90 | calls | loaded | ours / theirs |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const [key, figures] of Object.entries(cells)) {
    const [browser, network, simd, threads, path, busy] = key.split('/');
    for (const [name, { median, min, p90, calls, loaded, ratio }] of Object.entries(figures))
      lines.push(
        `| ${[
          browser,
          network,
          simd,
          busy ? `${threads}, one core busy` : threads,
          path,
          name === ours ? `**${engines[name].title}**` : engines[name].title,
          `${ms(median)} ms`,
          ms(min),
          ms(p90),
          calls,
          loaded > 0 ? `${Math.round(100 * loaded)} %` : '',
          ratio ? interval(ratio) : '',
        ].join(' | ')} |`,
      );
  }
  return lines.join('\n');
}
