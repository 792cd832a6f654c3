// A photo of 108 megapixels in Node, with the real module.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { jpegWithScans } from '../support/draw.mjs';

const { load } = await import(pathToFileURL(path.join(root, 'web/dist/index.js')).href);

/** Returns a complete progressive JPEG file in one grey. */
function greyJpeg(width, height) {
  const head = jpegWithScans(width, height, 0).subarray(0, -2);
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  // One bit for each block.
  return Buffer.concat([head, Buffer.alloc(Math.ceil(blocks / 8)), Buffer.from([0xff, 0xd9])]);
}

test('a JPEG file of 108 megapixels is seen, and the module keeps little memory', { timeout: 120_000 }, async (t) => {
  const classifier = await load();
  t.after(() => classifier.dispose());
  const small = await classifier.embed(greyJpeg(800, 600));
  const before = (await classifier.info()).heapBytes;
  assert.deepEqual(await classifier.embed(greyJpeg(12_000, 9000)), small);
  assert.ok((await classifier.info()).heapBytes - before < 32 << 20);
  await assert.rejects(classifier.embed(greyJpeg(16_000, 9000)), {
    code: 'bad-image',
    message: /JPEG file has 16000x9000 pixels.*at most 128000000/,
  });
  assert.deepEqual(await classifier.embed(greyJpeg(800, 600)), small);
});
