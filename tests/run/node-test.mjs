// Runs the *.test.mjs files with Node's own test runner.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, run } from '../../web/dev/steps.mjs';

const reporter = join(projectFolder, 'tests/run/reporter.mjs');
const report = join(projectFolder, 'build/log/node-test.jsonl');

export async function runNodeTests(accepts, folders = ['tests', 'tests/web']) {
  const files = folders.flatMap((folder) =>
    readdirSync(join(projectFolder, folder))
      .filter((name) => name.endsWith('.test.mjs') && accepts(name))
      .map((name) => join(folder, name)),
  );
  const result = { passed: 0, failed: [], skipped: [] };
  if (files.length === 0) return result; // Node would look for tests by itself

  mkdirSync(join(projectFolder, 'build/log'), { recursive: true });
  rmSync(report, { force: true });
  // One file at a time: browsers side by side would slow each other down until timeouts fail.
  const options = [
    '--test',
    '--test-concurrency=1',
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${report}`,
  ];
  const ended = await run(process.execPath, [...options, ...files], { allowFailure: true });
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : [];
  for (const { kind, name, text } of lines.map((line) => JSON.parse(line))) {
    if (kind === 'passed') result.passed += 1;
    else if (kind === 'skipped') result.skipped.push({ name, reason: text });
    else result.failed.push({ name, output: text });
  }
  if (ended.status !== 0 && result.failed.length === 0)
    result.failed.push({ name: 'node --test', output: ended.everything });
  return result;
}
