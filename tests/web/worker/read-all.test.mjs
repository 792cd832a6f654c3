// Tests reading a response: into one buffer if its length is known, and correctly if the declared length is wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { readAll } = await importTs('shared/download.ts');

/** Content of the responses, 10,000 bytes. */
const whole = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 7) % 251);

function answer(bytes, { type, headers = {}, pieceBytes = 1000 }) {
  let at = 0;
  const pull = (controller) => {
    if (at >= bytes.length) {
      controller.close();
      // Without this call, a pending read into a buffer would never end.
      return controller.byobRequest?.respond(0);
    }
    const piece = bytes.slice(at, (at += pieceBytes));
    controller.enqueue(piece);
  };
  return new Response(new ReadableStream({ type, pull }, type ? undefined : { highWaterMark: 0 }), { headers });
}

const cases = {
  'no length': {},
  'the right length': { 'content-length': '10000' },
  'a length that is too small': { 'content-length': '2500' },
  'a length that is too large': { 'content-length': '12000' },
  'the compressed length': { 'content-length': '400', 'content-encoding': 'gzip' },
  'a length above the limit': { 'content-length': '30000' },
};

for (const [name, headers] of Object.entries(cases)) {
  for (const type of [undefined, 'bytes']) {
    test(`reads a response with ${name}, ${type ? 'in place' : 'in pieces'}`, async () => {
      const seen = [];
      const bytes = await readAll(answer(whole, { type, headers }), 20_000, (loaded) => seen.push(loaded));
      assert.deepEqual(Buffer.from(bytes), Buffer.from(whole));
      assert.equal(seen.at(-1), whole.length);
      assert.ok(seen.length >= 10 && seen.every((each, index) => each > (seen[index - 1] ?? 0)), String(seen));
    });
  }
}

test('an empty response is an empty file', async () => {
  for (const type of [undefined, 'bytes'])
    assert.equal(
      (await readAll(answer(new Uint8Array(), { type, headers: { 'content-length': '0' } }), 10, assert.fail)).length,
      0,
    );
  assert.equal((await readAll(new Response(null), 10, assert.fail)).length, 0);
});

test('reading stops soon after the limit', async () => {
  for (const type of [undefined, 'bytes']) {
    for (const headers of [{}, { 'content-length': '2000' }]) {
      const bytes = await readAll(answer(whole, { type, headers }), 4500, () => {});
      assert.equal(bytes.length, 5000);
    }
  }
});
