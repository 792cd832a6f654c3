// Checks the order of functions that web/dev/order-functions.mjs gives a module, and how it reads one.
import assert from 'node:assert/strict';
import test from 'node:test';
import { functionsOf, similarOrder } from '../../../web/dev/order-functions.mjs';
import { makeRandom } from '../support/random.mjs';

test('functions that share code become neighbours', () => {
  const { below } = makeRandom(3);
  const bytes = (length) => Uint8Array.from({ length }, () => below(256));
  const families = [bytes(400), bytes(300), bytes(200)];
  // 30 functions in turns, each with the code of its family and some of its own. They are more than gzip sees at once.
  const bodies = Array.from({ length: 30 }, (_, i) => Uint8Array.of(...bytes(1_500), ...families[i % 3], ...bytes(20)));
  const order = similarOrder(bodies);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    [...bodies.keys()],
  );
  const changes = order.filter((each, i) => i > 0 && each % 3 !== order[i - 1] % 3).length;
  assert.equal(changes, 2, `families in order: ${order.map((each) => each % 3).join('')}`);
});

test('a module is read without its custom sections', () => {
  // (import "e" "f" (func)) (func) (func (drop (i32.const 300))), and a custom section before the code.
  const file = Uint8Array.of(
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[2, 7, 1, 1, 101, 1, 102, 0, 0],
    ...[3, 3, 2, 0, 0],
    ...[0, 3, 1, 120, 9],
    ...[10, 11, 2, 2, 0, 11, 6, 0, 0x41, 0xac, 2, 0x1a, 11],
  );
  assert.ok(WebAssembly.validate(file));
  const { importCount, bodies, plain } = functionsOf(file);
  assert.equal(importCount, 1);
  assert.deepEqual(
    bodies.map((body) => [...body]),
    [
      [0, 11],
      [0, 0x41, 0xac, 2, 0x1a, 11],
    ],
  );
  assert.equal(plain.length, file.length - 5);
  assert.ok(WebAssembly.validate(plain));
});
