// Makes the table of promises in .github/SECURITY.md from promises.mjs and from the figures of the last run.
//
//   node tests/trust/security.mjs            prints the table
//   node tests/trust/security.mjs --write    writes it into SECURITY.md; without figures of a run, rows keep the figures they have
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, projectFolder } from '../../web/dev/steps.mjs';
import { keyOf, promises, tests } from './promises.mjs';

export const figuresFile = join(projectFolder, 'build/trust/figures.json');
export const securityFile = join(projectFolder, '.github/SECURITY.md');
const begin = '<!-- Made by `node tests/trust/security.mjs --write`: -->\n';
const end = '<!-- End of the table. -->';

const noFigures = 'not measured';

/** Returns the rows of the table as {promise, tests, figures}. `run` is the content of figuresFile, `old` the figures by promise. */
export function toRows(run, old = new Map()) {
  return Object.entries(promises).map(([id, promise]) => {
    const own = tests.filter(([each]) => each === id);
    const results = own.map(([, how, target]) => run?.results[keyOf(how, target)]);
    const isComplete = own.length > 0 && results.every(Boolean);
    const figures = isComplete ? toText(results) : (old.get(promise) ?? noFigures);
    return { promise, tests: own.map(([, how, target]) => nameOf(how, target)).join(', '), figures };
  });
}

function nameOf(how, target) {
  if (how === 'fuzz') return `fuzzer \`${target}\``;
  const suffix = ['asan', 'tsan', 'msan'].includes(how) ? ` (${how})` : '';
  return `\`${target.replace(/^tests\//, '')}\`${suffix}`;
}

/** Adds up the results of a promise's tests: {passed, failed, skipped, seconds, figures}. */
export function toText(results) {
  const sum = (name) => results.reduce((total, result) => total + result[name], 0);
  const units = new Map();
  for (const { figures } of results)
    for (const [unit, count] of Object.entries(figures)) units.set(unit, (units.get(unit) ?? 0) + count);
  const minutes = sum('seconds') / 60;
  return [
    ...(sum('failed') > 0 ? [`**${sum('failed')} failed**`] : []),
    ...[...units].map(([unit, count]) => `${count.toLocaleString('en')} ${unit}`),
    `${sum('passed').toLocaleString('en')} tests`,
    ...(sum('skipped') > 0 ? [`${sum('skipped')} skipped`] : []),
    `${minutes < 10 ? minutes.toFixed(1) : Math.round(minutes)} min`,
  ].join(', ');
}

export function toTable(rows) {
  return [
    '| promise | tests | last figures |',
    '|---|---|---|',
    ...rows.map(({ promise, tests: names, figures }) => `| ${promise} | ${names} | ${figures} |`),
    '',
  ].join('\n');
}

/** Returns the part of SECURITY.md that this file writes, and what is around it. */
function split(text) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) fail(`${securityFile} has no '${begin.trim()}' followed by '${end}'.`);
  return [text.slice(0, from + begin.length), text.slice(from + begin.length, to), text.slice(to)];
}

/** Returns the rows that SECURITY.md has, as {promise, tests, figures}. */
export function readRows(text = readFileSync(securityFile, 'utf8')) {
  const lines = split(text)[1].trim().split('\n').slice(2);
  return lines.map((line) => {
    const [promise, names, figures] = line.slice(2, -2).split(' | ');
    return { promise, tests: names, figures };
  });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const text = readFileSync(securityFile, 'utf8');
  const run = existsSync(figuresFile) ? JSON.parse(readFileSync(figuresFile, 'utf8')) : undefined;
  const table = toTable(toRows(run, new Map(readRows(text).map(({ promise, figures }) => [promise, figures]))));
  if (process.argv.includes('--write')) {
    const [before, , after] = split(text);
    writeFileSync(securityFile, before + table + after);
  } else {
    console.log(table);
  }
}
