// The data set of the demo page, with the real module in Node: each change is complete or has no effect, on the page and in the engine.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';
import { testSeed } from '../support/seed.mjs';

const { ClassifierError, Dataset, DatasetEditor, loadKnn, maxClasses, SkippedFiles, Slots, UndoHistory } =
  await importTs(
    'entries/knn.ts',
    '../demo/dataset/dataset',
    '../demo/dataset/editor',
    '../demo/dataset/skipped-files',
    '../demo/dataset/slots',
    '../demo/dataset/undo-history',
  );
const wasmUrl = pathToFileURL(path.join(root, 'web/dist/wasm/'));
const size = 4;

/** Starts an engine. Its method observe() takes an embedding in place of a picture. */
async function startEngine(t) {
  const engine = await loadKnn({ embeddingSize: size, wasmUrl, variant: 'simd', worker: false });
  t.after(() => engine.dispose());
  engine.observe = async (embedding, { label }) => {
    const [exampleId] = await engine.addExamples(embedding, [label]);
    return { exampleId, embedding };
  };
  return engine;
}

/** Returns an engine that calls `before(name)` before each call. */
function watched(engine, before) {
  return new Proxy(engine, {
    get(_, name) {
      const value = engine[name];
      if (typeof value !== 'function') return value;
      return async (...args) => {
        before(name);
        return value.apply(engine, args);
      };
    },
  });
}

/** Makes a data set with its slots, editor and undo history, as main.ts does. */
async function makePage(t, engine) {
  const page = { slots: new Slots(), history: new UndoHistory(() => {}), onChange: () => {} };
  page.dataset = new Dataset((event) => {
    if (event.rename) page.slots.rename(event.rename.label, event.rename.newLabel);
    page.slots.assign(page.dataset.classes.map(({ label }) => label));
    page.onChange(event);
  });
  page.editor = new DatasetEditor(page.dataset, page.slots, page.history);
  await page.dataset.attach(engine ?? (await startEngine(t)));
  return page;
}

const vector = (n) => Float32Array.from({ length: size }, (_, i) => Math.sin(n * 7 + i * 3) + 0.01);
const thumbnail = (n) => Uint8Array.of(0xff, 0xd8, n & 255, n >> 8);

/** Teaches the example number `n`. */
async function teach({ dataset }, label, n) {
  const { exampleId } = await dataset.teach(
    vector(n),
    () => label,
    {},
    async () => thumbnail(n),
  );
  return exampleId;
}

/** Returns what an engine has: the rounded embedding of each example, by class. */
async function contentsOf(engine) {
  const contents = [];
  for (const label of Object.keys(await engine.counts())) {
    const examples = [];
    for (const id of await engine.exampleIds(label))
      examples.push(Array.from(await engine.exampleEmbedding(id), (value) => value.toFixed(5)).join());
    contents.push([label, examples]);
  }
  return contents;
}

/** Checks that page and engine agree, and returns what both have, with the thumbnails. */
async function agreed({ dataset }, engine) {
  const ofEngine = [];
  const disabled = await engine.disabledClasses();
  for (const label of Object.keys(await engine.counts()))
    ofEngine.push({ label, enabled: !disabled.includes(label), ids: await engine.exampleIds(label) });
  assert.deepEqual(
    dataset.classes.map(({ label, enabled, ids }) => ({ label, enabled, ids: [...ids] })),
    ofEngine,
  );
  const thumbnails = dataset.classes.map(({ ids }) => ids.map((id) => String(dataset.thumbnail(id))));
  return { contents: await contentsOf(engine), disabled, thumbnails };
}

/** Restores the log of a data set in a fresh page, as the next visit does, and returns what it has. */
async function restored(t, { dataset }) {
  const engine = await startEngine(t);
  const page = await makePage(t, engine);
  const { base, changes } = dataset.log;
  // Stored changes are copies.
  assert.equal(await page.dataset.openStored(base ?? (await emptyFile(t)), structuredClone(changes)), 0);
  return agreed(page, engine);
}

const emptyFile = async (t) => (await startEngine(t)).saveDataset();

