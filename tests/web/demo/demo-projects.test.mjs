// Projects of the demo page, without a browser: records, the list, saving, and the file with all projects.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const {
  chooseProject,
  ConflictError,
  datasetKey,
  deleted,
  emptyProject,
  expired,
  exportProjects,
  freeName,
  fromTaggedJson,
  importProjects,
  isProjectsZip,
  keyInProject,
  listProjects,
  newRecord,
  noOutput,
  openable,
  openZip,
  partsOfKey,
  ProjectSaver,
  ProjectState,
  readProjectRecord,
  toTaggedJson,
} = await importTs(
  '../demo/outputs/output',
  '../demo/project/project',
  '../demo/projects/export-projects',
  '../demo/projects/project-list',
  '../demo/projects/project-record',
  '../demo/projects/project-saver',
  '../demo/projects/tagged-json',
  '../demo/storage/dataset-key',
  '../demo/storage/store',
  '../demo/zip/read-zip',
);

const limits = { entries: 1000, fileBytes: 1 << 24, totalBytes: 1 << 24 };

const ownSound = { name: 'apple.wav', type: 'audio/wav', data: Uint8Array.of(1, 2, 255) };

/** A project in which every field differs from its default. */
const fullProject = (id = 'abc') => ({
  id,
  name: 'Fruit 🍎',
  settings: { neighbours: 5, unknown: 30, steadiness: 0, keepFullPictures: true, recording: { rate: 4 } },
  classes: {
    apple: { enabled: false, output: { ...noOutput, sound: { on: true, name: 'bell', own: ownSound } } },
    ['__proto__']: { enabled: true },
  },
  order: ['pear', 'apple'],
});

test('the key of the first project is that of earlier versions, and others differ from it and from each other', () => {
  const models = [
    { id: 'mobilenet', layers: 'last' },
    { id: 'mobilenet', layers: 'two' },
  ]; // prettier-ignore
  assert.deepEqual(
    models.map((model) => datasetKey(model)),
    ['mobilenet', 'mobilenet + middle layer'],
  );
  const keys = models.flatMap((model) => ['', 'a1', 'b2'].map((id) => datasetKey(model, id)));
  assert.equal(new Set(keys).size, 6);
  for (const key of keys) {
    const { network, projectId } = partsOfKey(key);
    assert.equal(keyInProject(network, projectId), key);
    assert.equal(keyInProject(key, ''), network);
  }
});

test('an intact record is read as it was written; unknown fields stay', () => {
  const project = { ...fullProject(), later: 1 };
  const read = readProjectRecord(structuredClone({ ...newRecord(project, 5), deletedAt: 9 }), 'abc');
  assert.deepEqual(read, {
    format: 1,
    revision: 1,
    project: { ...project, classes: { ...project.classes } },
    openedAt: 5,
    deletedAt: 9,
    damages: [],
    isNewer: false,
  });
  assert.ok(Object.hasOwn(read.project.classes, '__proto__'));
  assert.equal(readProjectRecord({ ...newRecord(project), format: 2 }, 'abc').isNewer, true);
});

test('whatever stands in the database, a project comes of it, and what was damaged is told', () => {
  const record = newRecord(fullProject(), 5);
  const junk = [undefined, null, 0, -1, NaN, 'x', [], {}, new Uint8Array(3), true, 1e300];
  for (const value of junk) {
    const read = readProjectRecord(value, 'abc');
    assert.deepEqual(read.damages, ['record']);
    assert.deepEqual(read.project, emptyProject('abc', ''));
  }
  const paths = [
    ['project', 'name'],
    ['project', 'settings'],
    ['project', 'settings', 'neighbours'],
    ['project', 'settings', 'unknown'],
    ['project', 'settings', 'keepFullPictures'],
    ['project', 'classes'],
    ['project', 'classes', 'apple'],
    ['project', 'classes', 'apple', 'enabled'],
    ['project', 'order'],
    ['project', 'order', 0],
    ['revision'],
    ['openedAt'],
    ['deletedAt'],
    ['format'],
  ];
  for (const path of paths) {
    for (const value of junk) {
      const damaged = structuredClone(record);
      const parent = path.slice(0, -1).reduce((object, name) => object[name], damaged);
      parent[path.at(-1)] = value;
      const { project, revision, openedAt, damages } = readProjectRecord(damaged, 'abc');
      const what = `${path.join('.')} = ${String(value)}`;
      assert.equal(typeof project.name, 'string', what);
      assert.ok(project.settings.neighbours >= 0 && project.settings.neighbours < 1e6, what);
      assert.ok(project.settings.unknown === null || project.settings.unknown >= 0, what);
      assert.equal(typeof project.settings.keepFullPictures, 'boolean', what);
      for (const settings of Object.values(project.classes)) assert.equal(typeof settings.enabled, 'boolean', what);
      assert.ok(
        project.order.every((label) => typeof label === 'string'),
        what,
      );
      assert.ok(Number.isSafeInteger(revision) && Number.isFinite(openedAt), what);
      assert.equal(project.id, 'abc', what);
      // Everything else is still there.
      if (path[1] !== 'name') assert.equal(project.name, 'Fruit 🍎', what);
      if (path[1] !== 'settings') assert.equal(project.settings.steadiness, 0, what);
      assert.ok(damages.length <= 1, `${what}: ${damages}`);
    }
  }
});

