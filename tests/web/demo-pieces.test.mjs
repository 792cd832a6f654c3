// The demo page's parts that need no page: what is saved when, what is undone, where classes stand, what is advised.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from './import-ts.mjs';

const { advice, Autosave, Overtaken, Places, UndoSteps } = await importTs(
  '../demo/advice',
  '../demo/autosave',
  '../demo/places',
  '../demo/store',
  '../demo/undo-steps',
);

/** A store with one record, as web/demo/store.ts has it. `fail`: what the next writes throw. */
function makeStore() {
  const store = { record: undefined, writes: 0, fail: null, gate: Promise.resolve() };
  store.read = async () => store.record;
  store.write = async (_key, kept, expected) => {
    await store.gate;
    if (store.fail) throw store.fail;
    if ((store.record?.version ?? 0) !== expected) throw new Overtaken();
    store.record = kept;
    store.writes++;
  };
  return store;
}

/** `taught` stands for all that was taught. */
async function makeAutosave(store = makeStore()) {
  const states = [];
  const lesson = { taught: '' };
  const source = { toFile: async () => lesson.taught, places: () => [] };
  const autosave = new Autosave(store, 'network', source, (state) => states.push(state));
  await autosave.read();
  autosave.resume(true);
  const teach = (what) => {
    lesson.taught += what;
    autosave.changed();
  };
  return { autosave, store, states, teach };
}

test('a change is saved by itself, and so is one that comes while a save runs', async () => {
  const { autosave, store, teach } = await makeAutosave();
  let open;
  store.gate = new Promise((resolve) => (open = resolve));
  teach('a');
  const saving = autosave.flush();
  teach('b');
  assert.equal(autosave.unsaved, true);
  open();
  await saving;
  await autosave.flush();
  assert.deepEqual([store.record.file, autosave.unsaved, autosave.state], ['ab', false, 'saved']);
});

test('a save that fails is tried again, and nothing counts as saved until then', async () => {
  const { autosave, store, states, teach } = await makeAutosave();
  store.fail = new Error('no room');
  teach('a');
  await autosave.flush();
  assert.deepEqual([autosave.state, autosave.unsaved], ['failed', true]);
  store.fail = null;
  await autosave.flush();
  assert.deepEqual([store.record.file, autosave.state, autosave.unsaved], ['a', 'saved', false]);
  assert.deepEqual(states, ['nothing', 'pending', 'failed', 'saved']);
});

test('what another tab saved is not overwritten before somebody says so', async () => {
  const { autosave: first, store, teach } = await makeAutosave();
  const { autosave: second, teach: teachSecond } = await makeAutosave(store);
  teach('a');
  await first.flush();
  teachSecond('b');
  await second.flush();
  assert.deepEqual([store.record.file, second.state, second.unsaved], ['a', 'overtaken', true]);
  teachSecond('c');
  await second.flush();
  assert.equal(store.record.file, 'a');
  await second.overwrite();
  await second.flush();
  assert.deepEqual([store.record.file, second.state], ['bc', 'saved']);
});

test('a tab that waits for its turn saves nothing', async () => {
  const { autosave, store, teach } = await makeAutosave();
  autosave.waitForTurn();
  teach('a');
  await autosave.flush();
  assert.deepEqual([store.writes, autosave.unsaved], [0, true]);
  assert.equal(await autosave.overtaken(), false);
  autosave.resume(false);
  await autosave.flush();
  assert.equal(store.record.file, 'a');
});

test('steps are undone from the last to the first; one that fails can be tried again', async () => {
  const undone = [];
  let last;
  const steps = new UndoSteps((step) => (last = step?.what));
  let broken = true;
  steps.push({ what: 'one', back: async () => void undone.push('one') });
  steps.push({
    what: 'two',
    back: async () => {
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

test('a class keeps its place when others go and when it gets a new name', () => {
  const places = new Places();
  places.settle(['a', 'b', 'c']);
  places.settle(['b', 'c']);
  assert.deepEqual(places.all(), [
    ['b', 2],
    ['c', 3],
  ]); // prettier-ignore
  places.rename('b', 'd');
  places.settle(['d', 'c', 'e']);
  assert.deepEqual([places.of('d'), places.of('e')], [2, 1]);
  assert.equal(places.freeName(), 'Class 4');
  places.settle(['Class 2', 'x']);
  // The name of a free place may have been given to another class.
  places.settle(['Class 2']);
  places.put('Class 2', 1);
  assert.equal(places.freeName(), 'Class 3');
});

test('the advice is what helps most', () => {
  const words = (...counts) => advice(counts.map((count, index) => ({ name: 'ABC'[index], count })));
  assert.match(words(0, 0), /second class/);
  assert.match(words(9, 0), /second class/);
  assert.match(words(9, 3), /^B has few examples/);
  assert.match(words(60, 10), /^A has 6 times as many examples as B/);
  assert.match(words(10, 12), /watch the bars/);
});
