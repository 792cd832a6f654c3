// Keeps the cells of earlier runs, so that parts can be measured one after the other, and compares runs.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { engines, lists } from './engines.mjs';
import { agree } from './statistics.mjs';
import { partsOf } from './table.mjs';

/**
 * @typedef {{machine: string, dotProduct: string, date: string, cells: Record<string, object>}} Results `dotProduct`: how the processor
 * computes the dot product of relaxed SIMD; a browser without relaxed SIMD does not know.
 */

/**
 * Reads the results of earlier runs on the same machine.
 * @returns {Promise<Results>} without cells when there are none
 */
export async function readResults(file, dotProduct) {
  const machine = `${cpus().length} x ${cpus()[0].model}`;
  const kept = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
  const isSame = kept?.machine === machine && (dotProduct === 'none' || kept.dotProduct === dotProduct);
  return isSame ? kept : { machine, dotProduct, date: '', cells: {} };
}

/** Adds cells to results and keeps them in a file. Returns the new results. */
export async function addResults(file, results, cells) {
  const date = new Date().toISOString().slice(0, 10);
  const added = { ...results, date, cells: inOrder({ ...results.cells, ...cells }) };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(added, null, 1)}\n`);
  return added;
}

/** Returns the cells in the order of the tables, whatever the order of the runs was. */
export function inOrder(cells) {
  const rank = (key) => {
    const { browser, network, simd, threads, path: from, busy } = partsOf(key);
    return [
      lists.engines.indexOf(browser),
      Number(busy),
      lists.networks.indexOf(network),
      lists.simd.indexOf(simd),
      threads,
      lists.paths.indexOf(from),
    ];
  };
  const compare = ([a], [b]) => {
    const [left, right] = [rank(a), rank(b)];
    return left.map((each, i) => each - right[i]).find((difference) => difference !== 0) ?? 0;
  };
  return Object.fromEntries(Object.entries(cells).sort(compare));
}

/** Returns sentences that say which ratios of two runs differ by more than their intervals allow. */
export function compareRuns(before, after) {
  let count = 0;
  const different = [];
  for (const [key, figures] of Object.entries(after))
    for (const [name, { ratio }] of Object.entries(figures)) {
      const earlier = before[key]?.[name]?.ratio;
      if (!ratio || !earlier) continue;
      count++;
      if (!agree(earlier, ratio))
        different.push(`${key}, ${engines[name].title}: ${earlier.ratio.toFixed(2)}, then ${ratio.ratio.toFixed(2)}`);
    }
  if (count === 0) return 'There is no earlier run of these cells to compare with.';
  const lines = [
    `Compared with the earlier run of these cells: ${count - different.length} of ${count} ratios agree within their intervals.`,
    ...different.map((each) => `- ${each}`),
  ];
  return lines.join('\n');
}
