// A reporter for Node's test runner. It writes one line of JSON for each test: {kind, name, text, seconds}. For a diagnostic such as
// 'trust: 250 faults', with which a test says how much it tried, it writes {kind: 'figure', unit: 'faults', count: 250}.
import { relative } from 'node:path';
import { inspect } from 'node:util';

/** Skip reason that Node 20 reports for a test that --test-name-pattern leaves out. Later versions do not report such tests. */
const leftOut = 'test name does not match pattern';

export default async function* report(events) {
  // Maps each file to its standard error, where a file that cannot start reports the reason.
  const complaints = new Map();
  for await (const { type, data } of events) {
    if (type === 'test:stderr')
      complaints.set(data.file, ((complaints.get(data.file) ?? '') + data.message).slice(-5000));
    if (type === 'test:diagnostic') {
      const [, count, unit] = /^trust: (\d+) (\w+)$/.exec(data.message) ?? [];
      if (unit) yield `${JSON.stringify({ kind: 'figure', unit, count: Number(count) })}\n`;
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.skip === leftOut) continue;
    const failed = type === 'test:fail';
    const groupOnly = data.details?.type === 'suite';
    // A group fails when one of its tests fails. It counts itself only when its own hooks failed.
    if (groupOnly && !(failed && data.details.error?.failureType === 'hookFailed')) continue;
    const name = `${data.file ? `${relative(process.cwd(), data.file)}: ` : ''}${data.name}`;
    const line = describe(failed, data, name);
    if (line.kind === 'failed' && data.name === data.file)
      line.text = `${complaints.get(data.file) ?? ''}\n${line.text}`;
    yield `${JSON.stringify({ ...line, seconds: (data.details?.duration_ms ?? 0) / 1000 })}\n`;
  }
}

function describe(failed, { skip, todo, details }, name) {
  if (skip !== undefined && skip !== false)
    return { kind: 'skipped', name, text: typeof skip === 'string' ? skip : '' };
  if (todo !== undefined && todo !== false)
    return { kind: 'skipped', name, text: `to do ${typeof todo === 'string' ? todo : ''}` };
  if (failed) return { kind: 'failed', name, text: inspect(details.error?.cause ?? details.error) };
  return { kind: 'passed', name };
}
