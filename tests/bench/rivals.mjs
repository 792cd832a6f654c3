// Compares engines on the same networks and pictures. Part of run.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fail, projectFolder } from '../../web/dev/steps.mjs';
import { bundleRivals, installRivals } from './rivals/bundle.mjs';
import { keyOf, toCells } from './rivals/cells.mjs';
import { choose, engines, freshPaths, ours, warmPaths } from './rivals/engines.mjs';
import { measureFresh } from './rivals/fresh.mjs';
import { measureGroup, titleOf } from './rivals/measure.mjs';
import { writeNetwork } from './rivals/network/write.mjs';
import { openRivalPage } from './rivals/page-calls.mjs';
import { keepInReadme } from './rivals/readme.mjs';
import { addResults, compareRuns, readResults } from './rivals/results.mjs';
import { toTable } from './rivals/table.mjs';

export const comparedVariants = ['relaxed-threads', 'relaxed', 'simd-threads', 'simd'];

/** The options of the command that only this comparison has. */
export const rivalOptions = {
  rivals: { type: 'string' },
  networks: { type: 'string' },
  paths: { type: 'string' },
  threads: { type: 'string' },
  simd: { type: 'string' },
  engines: { type: 'string' },
  rounds: { type: 'string', default: '2' },
  browsers: { type: 'string', default: '3' },
  busy: { type: 'boolean', default: false },
};

const folder = path.join(projectFolder, 'build/rivals');

const served = {
  '/bench/': 'tests/bench',
  '/pages/': 'tests/web/support/pages',
  '/node_modules/': 'node_modules',
  '/networks/': 'build/rivals/networks',
  '/bundles/': 'build/rivals/bundles',
  '/rivals/': 'tests/bench/rivals/node_modules',
};

/** Starts the server in a process of its own, so that garbage collections of this process do not delay its answers. */
async function startServer() {
  const named = Object.entries(served).map(
    ([address, folder]) => `--folder=${address}=${path.join(projectFolder, folder)}`,
  );
  const program = path.join(projectFolder, 'web/dev/serve.mjs');
  const server = spawn(process.execPath, [program, '--port=0', '--no-policy', ...named]);
  const end = () => server.kill();
  process.once('exit', end);
  const [line] = await once(server.stdout, 'data');
  return { url: String(line).split(' ')[0], end };
}

/** Starts a process that keeps one core busy. It ends with this process. */
function keepCoreBusy() {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  return end;
}

async function browserOpeners() {
  const { openBrowser } = await import('../web/support/open-page.mjs');
  const { openFirefox } = await import('../web/support/firefox.mjs');
  const { openWebKit } = await import('../web/support/webkit.mjs');
  return { chromium: openBrowser, firefox: openFirefox, webkit: openWebKit };
}

function toCount(text, option) {
  const count = Number(text);
  if (!(Number.isInteger(count) && count >= 1)) fail(`--${option} is '${text}'. Use a whole number of at least 1.`);
  return count;
}

function toChoice(values) {
  try {
    return choose(values);
  } catch (error) {
    return fail(error.message);
  }
}

/** Writes the networks and bundles that the groups need. */
async function prepare({ groups, rivals }, report) {
  for (const network of new Set(groups.map((group) => group.network))) {
    report(`writing ${network}`);
    await writeNetwork(network, path.join(folder, 'networks'));
  }
  report('packages');
  const used = rivals.map((name) => engines[name]);
  if (used.some(({ isExtra }) => isExtra)) await installRivals();
  const bundles = new Set(used.flatMap(({ bundle }) => bundle ?? []));
  const taught = ['predict', 'memory'];
  if (groups.some(({ paths }) => paths.some((each) => taught.includes(each)))) bundles.add('knn-classifier');
  if (bundles.size > 0) await bundleRivals(path.join(folder, 'bundles'), bundles);
}

/** Returns how the processor computes the dot product of relaxed SIMD, as the browser says. */
async function findDotProduct(openBrowser, url) {
  const browser = await openBrowser();
  try {
    const { call } = await openRivalPage(browser, url);
    return await call('dotProduct');
  } finally {
    await browser.close();
  }
}

/** Measures the cells of a group. Returns them by path, and sentences about what could not be measured. */
async function measureCells(openBrowser, url, group, { names, rounds, browserCount, report }) {
  const paths = group.paths.filter((each) => warmPaths.includes(each));
  const browsers = [];
  const allNotes = new Set();
  for (let i = 0; i < browserCount && paths.length > 0; i++) {
    const browser = await openBrowser();
    const reportHere = (text) => report(`browser ${i + 1} of ${browserCount}: ${text}`);
    try {
      const { rounds: measured, notes } = await measureGroup(browser, url, group, {
        names,
        paths,
        rounds,
        report: reportHere,
      });
      browsers.push(measured);
      for (const note of notes) allNotes.add(note);
    } finally {
      await browser.close();
    }
  }
  const fresh = group.paths.filter((each) => freshPaths.includes(each));
  const started = await measureFresh(openBrowser, url, group, {
    names,
    paths: fresh,
    rounds: 2 * browserCount,
    report,
  });
  for (const note of started.notes) allNotes.add(note);
  return { cells: { ...(browsers.length > 0 && toCells(browsers)), ...started.cells }, notes: [...allNotes] };
}

/** Runs the comparison that the options ask for. Returns Markdown tables. */
export async function compareEngines(report, values) {
  const chosen = toChoice(values);
  const [rounds, browserCount] = [toCount(values.rounds, 'rounds'), toCount(values.browsers, 'browsers')];
  await prepare(chosen, report);
  const openers = await browserOpeners();
  const server = await startServer();
  const endBusy = values.busy ? keepCoreBusy() : () => {};
  const file = path.join(folder, 'results.json');
  const [cells, notes, dotProducts] = [{}, [], {}];
  let before;
  let results;
  try {
    for (const browser of new Set(chosen.groups.map((group) => group.browser)))
      dotProducts[browser] = await findDotProduct(openers[browser], server.url);
    const dotProduct = Object.values(dotProducts).find((each) => each !== 'none') ?? 'none';
    before = await readResults(file, dotProduct);
    results = before;
    for (const group of chosen.groups) {
      if (group.simd === 'relaxed' && dotProducts[group.browser] === 'none') {
        notes.push(`${titleOf(group)}: this browser has no relaxed SIMD.`);
        continue;
      }
      const measured = await measureCells(
        openers[group.browser],
        server.url,
        { ...group, busy: values.busy },
        { names: [ours, ...chosen.rivals], rounds, browserCount, report },
      ).catch((error) => {
        throw new Error(`${titleOf(group)}: ${error.message}`, { cause: error });
      });
      notes.push(...measured.notes);
      for (const [from, figures] of Object.entries(measured.cells))
        cells[keyOf({ ...group, busy: values.busy }, from)] = figures;
      // A run that is stopped leaves what it has measured.
      results = await addResults(file, results, cells);
    }
  } finally {
    endBusy();
    server.end();
  }
  if (values.keep) await keepInReadme(results);
  return [toTable({ ...results, cells }), ...notes, compareRuns(before.cells, cells)].join('\n\n');
}