test('random edits, undone or not, give the same classes on the page, in the engine, after a restart and at the next visit', async (t) => {
  const seed = testSeed();
  let state = seed;
  const random = (count) => {
    state = (state * 48271) % 2147483647;
    return state % count;
  };
  let engine = await startEngine(t);
  const page = await makePage(t, engine);
  const { dataset, editor, history } = page;
  const some = (list) => list[random(list.length)];
  const labels = () => dataset.classes.map(({ label }) => label);
  const ids = () => dataset.classes.flatMap((each) => each.ids);
  let taught = 0;
  const edits = [
    async () => {
      if (labels().length === 0) return;
      const label = some(labels());
      const recording = editor.startRecording(label);
      for (let count = 1 + random(4); count > 0; count--) recording.add(await teach(page, label, ++taught));
    },
    async () => labels().length < 8 && editor.addClass(),
    async () => labels().length > 1 && editor.removeClass(some(labels())),
    async () => labels().length > 0 && editor.renameClass(some(labels()), `name ${++taught}`),
    async () => ids().length > 0 && editor.removeExamples([some(ids()), some(ids())], 'removal'),
    async () => ids().length > 0 && editor.moveExample(some(ids()), some(labels())),
    async () => {
      if (labels().length === 0) return;
      const { label, enabled } = some(dataset.classes);
      await editor.enableClass(label, !enabled, 'switch');
    },
    async () => random(4) === 0 && editor.clear(),
    async () => random(2) === 0 && editor.openFile(await dataset.toFile(), 'dataset'),
    async () => dataset.compact(),
    async () => history.undo(),
    async () => history.undo(),
    async () => {
      engine = await startEngine(t);
      dataset.detach();
      await dataset.attach(engine);
    },
  ];
  for (let step = 0; step < 250; step++) {
    // Teaching is the most frequent edit, as on the page.
    const edit = random(3) === 0 ? 0 : random(edits.length);
    try {
      await edits[edit]();
      const now = await agreed(page, engine);
      if (step % 10 === 0) assert.deepEqual(await restored(t, page), now);
    } catch (error) {
      error.message = `seed ${seed}, step ${step}, edit ${edit}: ${error.message}`;
      throw error;
    }
  }
  assert.ok(taught > 100, `${taught} examples`);
});

test('a class that is turned off stays so in files, in JSON, and when its removal is undone', async (t) => {
  const engine = await startEngine(t);
  const page = await makePage(t, engine);
  const { dataset, editor, history } = page;
  for (const label of ['a', 'b']) {
    await dataset.addClass(label);
    await teach(page, label, label.charCodeAt(0));
  }
  const off = () => dataset.classes.filter(({ enabled }) => !enabled).map(({ label }) => label);
  await editor.enableClass('a', false, 'switch');
  assert.deepEqual([off(), dataset.classSizes], [['a'], [1]]);
  assert.equal((await engine.predict(vector(97))).label, 'b');
  const [file, json] = [await dataset.toFile(), new Blob([await engine.exportJson()])];
  await history.undo();
  assert.deepEqual([off(), dataset.classSizes], [[], [1, 1]]);
  await editor.openFile(file, 'dataset');
  assert.deepEqual(off(), ['a']);
  await history.undo();
  assert.deepEqual(off(), []);
  await editor.openFile(json, 'json');
  assert.deepEqual(off(), ['a']);
  await editor.removeClass('a');
  await history.undo();
  assert.deepEqual(off(), ['a']);
  assert.deepEqual((await restored(t, page)).disabled, ['a']);
});

