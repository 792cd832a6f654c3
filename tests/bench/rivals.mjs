// Compares engines on the same networks and pictures. Part of run.mjs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { fail, projectFolder } from '../../web/dev/steps.mjs';
import { bundleRivals, installRivals } from './rivals/bundle.mjs';
import { keyOf, toCells } from './rivals/cells.mjs';
import { choose, engines, groupsOf, ours } from './rivals/engines.mjs';
import { measureGroup, titleOf } from './rivals/measure.mjs';
import { writeNetwork } from './rivals/network/write.mjs';
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
  rounds: { type: 'string', default: '5' },
  browsers: { type: 'string', default: '2' },
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
  const [line] = await once(server.stdout, 'data');
  return { url: String(line).split(' ')[0], end: () => server.kill() };
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

/** Runs the comparison that the options ask for. Returns Markdown tables. */
export async function compareEngines(report, values) {
  let chosen;
  try {
    chosen = choose(values);
  } catch (error) {
    fail(error.message);
  }
  const [rounds, browserCount] = [toCount(values.rounds, 'rounds'), toCount(values.browsers, 'browsers')];
  for (const network of chosen.networks) {
    report(`writing ${network}`);
    await writeNetwork(network, path.join(folder, 'networks'));
  }
  const used = chosen.rivals.map((name) => engines[name]);
  report('packages');
  if (used.some(({ isExtra }) => isExtra)) await installRivals();
  const bundles = used.flatMap(({ bundle }) => bundle ?? []);
  if (bundles.length > 0) await bundleRivals(path.join(folder, 'bundles'), bundles);
  const openers = await browserOpeners();
  const server = await startServer();
  const cells = {};
  const endBusy = values.busy ? keepCoreBusy() : () => {};
  try {
    for (const group of groupsOf(chosen)) {
      const measured = [];
      for (let i = 0; i < browserCount; i++) {
        const browser = await openers[group.browser]();
        try {
          measured.push(
            await measureGroup(browser, server.url, group, {
              names: [ours, ...chosen.rivals],
              paths: chosen.paths,
              rounds,
              report: (text) => report(`browser ${i + 1} of ${browserCount}: ${text}`),
            }),
          );
        } catch (error) {
          throw new Error(`${titleOf(group)}: ${error.message}`, { cause: error });
        } finally {
          await browser.close();
        }
      }
      for (const [from, figures] of Object.entries(toCells(measured)))
        cells[keyOf({ ...group, busy: values.busy }, from)] = figures;
    }
  } finally {
    endBusy();
    server.end();
  }
  return toTable(await keepCells(cells));
}

/** Adds the cells to those of earlier runs in build/rivals/results.json. Returns the cells of this run with the machine. */
async function keepCells(cells) {
  const file = path.join(folder, 'results.json');
  const before = await readFile(file, 'utf8').then(JSON.parse, () => ({}));
  const machine = `${cpus().length} x ${cpus()[0].model}`;
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify({ machine, cells: { ...before.cells, ...cells } }, null, 1)}\n`);
  return { machine, cells };
}
