// Runs the package in every browser and environment, and writes into the README what ran where. Usage: node tests/engines.mjs
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { projectFolder } from '../web/dev/steps.mjs';

const test = 'tests/web/package/everywhere.browser.test.mjs';
const names = { chromium: 'Chromium', firefox: 'Firefox', MiniBrowser: "Safari's engine, WebKitGTK" };
const places = [
  { title: 'headers, worker', isolated: true, worker: true },
  { title: 'headers, main thread', isolated: true, worker: false },
  { title: 'no headers, worker', isolated: false, worker: true },
  { title: 'no headers, main thread', isolated: false, worker: false },
];

/**
 * Returns what ran where the package chose the variant: [{name, version, isolated, worker, variant, named}]. Throws when a test
 * fails.
 */
async function runEverywhere() {
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', test], {
    cwd: projectFolder,
    maxBuffer: 1 << 26,
  });
  return [...stdout.matchAll(/^ *# engine: (.*)$/gm)].map(([, text]) => JSON.parse(text)).filter(({ named }) => !named);
}

function tableOf(runs) {
  const engines = new Map();
  for (const run of runs) {
    const engine = `${names[run.name] ?? run.name} ${/^\d+(\.\d+)?/.exec(run.version)[0]}`;
    engines.set(engine, [...(engines.get(engine) ?? []), run]);
  }
  const row = (cells) => `|${cells.join('|')}|`;
  const variantsIn = (own, place) => {
    const found = own.filter(({ isolated, worker }) => isolated === place.isolated && worker === place.worker);
    return [...new Set(found.map(({ variant }) => `\`${variant}\``))].join(', ');
  };
  return [
    row(['Tested in', ...places.map(({ title }) => title)]),
    row(['---', ...places.map(() => '---')]),
    ...[...engines].map(([engine, own]) => row([engine, ...places.map((place) => variantsIn(own, place))])),
  ].join('\n');
}

const readme = `${projectFolder}/README.md`;
const parts = /(<!-- What ran.*?-->\n).*?(\n<!-- end -->)/s;
const text = await readFile(readme, 'utf8');
if (!parts.test(text)) throw new Error('README.md has no place for the table of engines.');
const table = tableOf(await runEverywhere());
await writeFile(
  readme,
  text.replace(parts, (_, start, end) => `${start}\n${table}\n${end}`),
);
console.log(table);
