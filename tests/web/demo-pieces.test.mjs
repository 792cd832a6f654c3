// Parts of the demo page that need no browser: automatic saving, undo, slots, and advice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from './import-ts.mjs';

const { advice, Autosave, ConflictError, Slots, UndoHistory } = await importTs(
  '../demo/dataset/advice',
  '../demo/dataset/slots',
  '../demo/dataset/undo-history',
  '../demo/storage/autosave',
  '../demo/storage/store',
);

/** Makes a store with one record, like web/demo/storage/store.ts. The next writes wait for `gate` and throw `fail` if it is set. */
function makeStore() {
  const store = { record: undefined, writes: 0, fail: null, gate: Promise.resolve() };
  store.read = async () => store.record;
  store.write = async (_key, stored, expectedVersion) => {
    await store.gate;
    if (store.fail) throw store.fail;
    if ((store.record?.version ?? 0) !== expectedVersion) throw new ConflictError();
    store.record = stored;
    store.writes++;
  };
  return store;
}

/** Makes an Autosave that is running. `teach(text)` stands for a change of the data set; the file is the sum of all texts. */
async function makeAutosave(store = makeStore()) {
  const states = [];
  let file = '';
  const source = { toFile: async () => file, slots: () => [] };
  const autosave = new Autosave(store, 'network', source, (state) => states.push(state));
  await autosave.read();
  autosave.resume(true);
  const teach = (text) => {
    file += text;
    autosave.changed();
  };
  return { autosave, store, states, teach };
}

test('flush() saves a change, and one that comes while a save runs is saved by the next flush()', async () => {
  const { autosave, store, teach } = await makeAutosave();
  let open;
  store.gate = new Promise((resolve) => (open = resolve));
  teach('a');
  const saving = autosave.flush();
  teach('b');
  assert.equal(autosave.hasUnsavedChanges, true);
  open();
  await saving;
  await autosave.flush();
  assert.deepEqual([store.record.file, autosave.hasUnsavedChanges, autosave.state], ['ab', false, 'saved']);
});

test('a failed save is repeated, and the changes count as unsaved until it succeeds', async () => {
  const { autosave, store, states, teach } = await makeAutosave();
  store.fail = new Error('no room');
  teach('a');
  await autosave.flush();
  assert.deepEqual([autosave.state, autosave.hasUnsavedChanges], ['failed', true]);
  store.fail = null;
  await autosave.flush();
  assert.deepEqual([store.record.file, autosave.state, autosave.hasUnsavedChanges], ['a', 'saved', false]);
  assert.deepEqual(states, ['empty', 'pending', 'failed', 'saved']);
});

test('the data set of another tab is not overwritten without overwrite()', async () => {
  const { autosave: first, store, teach } = await makeAutosave();
  const { autosave: second, teach: teachSecond } = await makeAutosave(store);
  teach('a');
  await first.flush();
  teachSecond('b');
  await second.flush();
  assert.deepEqual([store.record.file, second.state, second.hasUnsavedChanges], ['a', 'conflict', true]);
  teachSecond('c');
  await second.flush();
  assert.equal(store.record.file, 'a');
  await second.overwrite();
  await second.flush();
  assert.deepEqual([store.record.file, second.state], ['bc', 'saved']);
});

test('a tab that waits for the lock saves nothing', async () => {
  const { autosave, store, teach } = await makeAutosave();
  autosave.waitForTabLock();
  teach('a');
  await autosave.flush();
  assert.deepEqual([store.writes, autosave.hasUnsavedChanges], [0, true]);
  assert.equal(await autosave.hasConflict(), false);
  autosave.resume(false);
  await autosave.flush();
  assert.equal(store.record.file, 'a');
});

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
