// Storage of the demo page, without a browser: automatic saving, and the reading of damaged records.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { until } from '../support/wait.mjs';

const { Autosave, ConflictError, MissingRecordError, positionOf, readRecord, toRawFile, UnreadableRecord, versionOf } =
  await importTs(
    '../demo/storage/autosave',
    '../demo/storage/raw-file',
    '../demo/storage/store',
    '../demo/storage/stored-record',
  );

/** Makes a store with one record, like web/demo/storage/store.ts. Writes wait for `gate` and throw `fail` if it is set. */
function makeStore() {
  const store = { raw: { record: undefined, journal: [] }, replacements: 0, appends: [], fail: null, gate: null };
  const begin = async () => {
    await store.gate;
    if (store.fail) throw store.fail;
  };
  store.read = async () => readRecord(store.raw);
  store.position = async () => positionOf(store.raw);
  store.write = async (_key, record, entries, expected) => {
    await begin();
    const found = positionOf(store.raw);
    if (store.raw.record && (found.version !== expected.version || found.sequence > expected.sequence))
      throw new ConflictError();
    const journal = entries.map((value, sequence) => ({ version: record.version, sequence, value }));
    store.raw = structuredCloneOfRaw({ record, journal });
    store.replacements++;
  };
  store.append = async (_key, entry, { version, sequence }) => {
    await begin();
    if (!store.raw.record) throw new MissingRecordError();
    const found = positionOf(store.raw);
    if (found.version !== version || found.sequence !== sequence) throw new ConflictError();
    store.raw.journal.push({ version, sequence, value: structuredClone(entry) });
    store.appends.push(entry.changes.length);
  };
  return store;
}

/** Blobs can't be changed, so they need no copy. */
const structuredCloneOfRaw = ({ record, journal }) => ({
  record: { ...structuredClone({ ...record, file: undefined }), file: record.file },
  journal: structuredClone(journal),
});

/** Makes a running Autosave of a log. `teach(name)` stands for one example, which has `exampleBytes`. */
async function makeAutosave(store = makeStore(), { exampleBytes = 4000 } = {}) {
  const states = [];
  const compactionErrors = [];
  const source = {
    log: { number: 0, base: null, changes: [] },
    compactions: 0,
    compactionError: null,
    slots: () => [['a', 1]],
    async compact() {
      if (source.compactionError) throw source.compactionError;
      const { number, base, changes } = source.log;
      const text = (base ? await base.text() : '') + changes.map(({ label }) => label.padEnd(exampleBytes)).join('');
      source.compactions++;
      source.log = { number: number + 1, base: new Blob([text]), changes: [] };
    },
  };
  const autosave = new Autosave(store, 'network', source, {
    onState: (state) => states.push(state),
    onCompactionError: (error) => compactionErrors.push(error),
  });
  await autosave.read();
  autosave.resume(true);
  const teach = (label) => {
    source.log.changes.push({
      kind: 'add',
      id: 0,
      label,
      embedding: new Float32Array(exampleBytes / 4),
      thumbnail: undefined,
    });
    autosave.changed();
  };
  return { autosave, source, store, states, compactionErrors, teach };
}

/** Returns the names of all stored examples, in order. */
async function storedNames(store) {
  const { file, changes } = await store.read();
  return [...(await file.text()).split(/ +/).filter(Boolean), ...changes.map(({ label }) => label)];
}

/** Lets all promises settle without any timer. */
const settled = () => new Promise(setImmediate);

test('each example is stored at once, alone, and without a timer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { autosave, store, teach } = await makeAutosave();
  teach('first');
  await settled();
  assert.deepEqual([await storedNames(store), store.replacements, autosave.hasUnsavedChanges], [['first'], 1, false]);
  for (let n = 0; n < 5; n++) {
    teach(`n${n}`);
    await settled();
    assert.equal((await storedNames(store)).length, n + 2);
  }
  assert.deepEqual([store.replacements, store.appends], [1, [1, 1, 1, 1, 1]]);
});

