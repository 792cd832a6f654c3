// Turns the measured times of a group into cells of the table.

import { ours } from './engines.mjs';
import { foreignLimit } from './measure.mjs';
import { intervalOfRatio, median, quantile } from './statistics.mjs';

/** Name of a cell, which is the same in every run. */
export const keyOf = ({ browser, network, simd, threads, busy }, path) =>
  [browser, network, simd, threads, path, ...(busy ? ['busy'] : [])].join('/');

/**
 * Returns the figures of each path.
 * @param {object[]} browsers Results of measureGroup() in each browser.
 * @returns {Record<string, Record<string, {median: number, min: number, p90: number, calls: number, loaded: number,
 *   ratio?: {ratio: number, low: number, high: number}}>>} Figures by path and engine. Times in ms; `loaded`: share of the batches
 * during which others worked; `ratio`: ours divided by theirs.
 */
export function toCells(browsers) {
  const cells = {};
  for (const path of Object.keys(browsers[0])) {
    cells[path] = {};
    // An engine may fail to start in one of the browsers.
    const names = Object.keys(browsers[0][path]).filter((name) => browsers.every((each) => each[path]?.[name]));
    for (const engine of names) {
      const batches = browsers.flatMap((each) => each[path][engine]);
      const times = batches.flatMap((batch) => batch.times);
      const figures = {
        median: median(times),
        min: Math.min(...times),
        p90: quantile(times, 0.9),
        calls: times.length,
        loaded: batches.filter(({ foreign }) => foreign > foreignLimit).length / batches.length,
      };
      if (engine !== ours)
        figures.ratio = intervalOfRatio(
          browsers.map((each) =>
            each[path][engine].map(
              ({ times: theirs }, round) => median(each[path][ours][round].times) / median(theirs),
            ),
          ),
        );
      cells[path][engine] = figures;
    }
  }
  return cells;
}
