// Pictures of folders and archives, without a browser: their classes, the import with undo, and the export.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const {
  classesOfPaths,
  ClassifierError,
  Dataset,
  exportPictures,
  importPictures,
  keptPictures,
  labelsOfComment,
  loadKnn,
  openZip,
  pictureSizes,
  readKeptPictures,
  reteach,
  Slots,
  UndoHistory,
} = await importTs(
  'entries/knn',
  '../demo/dataset/dataset',
  '../demo/dataset/slots',
  '../demo/dataset/undo-history',
  '../demo/projects/classes-of-paths',
  '../demo/projects/export-pictures',
  '../demo/projects/import-pictures',
  '../demo/projects/picture-settings',
  '../demo/projects/reteach',
  '../demo/zip/read-zip',
);

const wasmUrl = new URL('../../../web/dist/wasm/', import.meta.url);
const limits = { entries: 1000, fileBytes: 1 << 20, totalBytes: 1 << 22 };

/** Returns 'path -> class' for each path that is used or skipped. */
const described = (paths, source = 'x.zip') =>
  classesOfPaths(paths, source).map(({ index, label, problem }) => `${paths[index]} -> ${label ?? problem}`);

test('folders are classes, however they are nested', () => {
  assert.deepEqual(described(['Class 1/0.jpg', 'Class 2/0.jpg']), [
    'Class 1/0.jpg -> Class 1',
    'Class 2/0.jpg -> Class 2',
  ]);
  // A single class, with and without a folder.
  assert.deepEqual(described(['Class 1/0.jpg', 'Class 1/1.jpg']), [
    'Class 1/0.jpg -> Class 1',
    'Class 1/1.jpg -> Class 1',
  ]);
  assert.deepEqual(described(['0.jpg', '1.png'], 'Cat-samples (1).zip'), ['0.jpg -> Cat', '1.png -> Cat']);
  // A folder around all, files beside the folders, and folders in a class.
  assert.deepEqual(described(['pets/cat/1.jpg', 'pets/cat/indoor/2.jpg', 'pets/dog/1.jpg', 'pets/3.jpg']), [
    'pets/cat/1.jpg -> cat',
    'pets/cat/indoor/2.jpg -> cat',
    'pets/dog/1.jpg -> dog',
    'pets/3.jpg -> beside',
  ]);
  assert.deepEqual(described(['cat/1.jpg', 'cat/indoor/2.jpg']), ['cat/1.jpg -> cat', 'cat/indoor/2.jpg -> cat']);
  assert.deepEqual(described(['d/train/cat/1.jpg', 'd/train/dog/1.jpg', 'd/test/cat/2.jpg']), [
    'd/train/cat/1.jpg -> cat',
    'd/train/dog/1.jpg -> dog',
    'd/test/cat/2.jpg -> cat',
  ]);
});

test("Teachable Machine's whole project is read by the names of its files", () => {
  assert.deepEqual(described(['manifest.json', 'Cat-!-0.jpg', 'A-!-B-!-12.jpg'], 'project.tm'), [
    'Cat-!-0.jpg -> Cat',
    'A-!-B-!-12.jpg -> A-!-B',
  ]);
});

test('files of the system are left out silently, and others are named', () => {
  assert.deepEqual(
    described([
      '__MACOSX/cat/._1.jpg',
      'cat/.DS_Store',
      'cat/Thumbs.db',
      'cat/1.JPEG',
      'cat/notes.txt',
      '../cat/2.jpg',
    ]),
    ['cat/1.JPEG -> cat', 'cat/notes.txt -> not-picture', '../cat/2.jpg -> cat'],
  );
  assert.deepEqual(described(['', '/', '..', 'a.jpg/']), ['a.jpg/ -> x']);
});

/** Makes a page whose pictures are the numbers of vectors. */
async function makePage(t) {
  const engine = await loadKnn({ embeddingSize: 4, wasmUrl, variant: 'simd', worker: false });
  t.after(() => engine.dispose());
  engine.observe = async (embedding, { label }) => ({
    exampleId: (await engine.addExamples(embedding, [label]))[0],
    embedding,
  });
  const slots = new Slots();
  const history = new UndoHistory(() => {});
  const dataset = new Dataset(() => slots.assign(dataset.classes.map(({ label }) => label)));
  await dataset.attach(engine);
  const page = { slots, history, dataset, skipped: [], progress: [], stop: new AbortController() };
  page.parts = {
    slots,
    history,
    dataset,
    teach: async (picture, label) => {
      const number = Number(await picture.text());
      if (Number.isNaN(number)) throw new ClassifierError('bad-image', 'No picture.');
      const embedding = Float32Array.of(number + 1, 1, 2, 3);
      return (
        await dataset.teach(
          embedding,
          () => label,
          {},
          async () => Uint8Array.of(number),
        )
      ).exampleId;
    },
    onProgress: (done, total) => page.progress.push(`${done}/${total}`),
    onSkip: (path, error) => page.skipped.push(`${path}: ${error.message}`),
    signal: page.stop.signal,
  };
  page.counts = () => dataset.classes.map(({ label, ids }) => `${label} ${ids.length}`);
  return page;
}

const picture = (label, content) => ({ path: `${label}/${content}`, label, read: async () => new Blob([content]) });