test('examples that come while an append runs are stored together by the next one', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { autosave, store, teach } = await makeAutosave();
  teach('a');
  await settled();
  let open;
  store.gate = new Promise((resolve) => (open = resolve));
  for (const name of ['b', 'c', 'd', 'e']) teach(name);
  await settled();
  assert.deepEqual([await storedNames(store), autosave.hasUnsavedChanges], [['a'], true]);
  open();
  await autosave.flush();
  assert.deepEqual(
    [await storedNames(store), store.appends],
    [
      ['a', 'b', 'c', 'd', 'e'],
      [1, 3],
    ],
  );
});

test('in a pause, a small record is replaced by one file; a large one only when much has changed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { autosave, source, store, states, teach } = await makeAutosave(makeStore(), { exampleBytes: 100_000 });
  for (let n = 0; n < 15; n++) teach(`n${n}`);
  await until(() => !autosave.hasUnsavedChanges, 'all are stored');
  await settled();
  t.mock.timers.tick(400);
  await until(() => autosave.state === 'saved', 'the record is replaced');
  assert.deepEqual([store.raw.journal.length, store.raw.record.file.size], [0, 1_500_000]);
  // Above 2 MB, a quarter of the record may be in the journal.
  for (let n = 0; n < 6; n++) teach(`later${n}`);
  await until(() => !autosave.hasUnsavedChanges, 'all are stored');
  await settled();
  t.mock.timers.tick(400);
  await until(() => source.compactions === 3, 'it is replaced once more');
  await until(() => autosave.state === 'saved', 'it is saved');
  for (let n = 0; n < 4; n++) {
    teach(`last${n}`);
    await settled();
    t.mock.timers.tick(400);
    await settled();
    assert.equal(autosave.state, 'saved');
  }
  assert.deepEqual([source.compactions, store.raw.journal.length, (await storedNames(store)).length], [3, 4, 25]);
  assert.equal(states.includes('failed'), false);
});

test('after a change of the storage format, even a large record is replaced', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { autosave, source, store, teach } = await makeAutosave(makeStore(), { exampleBytes: 3_000_000 });
  teach('a');
  await until(() => autosave.state === 'saved', 'the first example is stored');
  source.log.changes.push({ kind: 'use-bytes', label: '' });
  autosave.changed();
  await until(() => !autosave.hasUnsavedChanges, 'the change is stored');
  await settled();
  t.mock.timers.tick(400);
  await until(() => store.replacements === 2, 'the record is replaced');
});

test('a file that cannot be made for want of memory is put off, and all examples are stored nevertheless', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { autosave, source, store, compactionErrors, teach } = await makeAutosave();
  teach('a');
  await settled();
  source.compactionError = Object.assign(new Error('made to fail'), { code: 'out-of-memory' });
  for (const name of ['b', 'c', 'd']) {
    teach(name);
    await settled();
    t.mock.timers.tick(400);
    await settled();
  }
  assert.deepEqual([autosave.state, autosave.hasUnsavedChanges], ['saved', false]);
  assert.deepEqual(await storedNames(store), ['a', 'b', 'c', 'd']);
  // It is tried again when the changes have doubled, not after each of them.
  assert.equal(compactionErrors.length, 2);
});

test('a failed save is repeated, later and later, and the changes count as unsaved until it succeeds', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { autosave, store, states, teach } = await makeAutosave();
  store.fail = new DOMException('made to fail', 'QuotaExceededError');
  teach('a');
  await settled();
  assert.deepEqual([autosave.state, autosave.hasUnsavedChanges], ['failed', true]);
  teach('b');
  t.mock.timers.tick(1599);
  await settled();
  assert.deepEqual(states, ['empty', 'pending', 'failed']);
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual(states, ['empty', 'pending', 'failed', 'failed']);
  store.fail = null;
  t.mock.timers.tick(6399);
  await settled();
  assert.equal(store.raw.record, undefined);
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual([await storedNames(store), autosave.hasUnsavedChanges], [['a', 'b'], false]);
});

