#!/usr/bin/env node
// Computes the space of a model's embeddings from generic pictures: `node models/space.mjs ID FOLDER`. Writes it to models/spaces/ and
// its checksum into catalog.json. FOLDER holds one picture each of many different things, such as 500 classes of ImageNet. It needs the
// built package. cpp/classifier/embedding_space.h describes the file.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { fetchModel, filesFolder, spacesFolder } from './fetch.mjs';

const catalogFile = fileURLToPath(new URL('catalog.json', import.meta.url));
/** Maximum number of directions of the middle layer. More do not help, and each needs a byte per element. */
const maxDirections = 128;
const isPicture = (name) => /\.(jpe?g|png|bmp)$/i.test(name);

/** Returns a row at length 1. A row of zeros stays as it is. */
export function toUnit(row) {
  const length = Math.hypot(...row) || 1;
  return Float64Array.from(row, (value) => value / length);
}

/** Returns the mean of rows of equal length. */
export function meanOf(rows) {
  const mean = new Float64Array(rows[0].length);
  for (const row of rows)
    row.forEach((value, index) => {
      mean[index] += value / rows.length;
    });
  return mean;
}

/**
 * Returns the directions in which centred rows vary most, at most `maxCount`, and how much of each must be taken out so that the rows
 * vary no more in it than in the first direction that is left out.
 * @param {readonly Float64Array[]} rows Rows of equal length whose mean is 0.
 * @returns {{ direction: number[], strength: number }[]} Orthonormal directions, and strengths from 0 to 1.
 */
export function directionsOf(rows, maxCount) {
  const matrix = new Matrix(rows);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix.transpose().mmul(matrix), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, index) => index).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const deviations = order.map((index) => Math.sqrt(Math.max(realEigenvalues[index], 0)));
  const rank = deviations.filter((deviation) => deviation > 1e-6 * deviations[0]).length;
  const count = Math.min(maxCount, Math.max(rank - 1, 0));
  return order.slice(0, count).map((index, at) => ({
    direction: eigenvectorMatrix.getColumn(index),
    strength: 1 - deviations[count] / deviations[at],
  }));
}

/** Returns directions as bytes: for each a float32 factor, then a signed byte for each element. */
export function toDirectionBytes(directions) {
  return Buffer.concat(
    directions.flatMap(({ direction, strength }) => {
      const step = Math.max(...direction.map(Math.abs)) / 127;
      const factor = Buffer.alloc(4);
      factor.writeFloatLE(strength * step ** 2);
      return [factor, Buffer.from(Int8Array.from(direction, (value) => Math.round(value / step)).buffer)];
    }),
  );
}

/** Returns the bits of the nearest float16, ties to even. |value| must be below 65520. */
export function toHalf(value) {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (!(size < 65520)) throw new Error(`${value} doesn't fit into a float16.`);
  // Float16 has 10 bits after the first one, and none below 2^-24.
  const exponent = Math.max(Math.floor(Math.log2(size || 1e-9)), -14);
  const steps = roundToEven(size / 2 ** (exponent - 10));
  return sign + steps + (exponent + 14) * 1024;
}

function roundToEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}

/** Returns the numbers as little-endian float16. */
export function toHalves(values) {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint16(2 * index, toHalf(value), true);
  });
  return bytes;
}

async function main([id, folder]) {
  if (!id || !folder) throw new Error('Usage: node models/space.mjs ID FOLDER');
  const { load } = await import(new URL('../web/dist/index.js', import.meta.url).href);
  const names = (await readdir(folder)).filter(isPicture).sort();
  if (names.length === 0) throw new Error(`${folder} holds no pictures. Supported: JPEG, PNG and BMP.`);
  const model = { ...(await fetchModel(id)), space: undefined };
  const baseUrl = pathToFileURL(`${filesFolder}${path.sep}`);
  const classifier = await load({ model: { ...model, baseUrl }, layers: 'two', threads: 1 });
  const { embeddingSize, middleLayerSize } = classifier.model;
  const last = [];
  const middle = [];
  const lastSize = embeddingSize - middleLayerSize;
  for (const name of names) {
    const row = await classifier.embed(await readFile(path.join(folder, name)));
    last.push(toUnit(row.subarray(0, lastSize)));
    middle.push(toUnit(row.subarray(lastSize)));
  }
  classifier.dispose();
  const middleMean = meanOf(middle);
  const centred = middle.map((row) => row.map((value, index) => value - middleMean[index]));
  const directions = directionsOf(centred, maxDirections);
  const bytes = Buffer.concat([toHalves([...meanOf(last), ...middleMean]), toDirectionBytes(directions)]);
  const file = `${id}.space`;
  await mkdir(spacesFolder, { recursive: true });
  await writeFile(path.join(spacesFolder, file), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  console.log(
    `Space of ${names.length} pictures, ${lastSize} + ${middleLayerSize} numbers, ${directions.length} directions, written to models/spaces/${file}.`,
  );
  await enter(id, { path: file, byteLength: bytes.length, sha256 });
}

/** Writes the entry of a space behind the preprocessing of its model, and leaves the rest of the catalogue as it is formatted. */
async function enter(id, space) {
  const text = await readFile(catalogFile, 'utf8');
  const at = text.indexOf(`"id": "${id}"`);
  const item = /"preprocess": \{.*?\},(\n\s*"space": \{.*?\},)?/s.exec(text.slice(at));
  const line = `\n      "space": {"path": "${space.path}", "byteLength": ${space.byteLength}, "sha256": "${space.sha256}"},`;
  const end = at + item.index + item[0].length;
  const kept = text.slice(0, end - (item[1]?.length ?? 0));
  await writeFile(catalogFile, kept + line + text.slice(end));
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
