// Tests the table of promises: each promise has tests that exist and run, and SECURITY.md shows all of them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fuzzers, scriptFuzzers } from '../../fuzz/run.mjs';
import { filesOfKind } from '../../run/selection.mjs';
import { keyOf, promises, tests } from '../../trust/promises.mjs';
import { readRows, toRows, toTable, toText } from '../../trust/security.mjs';
import { root } from '../support/data.mjs';

test('each promise has a test, and each test belongs to a promise and is there once', () => {
  for (const id of Object.keys(promises))
    assert.ok(
      tests.some(([promise]) => promise === id),
      id,
    );
  for (const [promise] of tests) assert.ok(promise in promises, promise);
  const lines = tests.map((line) => line.join(' '));
  assert.deepEqual(
    lines.filter((line, at) => lines.indexOf(line) !== at),
    [],
  );
});

test('each test exists, as the kind that the table says', () => {
  const presets = readFileSync(path.join(root, 'CMakePresets.json'), 'utf8');
  for (const [, how, target] of tests) {
    if (how === 'fuzz') {
      assert.ok([...fuzzers, ...scriptFuzzers].includes(target), target);
      const file = `tests/fuzz/${fuzzers.includes(target) ? `fuzz_${target.replace(/_memory$/, '')}.cpp` : `${target}.mjs`}`;
      assert.ok(existsSync(path.join(root, file)), file);
    } else if (how === 'node' || how === 'browser' || how === 'soak') {
      assert.ok(filesOfKind(how).includes(path.normalize(target)), `${how} ${target}`);
    } else {
      assert.ok(how === 'native' || presets.includes(`"native-${how}"`), `there is no preset for ${how}`);
      assert.match(target, /^tests\/cpp\/\w+_test\.cpp$/);
      assert.ok(existsSync(path.join(root, target)), target);
    }
  }
});

test('every fuzzer holds a promise', () => {
  for (const name of [...fuzzers, ...scriptFuzzers])
    assert.ok(
      tests.some(([, how, target]) => how === 'fuzz' && target === name),
      `fuzzer ${name} is not in tests/trust/promises.mjs`,
    );
});

test('SECURITY.md shows each promise with its tests, and no row of it failed', () => {
  const shown = readRows();
  assert.deepEqual(
    shown.map(({ promise, tests: names }) => [promise, names]),
    toRows(undefined).map(({ promise, tests: names }) => [promise, names]),
    'run: node tests/trust/security.mjs --write',
  );
  for (const { promise, figures } of shown) {
    assert.ok(figures.length > 0, promise);
    assert.doesNotMatch(figures, /failed/, promise);
  }
});

test('the figures of a promise are the sums of its tests, and missing ones keep the earlier figures', () => {
  const result = (more) => ({ passed: 0, failed: 0, skipped: 0, seconds: 0, figures: {}, ...more });
  const results = [
    result({ passed: 1, seconds: 600, figures: { inputs: 703_741 } }),
    result({ passed: 1200, seconds: 330, skipped: 2, figures: { inputs: 9, faults: 12 } }),
  ];
  assert.equal(toText(results), '703,750 inputs, 12 faults, 1,201 tests, 2 skipped, 16 min');
  assert.match(toText([result({ failed: 3 })]), /^\*\*3 failed\*\*, 0 tests, 0\.0 min$/);

  const own = tests.filter(([id]) => id === 'journals').map(([, how, target]) => keyOf(how, target));
  const run = { results: Object.fromEntries(own.map((key) => [key, result({ passed: 2, seconds: 60 })])) };
  const figuresOf = (each, old) => toRows(each, old).find(({ promise }) => promise === promises.journals).figures;
  assert.equal(figuresOf(run), '4 tests, 2.0 min');
  delete run.results[own[0]];
  assert.equal(figuresOf(run, new Map([[promises.journals, 'earlier']])), 'earlier');
  assert.equal(figuresOf(run), 'not measured');
  const text = `<!-- Made by \`node tests/trust/security.mjs --write\`: -->\n${toTable(toRows(undefined))}<!-- End of the table. -->`;
  assert.deepEqual(readRows(text), toRows(undefined));
});
