// A reporter for Node's test runner: one line of JSON for each test, {kind, name, text}.
import { relative } from 'node:path';
import { inspect } from 'node:util';

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const failed = type === 'test:fail';
    const groupOnly = data.details?.type === 'suite';
    // A group fails with its tests; it counts itself only when its own hooks failed.
    if (groupOnly && !(failed && data.details.error?.failureType === 'hookFailed')) continue;
    const name = `${data.file ? `${relative(process.cwd(), data.file)}: ` : ''}${data.name}`;
    yield `${JSON.stringify(describe(failed, data, name))}\n`;
  }
}

function describe(failed, { skip, todo, details }, name) {
  if (skip !== undefined && skip !== false) return { kind: 'skipped', name, text: typeof skip === 'string' ? skip : '' };
  if (todo !== undefined && todo !== false) return { kind: 'skipped', name, text: `to do ${typeof todo === 'string' ? todo : ''}` };
  if (failed) return { kind: 'failed', name, text: inspect(details.error?.cause ?? details.error) };
  return { kind: 'passed', name };
}