test('opening a file that fails at any step leaves the engine, the page, the undo history and what is stored as they were', async (t) => {
  const source = await makePage(t);
  for (const label of ['x', 'y', 'z']) {
    await source.dataset.addClass(label);
    await teach(source, label, 50);
  }
  const binary = await source.dataset.toFile();
  const json = new Blob([JSON.stringify({ p: [[1, 2, 3, 4]], q: [[4, 3, 2, 1]] })]);
  for (const [file, format] of [
    [binary, 'dataset'],
    [json, 'json'],
  ]) {
    let stepCount = 0;
    for (let failing = 1; ; failing++) {
      let calls = -Infinity;
      const engine = await startEngine(t);
      const page = await makePage(
        t,
        watched(engine, () => {
          if (++calls === failing) throw new ClassifierError('bad-dataset', 'made to fail');
        }),
      );
      await page.dataset.addClass('a');
      await page.dataset.addClass('b');
      await teach(page, 'a', 1);
      await page.dataset.compact();
      await teach(page, 'b', 2);
      const before = await agreed(page, engine);
      const slots = page.slots.all();
      const { number } = page.dataset.log;
      calls = 0;
      const error = await page.editor.openFile(file, format).then(
        () => null,
        (error) => error,
      );
      calls = -Infinity;
      if (!error) break;
      stepCount++;
      assert.match(error.message, /made to fail/);
      assert.deepEqual(await agreed(page, engine), before, `failed call ${failing}`);
      assert.deepEqual(page.slots.all(), slots);
      assert.equal(await page.history.undo(), undefined);
      // What is taught next can be stored.
      await teach(page, 'b', 3);
      assert.deepEqual(await restored(t, page), await agreed(page, engine));
      assert.ok(page.dataset.log.number >= number);
    }
    assert.ok(stepCount >= 5, `${stepCount} steps`);
  }
});

test('when the page cannot show an opened file, the data set before comes back', async (t) => {
  const engine = await startEngine(t);
  const page = await makePage(t, engine);
  await page.dataset.addClass('a');
  await teach(page, 'a', 1);
  const before = await agreed(page, engine);
  page.onChange = () => {
    page.onChange = () => {};
    throw new Error('made to fail');
  };
  await assert.rejects(page.editor.openFile(await emptyFile(t), 'dataset'), /made to fail/);
  assert.deepEqual(await agreed(page, engine), before);
  assert.deepEqual(page.slots.all(), [['a', 1]]);
});

test('when the engine fails in the rollback, too, a new engine gets the data set from before', async (t) => {
  let works = true;
  const engine = await startEngine(t);
  const page = await makePage(
    t,
    watched(engine, (name) => {
      if (!works && name !== 'loadDataset') throw new ClassifierError('internal', 'made to fail');
    }),
  );
  await page.dataset.addClass('a');
  await teach(page, 'a', 1);
  const before = await agreed(page, engine);
  const file = await emptyFile(t);
  works = false;
  await assert.rejects(page.editor.openFile(file, 'dataset'), { code: 'worker-lost' });
  const next = await startEngine(t);
  page.dataset.detach();
  await page.dataset.attach(next);
  assert.deepEqual(await agreed(page, next), before);
});

test('when the memory is full, examples can be removed, files opened, and everything removed', async (t) => {
  let isFull = false;
  const engine = await startEngine(t);
  const page = await makePage(
    t,
    watched(engine, (name) => {
      if (isFull && name === 'saveDataset') throw new ClassifierError('out-of-memory', 'made to fail');
    }),
  );
  await page.dataset.addClass('a');
  const id = await teach(page, 'a', 1);
  await teach(page, 'a', 2);
  const file = await page.dataset.toFile();
  isFull = true;
  await page.editor.removeExamples([id], 'removal');
  await page.editor.openFile(file, 'dataset');
  assert.equal(page.dataset.exampleCount, 2);
  await page.editor.clear();
  assert.equal(page.dataset.exampleCount, 0);
  for (let step = 0; step < 2; step++) await page.history.undo();
  assert.equal(page.dataset.exampleCount, 1);
  assert.deepEqual(await restored(t, page), await agreed(page, engine));
});

test('after a full memory, examples that were stored in bytes are stored so again by the next engine and at the next visit', async (t) => {
  const storages = [];
  const start = async () => {
    const engine = await startEngine(t);
    engine.useStorage = async (storage) => storages.push(storage);
    return engine;
  };
  const page = await makePage(t, await start());
  await page.dataset.addClass('a');
  await teach(page, 'a', 1);
  await page.dataset.useBytes();
  await teach(page, 'a', 2);
  const next = await start();
  page.dataset.detach();
  await page.dataset.attach(next);
  assert.equal((await agreed(page, next)).contents[0][1].length, 2);
  const visit = await makePage(t, await start());
  await visit.dataset.openStored(await emptyFile(t), structuredClone(page.dataset.log.changes));
  assert.deepEqual(storages, ['i8', 'i8', 'i8']);
});