test('an import adds its classes in place of empty ones, and is one step to undo', async (t) => {
  const page = await makePage(t);
  for (const label of ['Class 1', 'Class 2', 'b']) await page.dataset.addClass(label);
  const pictures = [picture('a', '1'), picture('b', '2'), picture('a', 'x'), picture('a', '3')];
  const result = await importPictures(pictures, 'import', page.parts);
  assert.deepEqual(result, { added: 3, skipped: 1, labels: ['a', 'b'], stopped: false });
  assert.deepEqual(page.counts(), ['b 1', 'a 2']);
  assert.deepEqual(page.skipped, ['a/x: No picture.']);
  assert.deepEqual(page.progress, ['0/4', '1/4', '2/4', '3/4']);
  await page.history.undo();
  assert.deepEqual(page.counts().sort(), ['Class 1 0', 'Class 2 0', 'b 0']);
  assert.equal(page.slots.of('Class 2'), 2);
  assert.equal(await page.history.undo(), undefined);
});

test('an import that is stopped or undone keeps or removes all of it, and goes no further', async (t) => {
  for (const ending of ['stop', 'undo']) {
    const page = await makePage(t);
    await page.dataset.addClass('old');
    await page.parts.teach(new Blob(['9']), 'old');
    let undoing;
    const end = picture('a', '3');
    end.read = async () => {
      if (ending === 'stop') page.stop.abort();
      else undoing = page.history.undo();
      return new Blob(['3']);
    };
    const pictures = [picture('a', '1'), picture('a', '2'), end, picture('c', '4')];
    const result = await importPictures(pictures, 'import', page.parts);
    await undoing;
    assert.equal(result.stopped, true);
    assert.deepEqual(page.counts(), ending === 'stop' ? ['old 1', 'a 2'] : ['old 1']);
    if (ending === 'stop') await page.history.undo();
    assert.deepEqual(page.counts(), ['old 1']);
  }
});

test('what is exported imports again to the same classes, whatever their names are', async () => {
  const labels = ['Cat', 'cat', 'a/b', '..', 'con', 'Äpfel 🍎', ''];
  const pictures = Uint8Array.of(0xff, 0xd8, 1);
  const { file, count, without } = await exportPictures([
    ...labels.map((label) => ({ label, pictures: [pictures, undefined, pictures] })),
    { label: 'empty', pictures: [] },
    { label: 'none', pictures: [undefined] },
  ]);
  assert.deepEqual([count, without], [14, 8]);
  const { entries, comment } = await openZip(file, limits);
  const paths = entries.map((each) => each.path);
  assert.equal(paths[0], 'Cat/001.jpg');
  assert.ok(
    paths.every((each) => /^[^./\\][^/\\]*\/\d{3}\.jpg$/.test(each)),
    String(paths),
  );
  const originals = labelsOfComment(comment);
  const read = classesOfPaths(paths, 'export.zip').map(({ label }) => originals.get(label) ?? label);
  assert.deepEqual([...new Set(read)], labels);
  assert.deepEqual([...(await entries[0].read())], [...pictures]);
  for (const comment of ['', '{', 'null', '[]', '{"teachable-wasm folders":[["a"],[1,2],"x",["b","c"]]}'])
    assert.ok(labelsOfComment(comment).size <= 1);
});

test('kept pictures are taught again as they are; examples without one are counted', async (t) => {
  const page = await makePage(t);
  for (const [label, number] of [
    ['a', 1],
    ['a', 2],
    ['b', 3],
  ]) {
    // prettier-ignore
    if (!page.dataset.classes.some((each) => each.label === label)) await page.dataset.addClass(label);
    await page.parts.teach(new Blob([String(number)]), label);
  }
  await page.dataset.teach(
    Float32Array.of(1, 2, 3, 4),
    () => 'b',
    {},
    async () => undefined,
  );
  const kept = readKeptPictures(structuredClone(keptPictures(page.dataset)));
  assert.deepEqual([kept.pictures.map(({ label }) => label), kept.without], [['a', 'a', 'b'], 1]);
  assert.deepEqual(pictureSizes(page.dataset), { count: 3, bytes: 3 });
  const next = await makePage(t);
  const { teach, ...parts } = next.parts;
  const { dataset } = next;
  // The engine of this test takes vectors.
  const real = dataset.teach.bind(dataset);
  dataset.teach = async (picture, ...rest) => {
    const [number] = new Uint8Array(await picture.arrayBuffer());
    if (number === 2) throw new ClassifierError('bad-image', 'No picture.');
    return real(Float32Array.of(number, 1, 1, 1), ...rest);
  };
  await dataset.addClass('Class 1');
  const result = await reteach(kept, 'kept pictures', parts);
  assert.deepEqual(result, { added: 2, skipped: 1, labels: ['a', 'b'], stopped: false });
  assert.deepEqual(next.counts(), ['a 1', 'b 1']);
  assert.deepEqual(dataset.thumbnail(dataset.idsOf('b')[0]), Uint8Array.of(3));
  await next.history.undo();
  assert.deepEqual(next.counts(), ['Class 1 0']);
  for (const junk of [undefined, null, 'x', { pictures: [1, {}, { label: 1 }] }, { without: -1 }])
    assert.deepEqual(readKeptPictures(junk), { pictures: [], without: 0 });
});
