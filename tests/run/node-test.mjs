// Runs the *.test.mjs files with Node's own test runner.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, run } from '../../web/dev/steps.mjs';
import { filesOfKind, toExpression } from './selection.mjs';

const reporter = join(projectFolder, 'tests/run/reporter.mjs');
const report = join(projectFolder, 'build/log/node-test.jsonl');

/**
 * Runs test files, one after the other. `figures` of the result says how much the tests tried, by unit.
 * @param {'node' | 'browser' | 'consumers' | 'soak'} kind The kind of files.
 * @param {{files?: string[], filter?: string}} selection `files`: the files to run, instead of all of that kind. `filter`: the part of
 * a name that tests must have.
 */
export async function runNodeTests(kind, { files = filesOfKind(kind), filter } = {}) {
  const result = { passed: 0, failed: [], skipped: [], figures: {} };
  if (files.length === 0) return result; // without files, Node would look for tests itself

  mkdirSync(join(projectFolder, 'build/log'), { recursive: true });
  rmSync(report, { force: true });
  // Browsers that run side by side slow each other down until tests time out.
  const options = [
    '--test',
    '--test-concurrency=1',
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${report}`,
    ...(filter === undefined ? [] : [`--test-name-pattern=${toExpression(filter)}`]),
  ];
  const ended = await run(process.execPath, [...options, ...files], { allowFailure: true });
  for (const { kind: outcome, name, text, unit, count } of readReport()) {
    if (outcome === 'figure') result.figures[unit] = (result.figures[unit] ?? 0) + count;
    else if (outcome === 'passed') result.passed += 1;
    else if (outcome === 'skipped') result.skipped.push({ name, reason: text });
    else result.failed.push({ name, output: text });
  }
  if (ended.status !== 0 && result.failed.length === 0)
    result.failed.push({ name: 'node --test', output: ended.everything });
  return result;
}

/** Returns the lines of the report. A test runner that was killed leaves an incomplete last line, which is left out. */
function readReport() {
  const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
