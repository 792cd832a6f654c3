// A fuzzer for data sets as JSON. It changes valid data sets of every format. TEACHABLE_FUZZ_SECONDS=600 runs for longer.
// Cases that were found are files of tests/fuzz/corpus/knn-json.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';
import { mutate, runRounds } from '../support/random.mjs';
import { testSeed } from '../support/seed.mjs';

const { readJsonDataset, writeJsonDataset } = await importTs('worker/dataset-json.ts');
const size = 3;

/** Valid data sets, one of each format. */
const valid = () => [
  {
    format: 'teachable-wasm',
    version: 1,
    model: { id: 'm', sha256: 'ab'.repeat(32) },
    embeddingSize: size,
    classes: [
      { label: 'a', enabled: true, examples: [[1, 2, 3], [4, 5, 6]] },
      { label: 'b', enabled: false, examples: [] },
    ],
  },
  [
    ['a', [1, 2, 3, 4, 5, 6], [2, 3]],
    ['b', [[1, 2, 3]], [1, 3]],
    [7, { 0: 1, 1: 2, 2: 3 }],
  ],
  { a: [1, 2, 3], b: [[1, 2, 3], { 0: 4, 1: 5, 2: 6 }] },
  { dataset: { 0: { label: 'a', shape: [1, 3] }, 1: { shape: [2, 3] } }, tensors: [{ 0: 1, 1: 2, 2: 3 }, [1, 2, 3, 4, 5, 6]] },
]; // biome-ignore format: a table

/** Checks a condition. The description is made only when it doesn't hold, because data sets are long. */
function ensure(holds, what, describe) {
  if (!holds) assert.fail(`${what}: ${describe()}`);
}

/** Reads a data set, and checks that it is refused with a code, or is whole and can be written and read again. */
function check(json, describe) {
  let read;
  try {
    read = readJsonDataset(json, size);
  } catch (error) {
    ensure(error.name === 'ClassifierError' && error.code === 'bad-dataset', error.stack, describe);
    ensure(error.message.length < 1000, `a message of ${error.message.length} characters`, describe);
    return false;
  }
  for (const { label, enabled, rows, count } of read.classes) {
    ensure(typeof label === 'string' && typeof enabled === 'boolean', 'label and enabled', describe);
    ensure(
      rows instanceof Float32Array && rows.length === count * size && rows.every(Number.isFinite),
      'rows',
      describe,
    );
  }
  const split = ({ label, enabled, rows, count }) => ({
    label,
    enabled,
    examples: Array.from({ length: count }, (_, index) => rows.subarray(index * size, (index + 1) * size)),
  });
  const again = readJsonDataset(writeJsonDataset({ id: 'm', sha256: '' }, size, read.classes.map(split)), size);
  // JSON has no -0.
  const plain = ({ classes }) =>
    JSON.stringify(classes.map(({ rows, ...each }) => ({ ...each, rows: Array.from(rows, (value) => value + 0) })));
  ensure(plain(again) === plain(read), 'written and read again', describe);
  return true;
}

test('data sets that are changed at random are refused with a code, or are read whole', async (t) => {
  const seed = testSeed();
  for (const form of valid()) assert.ok(check(form, () => 'valid'));
  let accepted = 0;
  const rounds = await runRounds(seed, 15_000, (each) => {
    const value = mutate(each, each.pick(valid()));
    if (each.chance(0.5)) {
      accepted += check(value, () => JSON.stringify(value));
      return;
    }
    let text = JSON.stringify(value) ?? '';
    if (each.chance(0.3)) {
      const at = each.below(text.length + 1);
      text =
        text.slice(0, at) +
        each.pick(['', '[', '{', '"', ',', '1e999', '\\u', text.slice(0, 20)]) +
        text.slice(at + each.below(4));
    }
    accepted += check(text, () => text);
  });
  t.diagnostic(`${rounds} data sets with the seed ${seed}; ${accepted} were accepted`);
  assert.ok(accepted > rounds / 50 && accepted < rounds);
});

test('the cases that were found are refused with a code', () => {
  const folder = path.join(root, 'tests/fuzz/corpus/knn-json');
  const files = readdirSync(folder);
  assert.ok(files.length > 0);
  for (const name of files) {
    const text = readFileSync(path.join(folder, name), 'utf8');
    assert.equal(
      check(text, () => name),
      false,
      name,
    );
    assert.equal(
      check(JSON.parse(text), () => name),
      false,
      name,
    );
  }
});