test('the list has the last opened first, and data sets without a record', () => {
  const at = (id, openedAt, more = {}) => [id, { ...newRecord(emptyProject(id, `name ${id}`), openedAt), ...more }];
  const records = [at('a', 10), at('b', 30), at('c', 20, { deletedAt: 500 }), ['d', 'damaged']];
  const projects = listProjects({
    records,
    datasetKeys: ['net', 'net + middle layer', 'net / project b', 'net / project e'],
  });
  assert.deepEqual(
    openable(projects).map(({ project }) => project.id),
    ['b', 'a', 'd', '', 'e'],
  );
  assert.deepEqual(
    deleted(projects).map(({ project }) => project.id),
    ['c'],
  );
  const day = 86_400_000;
  assert.deepEqual([expired(projects, 500 + 29 * day), expired(projects, 501 + 30 * day)], [[], ['c']]);
  assert.equal(chooseProject(projects, 'a'), 'a');
  assert.equal(chooseProject(projects, 'c'), 'b');
  assert.equal(chooseProject(projects, null), 'b');
  assert.equal(chooseProject([], null), '');
  assert.equal(chooseProject([], 'gone'), '');
  // When the first project is deleted and there is no other, the page doesn't write into it.
  assert.match(
    chooseProject(listProjects({ records: [at('', 1, { deletedAt: 2 })], datasetKeys: ['net'] }), null),
    /^[0-9a-f]{16}$/,
  );
  assert.deepEqual([freeName('A', ['B']), freeName('A', ['A', 'A 2']), freeName('A 2', ['A 2'])], ['A', 'A 3', 'A 3']);
});

/** Makes a saver with a store of one record. Writes wait for `gate` and throw `fail` if it is set. */
function makeSaver(record = newRecord(fullProject(), 5)) {
  const store = { record, fail: null, gate: null, writes: 0 };
  store.read = async () => store.record;
  store.write = async (next, expected) => {
    await store.gate;
    if (store.fail) throw store.fail;
    if (store.record && readProjectRecord(store.record, 'abc').revision !== expected) throw new ConflictError();
    store.record = structuredClone(next);
    store.writes++;
  };
  const states = [];
  const project = new ProjectState(record.project);
  const saver = new ProjectSaver(store, project, record.revision, (state) => states.push(state));
  return { store, states, project, saver };
}

const settled = () => new Promise(setImmediate);

test('changes are saved together after a short pause, or at once by flush()', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { store, states, project, saver } = makeSaver();
  project.rename('before');
  assert.equal(saver.hasUnsavedChanges, true);
  saver.resume();
  for (let n = 0; n < 9; n++) project.changeSettings({ steadiness: n });
  t.mock.timers.tick(200);
  await settled();
  assert.deepEqual(
    [store.writes, store.record.project.settings.steadiness, store.record.project.name],
    [1, 8, 'before'],
  );
  project.rename('now');
  await saver.flush();
  assert.deepEqual([store.writes, store.record.project.name, store.record.revision], [2, 'now', 3]);
  assert.equal(saver.hasUnsavedChanges, false);
  assert.equal(states.at(-1), 'saved');
  // A change that comes while a write runs is written too.
  let open;
  store.gate = new Promise((resolve) => (open = resolve));
  project.rename('one');
  const flushing = saver.flush();
  project.rename('two');
  open();
  await flushing;
  assert.deepEqual([store.writes, store.record.project.name], [4, 'two']);
});

test('after an error, the changes stay, the visitor is told, and the next try saves all', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { store, states, project, saver } = makeSaver();
  saver.resume();
  store.fail = new DOMException('full', 'QuotaExceededError');
  project.rename('kept');
  await saver.flush();
  assert.deepEqual([states.at(-1), saver.hasUnsavedChanges], ['failed', true]);
  project.changeSettings({ steadiness: 7 });
  store.fail = null;
  t.mock.timers.tick(2000);
  await settled();
  assert.deepEqual([states.at(-1), saver.hasUnsavedChanges], ['saved', false]);
  assert.deepEqual([store.record.project.name, store.record.project.settings.steadiness], ['kept', 7]);
});

test('what another tab has stored is never overwritten', async () => {
  const { store, project, saver } = makeSaver();
  saver.resume();
  store.record = newRecord({ ...fullProject(), name: 'other' });
  store.record.revision = 9;
  project.rename('mine');
  await saver.flush();
  assert.deepEqual([saver.state, store.record.project.name, saver.hasUnsavedChanges], ['conflict', 'other', true]);
  project.rename('still mine');
  await saver.flush();
  assert.equal(store.record.project.name, 'other');
});