test('the data set of another tab is not overwritten without overwrite(), whether it replaced the record or appended to it', async () => {
  for (const count of [1, 2]) {
    const { autosave: first, store, teach } = await makeAutosave();
    const { autosave: second, teach: teachSecond } = await makeAutosave(store);
    if (count === 2) {
      teach('a');
      await first.flush();
      await second.read();
      second.resume(true);
    }
    teach('b');
    await first.flush();
    const before = await storedNames(store);
    assert.equal(await second.hasConflict(), true);
    teachSecond('c');
    await second.flush();
    assert.deepEqual([await storedNames(store), second.state, second.hasUnsavedChanges], [before, 'conflict', true]);
    teachSecond('d');
    await second.flush();
    assert.deepEqual(await storedNames(store), before);
    await second.overwrite();
    assert.deepEqual(await storedNames(store), ['c', 'd']);
    first.pause('conflict');
    second.pause('conflict');
  }
});

test('when the browser has cleared the data, everything is written again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { store, states, teach } = await makeAutosave();
  teach('a');
  await settled();
  teach('b');
  await settled();
  store.raw = { record: undefined, journal: [] };
  teach('c');
  await settled();
  assert.deepEqual(await storedNames(store), ['a', 'b', 'c']);
  assert.equal(states.includes('conflict') || states.includes('failed'), false);
});

test('a tab that waits for the lock saves nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { autosave, store, teach } = await makeAutosave();
  autosave.waitForTabLock();
  teach('a');
  await autosave.flush();
  assert.deepEqual([store.raw.record, autosave.hasUnsavedChanges], [undefined, true]);
  assert.equal(await autosave.hasConflict(), false);
  autosave.resume(false);
  await autosave.flush();
  assert.deepEqual(await storedNames(store), ['a']);
});

// Reading ---------------------------------------------------------------------------------------------------------------

const file = new Blob(['file']);
const intact = {
  version: 3,
  file,
  places: [
    ['a', 1],
    ['b', 2],
  ],
}; // prettier-ignore
const entry = (sequence, value, version = 3) => ({ version, sequence, value });
const addition = { kind: 'add', id: 1, label: 'a', embedding: new Float32Array(2), thumbnail: undefined };

test('an intact record is read with its journal', () => {
  assert.equal(readRecord({ record: undefined, journal: [] }), undefined);
  const journal = [
    entry(0, { changes: [addition], places: undefined }),
    entry(1, { changes: [{ kind: 'add-class', label: 'c' }], places: [['c', 7]] }),
  ];
  const { version, sequence, changes, slots, damages } = readRecord({ record: intact, journal });
  assert.deepEqual([version, sequence, changes.length, slots, damages], [3, 2, 2, [['c', 7]], []]);
  // The records of earlier versions of the page have no journal.
  assert.deepEqual(readRecord({ record: intact, journal: [] }).slots, intact.places);
});

const repairs = {
  'NaN as version': [{ ...intact, version: NaN }, /version/],
  'a text as version': [{ ...intact, version: '3' }, /version/],
  'a negative version': [{ ...intact, version: -1 }, /version/],
  'a version with a fraction': [{ ...intact, version: 1.5 }, /version/],
  'an endless version': [{ ...intact, version: Infinity }, /version/],
  'a version too large to count on': [{ ...intact, version: Number.MAX_SAFE_INTEGER }, /version/],
  'no version': [{ file, places: intact.places }, /version/],
}; // prettier-ignore

for (const bytes of [new ArrayBuffer(4), new Uint8Array(4)]) {
  test(`a file that is stored as ${bytes.constructor.name} is intact`, () => {
    const { slots, damages, file: read } = readRecord({ record: { ...intact, file: bytes }, journal: [] });
    assert.deepEqual([slots, damages, read.size], [intact.places, [], 4]);
  });
}

for (const [what, [record, words]] of Object.entries(repairs)) {
  test(`a record with ${what} is repaired`, () => {
    const { slots, damages, file: read } = readRecord({ record, journal: [] });
    assert.deepEqual([slots, damages.length, read.size], [intact.places, 1, 4]);
    assert.match(damages[0], words);
    assert.equal(versionOf(record), 'version' in record && record.version === 3 ? 3 : 0);
  });
}

const damagedPlaces = {
  'no places': [undefined, []],
  'null as places': [null, []],
  'an object as places': [{ a: 1 }, []],
  'a place of two classes': [
    [
      ['a', 1],
      ['b', 1],
    ],
    [['a', 1]],
  ],
  'two places of one class': [
    [
      ['a', 1],
      ['a', 2],
    ],
    [['a', 1]],
  ],
  'places out of range': [
    [
      ['a', 0],
      ['b', -1],
      ['c', 1.5],
      ['d', 1e9],
      ['e', NaN],
      ['f', '3'],
      ['g', 3],
    ],
    [['g', 3]],
  ],
  'broken places': [[null, 7, 'a', [], ['a'], [1, 2], ['b', 2]], [['b', 2]]],
}; // prettier-ignore

