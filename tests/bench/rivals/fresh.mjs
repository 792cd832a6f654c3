// Measures the start, the memory and the bytes of each engine, in new browsers.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { engines, networkSide, ours, variantOf } from './engines.mjs';
import { withForeignLoad } from './foreign-load.mjs';
import { foreignLimit, titleOf } from './measure.mjs';
import { openRivalPage } from './page-calls.mjs';
import { intervalOfRatio, median, quantile } from './statistics.mjs';

/** Time for a browser to finish the work of its own start, in ms. Users' browsers have usually run for a while. */
const settleMs = 1500;

const [examples, predictions] = [1000, 20];

/** Files of the test page. All others belong to the engine or the network. */
const isOfBench = (url) => /\/(bench|pages)\//.test(url) || url.endsWith('/icon.svg');

async function withPage(openBrowser, url, work) {
  const browser = await openBrowser();
  try {
    const requested = new Set();
    const { call } = await openRivalPage(browser, url, (address) => requested.add(address));
    await sleep(settleMs);
    return await work({ call, browser, requested });
  } finally {
    await browser.close();
  }
}

/** Returns the private bytes of the largest renderer of Chromium. The pages of a new browser are in one. */
async function rendererBytes(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const sizes = await Promise.all(
    processInfo
      .filter(({ type }) => type === 'renderer')
      .map(async ({ id }) => {
        const text = await readFile(`/proc/${id}/smaps_rollup`, 'utf8');
        const kilobytes = (name) => Number(text.match(new RegExp(`^${name}: +(\\d+) kB`, 'm'))[1]);
        return 1024 * (kilobytes('Private_Dirty') + kilobytes('Private_Clean'));
      }),
  );
  return Math.max(...sizes);
}

/** Returns the bytes of the requested files after gzip: of code, and of networks. */
async function countBytes(requested) {
  const sum = { code: 0, network: 0 };
  for (const url of requested) {
    if (isOfBench(url) || !url.startsWith('http')) continue;
    const response = await fetch(url);
    if (!response.ok) continue;
    const { length } = gzipSync(new Uint8Array(await response.arrayBuffer()), { level: 9 });
    sum[url.includes('/networks/') ? 'network' : 'code'] += length;
  }
  return sum;
}

/**
 * Measures a group of cells.
 * @returns {Promise<{cells: Record<string, Record<string, object>>, notes: string[]}>} Figures by path and engine, and sentences about
 * what could not be measured. start: like those of toCells(). memory: bytes of the modules' memories and of the process, beyond an empty
 * page, after 1,000 examples and predictions. bytes: of code and network after gzip.
 */
export async function measureFresh(openBrowser, url, group, { names, paths, rounds, report }) {
  let used = names.filter((name) => engines[name].supports(group));
  const notes = [];
  const order = (engine) => ({ ...group, engine, side: networkSide, variant: variantOf(group) });
  /** Runs work for each engine. One that fails is left out from then on. */
  async function each(work) {
    for (const name of used)
      try {
        await work(name);
      } catch (error) {
        if (name === ours) throw error;
        used = used.filter((other) => other !== name);
        notes.push(`${titleOf(group)}: ${engines[name].title} did not start: ${error.message.split('\n')[0]}`);
      }
  }

  const cells = {};
  if (paths.includes('start')) {
    const batches = Object.fromEntries(used.map((name) => [name, []]));
    // The first round fills the disk cache and does not count.
    for (let round = 0; round <= rounds; round++) {
      report(`${titleOf(group)}: start ${round} of ${rounds}`);
      await each(async (name) => {
        const { result, foreign } = await withForeignLoad(() =>
          withPage(openBrowser, url, ({ call }) => call('start', order(name))),
        );
        if (round > 0) batches[name].push({ time: result, foreign });
      });
    }
    cells.start = Object.fromEntries(used.map((name) => [name, toFigures(batches[name], batches[ours], name)]));
  }
  // Only Chromium tells of its processes, and of the requests of workers.
  const sizes = group.browser === 'chromium' ? paths.filter((path) => path === 'memory' || path === 'bytes') : [];
  for (const path of sizes) cells[path] = {};
  if (sizes.length === 0) return { cells, notes };
  await each(async (name) => {
    report(`${titleOf(group)}: memory and bytes of ${engines[name].title}`);
    await withPage(openBrowser, url, async ({ call, browser, requested }) => {
      const before = await rendererBytes(browser);
      await call('watchMemories');
      await call('start', order(name));
      if (cells.bytes) cells.bytes[name] = await countBytes(requested);
      if (!cells.memory) return;
      const modules = await call('fill', { examples, predictions });
      await sleep(settleMs);
      cells.memory[name] = { modules, process: (await rendererBytes(browser)) - before };
    });
  });
  return { cells, notes };
}

function toFigures(batches, own, name) {
  const times = batches.map(({ time }) => time);
  const figures = {
    median: median(times),
    min: Math.min(...times),
    p90: quantile(times, 0.9),
    calls: times.length,
    loaded: batches.filter(({ foreign }) => foreign > foreignLimit).length / batches.length,
  };
  // Each round is a browser of its own.
  if (name !== ours) figures.ratio = intervalOfRatio(own.map(({ time }, i) => [time / times[i]]));
  return figures;
}
