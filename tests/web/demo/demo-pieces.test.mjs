// Parts of the demo page that need no browser: undo, slots, and advice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { advice, ClassifierError, failureOf, fromWire, Slots, toWire, UndoHistory } = await importTs(
  'shared/errors',
  '../demo/app/failure',
  '../demo/dataset/advice',
  '../demo/dataset/slots',
  '../demo/dataset/undo-history',
);

test('steps are undone from the last to the first, and a step that fails can be tried again', async () => {
  const undone = [];
  let last;
  const steps = new UndoHistory((step) => (last = step?.description));
  let broken = true;
  steps.push({ description: 'one', undo: async () => void undone.push('one') });
  steps.push({
    description: 'two',
    undo: async () => {
      if (broken) throw new Error('made to fail');
      undone.push('two');
    },
  });
  await assert.rejects(steps.undo(), /made to fail/);
  assert.deepEqual([undone, last], [[], 'two']);
  broken = false;
  await steps.undo();
  await steps.undo();
  assert.deepEqual([undone, last, await steps.undo()], [['two', 'one'], undefined, undefined]);
});

test('a class keeps its slot when others are removed and when it is renamed', () => {
  const slots = new Slots();
  slots.assign(['a', 'b', 'c']);
  slots.assign(['b', 'c']);
  assert.deepEqual(slots.all(), [
    ['b', 2],
    ['c', 3],
  ]); // prettier-ignore
  slots.rename('b', 'd');
  slots.assign(['d', 'c', 'e']);
  assert.deepEqual([slots.of('d'), slots.of('e')], [2, 1]);
  assert.equal(slots.freeName(), 'Class 4');
  slots.assign(['Class 2', 'x']);
  // The usual name of a free slot may belong to another class.
  slots.assign(['Class 2']);
  slots.set('Class 2', 1);
  assert.equal(slots.freeName(), 'Class 3');
});

test('the advice names what would help most', () => {
  const words = (...counts) => advice(counts.map((count, index) => ({ name: 'ABC'[index], count })));
  assert.match(words(0, 0), /second class/);
  assert.match(words(9, 0), /second class/);
  assert.match(words(9, 3), /^B has few examples/);
  assert.match(words(60, 10), /^A has 6 times as many examples as B/);
  assert.match(words(10, 12), /watch the bars/);
});

test('only a lost worker and a trap end the engine; an unknown error makes the page ask the engine', () => {
  // As the client gets it from the worker.
  const sent = (error) => fromWire(toWire(error));
  const trap = new WebAssembly.RuntimeError('unreachable');
  for (const [error, wanted] of [
    [new ClassifierError('worker-lost', 'x'), 'lost'],
    [sent(trap), 'lost'],
    [sent(new WebAssembly.RuntimeError('Aborted(OOM)')), 'lost'],
    [sent(new ClassifierError('out-of-memory', 'x')), 'full'],
    [sent(new DOMException('x', 'NotReadableError')), 'doubtful'],
    [sent(new TypeError('x')), 'doubtful'],
    [sent(new ClassifierError('bad-image', 'x')), 'harmless'],
    [sent(new ClassifierError('load-failed', 'x')), 'harmless'],
    [sent(new ClassifierError('bad-dataset', 'x', { cause: trap })), 'harmless'],
    [new ClassifierError('disposed', 'x'), 'ended'],
    [new ClassifierError('aborted', 'x'), 'ended'],
    [new DOMException('x', 'NotFoundError'), 'harmless'],
    [null, 'harmless'],
    ['text', 'harmless'],
  ])
    assert.equal(failureOf(error), wanted, String(error));
});