test('a tab that waits shows what the other tab has stored, or keeps its own changes', async () => {
  for (const isChanged of [false, true]) {
    const { store, project, saver } = makeSaver();
    saver.pause('other-tab');
    store.record = newRecord({ ...fullProject(), name: 'other' });
    store.record.revision = 2;
    if (isChanged) project.rename('mine');
    await saver.flush();
    assert.equal(store.writes, 0);
    await saver.takeOver();
    assert.deepEqual([saver.state, project.current.name], isChanged ? ['conflict', 'mine'] : ['saved', 'other']);
    if (!isChanged) {
      project.rename('next');
      await saver.flush();
      assert.equal(store.record.revision, 3);
    }
  }
  // Without a change of the other tab, those of this one are saved.
  const { store, project, saver } = makeSaver();
  saver.pause('other-tab');
  project.rename('mine');
  await saver.takeOver();
  await saver.flush();
  assert.equal(store.record.project.name, 'mine');
});

test('bytes in settings survive as JSON', async () => {
  const value = {
    a: [Uint8Array.of(0, 255), Float32Array.of(0.5, -1)],
    b: new Blob(['hi'], { type: 'audio/wav' }),
    c: null,
  };
  const read = fromTaggedJson(await toTaggedJson(value));
  assert.deepEqual([read.a, read.c], [value.a, null]);
  assert.deepEqual([await read.b.text(), read.b.type], ['hi', 'audio/wav']);
  assert.deepEqual(fromTaggedJson('{"type":"Uint8Array","base64":"%"}'), undefined);
  const big = Uint8Array.from({ length: 100_001 }, (_, n) => n);
  assert.deepEqual(fromTaggedJson(await toTaggedJson(big)), big);
  const text = await toTaggedJson(fullProject());
  assert.deepEqual(
    readProjectRecord({ ...newRecord(fullProject()), project: text }, 'abc').project.classes.apple.output.sound.own
      .data,
    Uint8Array.of(1, 2, 255),
  );
});

/** Stores in memory, for an import. */
function makeStores() {
  const stores = { records: [], datasets: [], add: async (record) => void stores.records.push(record) };
  stores.write = async (key, record, journal) => void stores.datasets.push({ key, record, journal });
  return stores;
}

test('all projects survive as a file, with examples, changes, settings and slots', async () => {
  const changes = [
    { kind: 'add', id: 3, label: 'apple', embedding: Float32Array.of(1, 2), thumbnail: Uint8Array.of(9) },
  ];
  const dataset = { network: 'net', file: new Blob(['TMKN']), changes, slots: [['apple', 4]] };
  const projects = [
    { project: fullProject(), datasets: [dataset, { ...dataset, network: 'net + middle layer', changes: [] }] },
    { project: emptyProject('', ''), datasets: [] },
    { project: { ...emptyProject('x', 'Fruit 🍎') }, datasets: [] },
  ];
  const file = await exportProjects(projects, 'My project');
  const zip = await openZip(file, limits);
  assert.deepEqual(
    zip.entries.map(({ path }) => path),
    [
      'projects.json',
      'Fruit 🍎/project.json',
      'Fruit 🍎/examples.tmkn',
      'Fruit 🍎/examples changes.json',
      'Fruit 🍎/examples 2.tmkn',
      'My project/project.json',
      'Fruit 🍎 (2)/project.json',
    ],
  );
  assert.equal(isProjectsZip(zip), true);
  const stores = makeStores();
  const result = await importProjects(zip, ['Fruit 🍎'], stores);
  assert.deepEqual(result, { names: ['Fruit 🍎 2', '', 'Fruit 🍎 3'], damaged: 0 });
  const [first] = stores.records;
  const { id } = first.project;
  assert.deepEqual(first.project, { ...fullProject(id), classes: { ...fullProject().classes }, name: 'Fruit 🍎 2' });
  assert.deepEqual(
    stores.datasets.map(({ key }) => key),
    [`net / project ${id}`, `net + middle layer / project ${id}`],
  );
  assert.deepEqual(stores.datasets[0].journal, [{ changes, places: undefined }]);
  assert.deepEqual(
    [await stores.datasets[0].record.file.text(), stores.datasets[0].record.places],
    ['TMKN', [['apple', 4]]],
  );
});

test('a damaged file of projects gives what can be read', async () => {
  const dataset = { network: 'net', file: new Blob(['TMKN']), changes: [], slots: [] };
  const file = await exportProjects([{ project: fullProject(), datasets: [dataset] }], 'p');
  const bytes = new Uint8Array(await file.arrayBuffer());
  const at = Buffer.from(bytes).indexOf('"neighbours"');
  bytes[at] = 0;
  const stores = makeStores();
  const result = await importProjects(await openZip(new Blob([bytes]), limits), [], stores);
  assert.equal(result.damaged, 1);
  assert.deepEqual([stores.records.length, stores.datasets.length], [1, 1]);
});