test('900 classes take few calls to open, and a change takes as many calls as with one class', async (t) => {
  let calls = 0;
  const engine = await startEngine(t);
  const page = await makePage(
    t,
    watched(engine, () => calls++),
  );
  const file = new Blob([
    JSON.stringify(Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`c${n}`, [[...vector(n)]]]))),
  ]);
  await page.editor.openFile(file, 'json');
  assert.ok(calls < 2 * 900 + 20, `${calls} calls to open`);
  assert.equal(page.slots.of('c899'), 900);
  for (const [count, change] of [
    [1, () => teach(page, 'c7', 1)],
    [1, () => page.editor.renameClass('c8', 'new')],
    [1, () => page.editor.moveExample(page.dataset.idsOf('new')[0], 'c10')],
    [1, () => page.dataset.addClass('another')],
    [1, () => page.dataset.removeClass('another')],
    [2, () => page.editor.removeExamples(page.dataset.idsOf('c9'), 'removal')],
    [1, () => page.history.undo()],
  ]) {
    calls = 0;
    await change();
    assert.equal(calls, count, String(change));
  }
  await agreed(page, engine);
});

test('a file with too many classes is refused, and nothing changes', async (t) => {
  const engine = await startEngine(t);
  const page = await makePage(t, engine);
  await page.dataset.addClass('a');
  await teach(page, 'a', 1);
  const before = await agreed(page, engine);
  const many = (count) =>
    new Blob([
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`c${n}`, [[...vector(n)]]]))),
    ]);
  await assert.rejects(page.editor.openFile(many(maxClasses + 1), 'json'), {
    code: 'bad-dataset',
    message: /has 1001 classes.* at most 1000/,
  });
  assert.deepEqual(await agreed(page, engine), before);
  await page.editor.openFile(many(maxClasses), 'json');
  assert.equal(page.dataset.classes.length, maxClasses);
});

test('stored changes that the engine refuses are counted and skipped, and all others are applied', async (t) => {
  const engine = await startEngine(t);
  const page = await makePage(t, engine);
  const add = (n, embedding = vector(n)) => ({ kind: 'add', id: n, label: 'a', embedding, thumbnail: thumbnail(n) });
  const changes = [
    { kind: 'add-class', label: 'a' },
    add(0),
    add(1, new Float32Array(3)),
    add(2, new Float32Array(size)),
    add(3),
    { kind: 'remove', id: 99 },
    { kind: 'rename', label: 'nobody', newLabel: 'b' },
    { kind: 'enable', label: 'nobody', enabled: false },
    { kind: 'remove', id: 3 },
    add(4),
  ];
  assert.equal(await page.dataset.openStored(await emptyFile(t), changes), 5);
  const now = await agreed(page, engine);
  const { contents, thumbnails } = now;
  assert.deepEqual([contents[0][1].length, thumbnails], [2, [[String(thumbnail(0)), String(thumbnail(4))]]]);
  // The next visit applies the same changes without any that fail.
  assert.deepEqual(await restored(t, page), now);
});

test('an example whose thumbnail cannot be made is taught without one', async (t) => {
  const engine = await startEngine(t);
  const page = await makePage(t, engine);
  await page.dataset.addClass('a');
  const failing = async () => {
    throw new Error('made to fail');
  };
  await page.dataset.teach(vector(1), () => 'a', {}, failing);
  assert.deepEqual((await agreed(page, engine)).thumbnails, [['undefined']]);
});

test('skipped files are named with their reason, those with the same reason together', () => {
  const skipped = new SkippedFiles();
  skipped.add('a.png', 'It is damaged.');
  skipped.add('b.png', 'It is a folder.');
  skipped.add('c.png', 'It is damaged.');
  assert.equal(skipped.describe(9), 'Skipped 3 of 9 files.\na.png, c.png: It is damaged.\nb.png: It is a folder.');
});
