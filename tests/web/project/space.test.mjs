// Tests the computation of a model's space, and its way from the repository to the files of the model.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fetchModel, spacesFolder } from '../../../models/fetch.mjs';
import { directionsOf, meanOf, toDirectionBytes, toHalf, toHalves, toUnit } from '../../../models/space.mjs';
import { needsData, root } from '../support/data.mjs';

test('rows get length 1, and their mean is that of each element', () => {
  assert.deepEqual([...toUnit(Float32Array.of(3, 4))], [0.6, 0.8]);
  assert.deepEqual([...toUnit(Float32Array.of(0, 0))], [0, 0]);
  assert.deepEqual([...meanOf([Float64Array.of(1, 4), Float64Array.of(3, 0)])], [2, 2]);
});

test('directions are those in which rows vary most, with what makes them vary no more than the first one left out', () => {
  // Deviations of 8, 4 and 2 along three orthogonal directions.
  const [a, b, c] = [
    [0.6, 0.8, 0],
    [-0.8, 0.6, 0],
    [0, 0, 1],
  ];
  const rows = [
    [a, 8],
    [b, 4],
    [c, 2],
  ].flatMap(([direction, size]) =>
    [size, -size].map((length) => Float64Array.from(direction, (value) => (value * length) / Math.SQRT2)),
  );
  const found = directionsOf(rows, 2);
  assert.equal(found.length, 2);
  [a, b].forEach((wanted, index) => {
    const along = wanted.reduce((sum, value, i) => sum + value * found[index].direction[i], 0);
    assert.ok(Math.abs(Math.abs(along) - 1) < 1e-12);
  });
  [0.75, 0.5].forEach((wanted, index) => assert.ok(Math.abs(found[index].strength - wanted) < 1e-12));
  // The last direction of the rows is never one of them, because nothing would be left.
  assert.equal(directionsOf(rows, 9).length, 2);
  assert.equal(directionsOf([Float64Array.of(0, 0)], 9).length, 0);
});

test('a direction is a factor and a byte for each element', () => {
  const bytes = toDirectionBytes([{ direction: [0.5, -1, 0.001], strength: 0.75 }]);
  assert.equal(bytes.length, 7);
  assert.ok(Math.abs(bytes.readFloatLE(0) - 0.75 / 127 ** 2) < 1e-9);
  assert.deepEqual([...new Int8Array(bytes.subarray(4))], [64, -127, 0]);
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

test('the default model has a space, and each space has its checksum', async () => {
  assert.ok(withSpace.some(({ id }) => id === catalog.default));
  for (const { id, space, embeddingSize } of withSpace) {
    const bytes = await readFile(path.join(spacesFolder, space.path));
    assert.equal(space.path, `${id}.space`);
    assert.equal(bytes.length, space.byteLength);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), space.sha256);
    assert.ok(bytes.length > 2 * embeddingSize);
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
