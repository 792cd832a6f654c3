// Measures the engines of one group of cells: rounds in which each engine has its turn.

import { engines, networkSide, ours, variantOf } from './engines.mjs';
import { withForeignLoad } from './foreign-load.mjs';
import { openRivalPage } from './page-calls.mjs';
import { median } from './statistics.mjs';

/** Duration of a batch in ms. Shorter ones say little about foreign load, because /proc counts in steps of 10 ms. */
const batchMs = 200;
const [leastCalls, mostCalls] = [4, 20];

/** A batch is repeated when others used more than this many processors meanwhile. The quietest try counts. */
export const foreignLimit = 0.12;
const tries = 3;

/** Least cosine similarity of the embedding to ours. Number formats differ; a wrong network is far below. */
const leastAgreement = 0.9;

function cosine(a, b) {
  const dot = (u, v) => u.reduce((sum, each, i) => sum + each * v[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

async function openEngine(browser, url, name, group, paths) {
  const { call } = await openRivalPage(browser, url);
  const order = { ...group, engine: name, side: networkSide, paths, variant: variantOf(group) };
  const { embedding, missing } = await call('open', order);
  const measure = (path, count) => call('measure', { path, count });
  return { name, measure, embedding, missing };
}

/** Measures one batch, again while others work. */
async function measureQuietly(engine, path, count) {
  let best;
  for (let attempt = 0; attempt < tries; attempt++) {
    const { result: times, foreign } = await withForeignLoad(() => engine.measure(path, count));
    if (!best || foreign < best.foreign) best = { times, foreign };
    if (foreign <= foreignLimit) break;
  }
  return best;
}

/**
 * Measures a group in one new browser.
 * @param {object} browser
 * @param {string} url Address of the server.
 * @param {{network: string, type: string, simd: string, threads: number}} group
 * @param {{names: string[], paths: string[], rounds: number, report: (text: string) => void}} options
 * @returns {Promise<{rounds: Record<string, Record<string, {times: number[], foreign: number}[]>>, notes: string[]}>} Rounds by path and
 * engine, and sentences about what could not be measured.
 */
export async function measureGroup(browser, url, group, { names, paths, rounds, report }) {
  const opened = [];
  const notes = [];
  for (const name of names.filter((each) => engines[each].supports(group))) {
    report(`${titleOf(group)}: ${engines[name].title} starts`);
    try {
      const engine = await openEngine(browser, url, name, group, paths);
      const agreement = cosine(engine.embedding, (opened[0] ?? engine).embedding);
      if (!(agreement >= leastAgreement))
        throw new Error(`its embedding is another one: the cosine similarity to ours is ${agreement.toFixed(3)}.`);
      opened.push(engine);
    } catch (error) {
      if (name === ours) throw error;
      notes.push(`${titleOf(group)}: ${engines[name].title} was not measured: ${error.message.split('\n')[0]}`);
    }
  }
  // A path is measured for all engines or for none.
  for (const path of [...paths]) {
    const without = opened.find(({ missing }) => path in missing);
    if (!without) continue;
    notes.push(`${titleOf(group)}: ${path} was not measured: ${without.missing[path]}`);
    paths = paths.filter((each) => each !== path);
  }
  const results = Object.fromEntries(
    paths.map((path) => [path, Object.fromEntries(opened.map(({ name }) => [name, []]))]),
  );
  const counts = new Map();
  for (let round = 0; round < rounds; round++) {
    report(`${titleOf(group)}: round ${round + 1} of ${rounds}`);
    for (const path of paths) {
      // Each round begins with another engine.
      const turn = opened.map((_, i) => opened[(i + round) % opened.length]);
      for (const engine of turn) {
        const key = `${path} ${engine.name}`;
        if (!counts.has(key)) {
          const time = median(await engine.measure(path, 3));
          counts.set(key, Math.max(leastCalls, Math.min(mostCalls, Math.round(batchMs / time))));
        }
        results[path][engine.name].push(await measureQuietly(engine, path, counts.get(key)));
      }
    }
  }
  return { rounds: results, notes };
}

export const titleOf = ({ browser, network, simd, threads }) =>
  `${browser}, ${network}, ${simd}, ${threads} ${threads > 1 ? 'threads' : 'thread'}`;