for (const [what, [places, wanted]] of Object.entries(damagedPlaces)) {
  test(`a record with ${what} is repaired`, () => {
    const { slots, damages } = readRecord({ record: { ...intact, places }, journal: [] });
    assert.deepEqual([slots, damages], [wanted, ['the places of some classes']]);
  });
}

const damagedEntries = {
  null: null,
  'a text': 'text',
  'no changes': {},
  'a number as changes': { changes: 7 },
  'null as a change': { changes: [null] },
  'an unknown change': { changes: [{ kind: 'explode' }] },
  'an addition without embedding': { changes: [{ ...addition, embedding: [1, 2] }] },
  'an addition with a text as id': { changes: [{ ...addition, id: '1' }] },
  'an addition with a number as label': { changes: [{ ...addition, label: 1 }] },
  'an addition with a text as thumbnail': { changes: [{ ...addition, thumbnail: 'text' }] },
  'a removal without id': { changes: [{ kind: 'remove' }] },
  'a move without label': { changes: [{ kind: 'move', id: 1 }] },
  'a new class without label': { changes: [{ kind: 'add-class' }] },
  'a rename without new label': { changes: [{ kind: 'rename', label: 'a' }] },
};

for (const [what, value] of Object.entries(damagedEntries)) {
  test(`a journal entry with ${what} is left out, and all other changes are read`, () => {
    const good = { changes: [addition], places: undefined };
    const journal = [entry(0, good), entry(1, value), entry(2, good)];
    const { changes, damages, sequence } = readRecord({ record: intact, journal });
    assert.deepEqual([changes.length, damages, sequence], [2, ['some changes'], 3]);
  });
}

test('the journal of a record with a damaged version is read, and that of another record is reported', () => {
  const journal = [entry(0, { changes: [addition], places: undefined })];
  assert.equal(readRecord({ record: { ...intact, version: NaN }, journal }).changes.length, 1);
  const { changes, damages } = readRecord({ record: { ...intact, version: 4 }, journal });
  assert.deepEqual([changes, damages], [[], ['some changes']]);
});

test('a record without a readable file is refused with the reason, and is kept as it is', () => {
  for (const [record, words] of [
    [null, /the record is null/],
    [7, /the record is 7/],
    ['text', /the record is text/],
    [[], /contains no file/],
    [{}, /contains no file/],
    [{ ...intact, file: null }, /contains no file/],
    [{ ...intact, file: 'text' }, /contains no file/],
    [{ ...intact, format: 2 }, /newer version of this page/],
    [{ ...intact, format: 'x' }, /newer version of this page/],
  ]) {
    const raw = { record, journal: [] };
    assert.throws(
      () => readRecord(raw),
      (error) => error instanceof UnreadableRecord && words.test(error.message) && error.raw === raw,
    );
  }
  const journal = [entry(0, { changes: [addition], places: undefined })];
  assert.throws(() => readRecord({ record: undefined, journal }), /the record is missing/);
});

test('any value becomes a file that contains all its bytes', async () => {
  const bytes = Uint8Array.from({ length: 400_000 }, (_, i) => (i * 31) & 255);
  const value = {
    version: NaN,
    big: 3n,
    places: [['"\u0000', undefined]],
    at: new Date(0),
    map: new Map([[1, 2]]),
    bytes,
  };
  value.file = new Blob([bytes]);
  value.self = value;
  const read = JSON.parse(await (await toRawFile(value)).text());
  assert.deepEqual(
    [read.version, read.big, read.places, read.map, read.self],
    ['NaN', '3', [['"\u0000', 'undefined']], { entries: [[1, 2]] }, '[circular]'],
  );
  assert.equal(new Date(read.at).getTime(), 0);
  for (const { base64 } of [read.bytes, read.file]) assert.deepEqual(Buffer.from(base64, 'base64'), Buffer.from(bytes));
});
