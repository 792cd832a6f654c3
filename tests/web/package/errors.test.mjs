import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { ClassifierError, errorCodes, fromWire, toClassifierError, toWire } = await importTs('shared/errors.ts');

const travel = (error) => fromWire(structuredClone(toWire(error)));

test('every code survives the transfer', () => {
  for (const code of errorCodes) {
    const arrived = travel(new ClassifierError(code, 'What, where, got, wanted.'));
    assert.ok(arrived instanceof ClassifierError);
    assert.equal(arrived.code, code);
    assert.equal(arrived.message, 'What, where, got, wanted.');
    assert.equal(arrived.name, 'ClassifierError');
  }
});

test("the module's errors keep their code", () => {
  const wasmError = Object.assign(new Error('unsupported op GATHER at node 41'), { code: 'unsupported-op' });
  assert.equal(travel(wasmError).code, 'unsupported-op');
  assert.equal(travel(wasmError).message, wasmError.message);
});

test("errors of another copy of the class are instances too, and other errors aren't", async () => {
  const other = await importTs('shared/errors.ts');
  assert.notEqual(other.ClassifierError, ClassifierError);
  const error = new other.ClassifierError('bad-image', 'x');
  assert.ok(error instanceof ClassifierError);
  class Special extends ClassifierError {}
  assert.ok(!(error instanceof Special));
  assert.ok(new Special('bad-image', 'x') instanceof Special);
  for (const none of [
    undefined,
    null,
    'x',
    new Error('x'),
    Object.assign(new Error('x'), { code: 'bad-image' }),
    { name: 'ClassifierError', code: 'bad-image' },
  ]) {
    assert.ok(!(none instanceof ClassifierError));
  }
});

test("the worker's stack is kept", () => {
  const error = new Error('x');
  assert.equal(travel(error).cause.stack, error.stack);
});

test('the numeric code of a DOMException is ignored', () => {
  assert.equal(travel(new DOMException('stop', 'AbortError')).code, 'aborted');
  assert.equal(travel(new DOMException('no', 'DataCloneError')).code, 'internal');
});

test('failed allocations are distinguished from bugs', () => {
  assert.equal(
    travel(new RangeError('WebAssembly.Memory(): could not allocate memory: Out of memory')).code,
    'out-of-memory',
  );
  assert.equal(travel(new WebAssembly.RuntimeError('Aborted(OOM)')).code, 'out-of-memory');
  assert.equal(travel(new WebAssembly.RuntimeError('unreachable')).code, 'internal');
});

test('internal errors name the original error type', () => {
  assert.equal(travel(new TypeError('x is not a function')).message, 'TypeError: x is not a function');
});

test('any thrown value is converted', () => {
  for (const thrown of [undefined, null, 'text', 42, {}, { code: 'made-up' }])
    assert.equal(travel(thrown).code, 'internal');
});

test('a ClassifierError is returned unchanged', () => {
  const error = new ClassifierError('disposed', 'gone');
  assert.equal(toClassifierError(error), error);
});
