#!/usr/bin/env node
// Computes the mean of a model's embeddings of generic pictures: `node models/space.mjs ID FOLDER`. Writes it to models/spaces/ and its
// checksum into catalog.json. FOLDER holds one picture each of many different things, such as 500 classes of ImageNet. It needs the
// built package.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fetchModel, filesFolder, spacesFolder } from './fetch.mjs';

const catalogFile = fileURLToPath(new URL('catalog.json', import.meta.url));
const isPicture = (name) => /\.(jpe?g|png|bmp)$/i.test(name);

/**
 * Returns the mean of rows whose parts are scaled to length 1. A row of zeros stays as it is.
 * @param {Iterable<Float32Array>} rows Embeddings of equal length.
 * @param {readonly number[]} sizes Number of elements of each part.
 */
export function meanOfUnitParts(rows, sizes) {
  const sum = new Float64Array(sizes.reduce((all, size) => all + size, 0));
  let count = 0;
  for (const row of rows) {
    let begin = 0;
    for (const size of sizes) {
      const part = row.subarray(begin, begin + size);
      const length = Math.hypot(...part) || 1;
      part.forEach((value, index) => {
        sum[begin + index] += value / length;
      });
      begin += size;
    }
    count++;
  }
  return sum.map((value) => value / count);
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
  const classifier = await load({ model: { ...model, baseUrl }, layers: 'auto', threads: 1 });
  const { embeddingSize, middleLayerSize } = classifier.model;
  const rows = [];
  for (const name of names) rows.push(await classifier.embed(await readFile(path.join(folder, name))));
  classifier.dispose();
  const sizes = [embeddingSize - middleLayerSize, middleLayerSize];
  const bytes = toHalves(meanOfUnitParts(rows, sizes));
  const file = `${id}.f16`;
  await mkdir(spacesFolder, { recursive: true });
  await writeFile(path.join(spacesFolder, file), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  console.log(`Mean of ${rows.length} pictures, ${sizes.join(' + ')} numbers, written to models/spaces/${file}.`);
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
