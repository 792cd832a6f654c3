// Tests the computation of a model's space, and its way from the repository to the files of the model.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fetchModel, spacesFolder } from '../../models/fetch.mjs';
import { meanOfUnitParts, toHalf, toHalves } from '../../models/space.mjs';
import { needsData, root } from './data.mjs';

test('the mean is that of rows whose parts have length 1', () => {
  const rows = [Float32Array.of(3, 4, 2), Float32Array.of(0, 1, 5), Float32Array.of(0, 0, 0)];
  const mean = meanOfUnitParts(rows, [2, 1]);
  [0.2, 0.6, 2 / 3].forEach((wanted, index) => assert.ok(Math.abs(mean[index] - wanted) < 1e-7));
});

test('float16 values are the nearest ones', () => {
  const bits = { 0: 0, 1: 0x3c00, '-2': 0xc000, 0.5: 0x3800, 65504: 0x7bff, 6e-8: 1, 6.1e-5: 0x3ff, 2049: 0x6800 };
  for (const [value, wanted] of Object.entries(bits)) assert.equal(toHalf(Number(value)), wanted, value);
  assert.throws(() => toHalf(65520), /doesn't fit/);
  assert.throws(() => toHalf(NaN), /doesn't fit/);
  assert.deepEqual([...toHalves([1, -2])], [0, 0x3c, 0, 0xc0]);
});

const catalog = JSON.parse(readFileSync(path.join(root, 'models/catalog.json'), 'utf8'));
const withSpace = catalog.models.filter(({ space }) => space);

test('the default model has a space, and each space has its checksum and a number for each element', async () => {
  assert.ok(withSpace.some(({ id }) => id === catalog.default));
  for (const { id, space, embeddingSize } of withSpace) {
    const bytes = await readFile(path.join(spacesFolder, space.path));
    assert.equal(space.path, `${id}.f16`);
    assert.equal(bytes.length, space.byteLength);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), space.sha256);
    assert.ok(bytes.length >= 2 * embeddingSize && bytes.length % 2 === 0);
  }
});

test('fetching a model copies its space beside its files', needsData, async (t) => {
  const filesFolder = await mkdtemp(path.join(tmpdir(), 'space-'));
  t.after(() => rm(filesFolder, { recursive: true, force: true }));
  const [{ id, space }] = withSpace;
  const entry = await fetchModel(id, { filesFolder });
  assert.deepEqual(entry.space, { ...space, path: `${id}/${space.path}` });
  assert.deepEqual(
    await readFile(path.join(filesFolder, entry.space.path)),
    await readFile(path.join(spacesFolder, space.path)),
  );
});
