// Objects of other realms, such as those of a test environment or a frame, and input whose text would be too long for an error.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { buildSync } from 'esbuild';
import * as compatKnn from '../../../web/dist/compat/knn-classifier.js';
import { ClassifierError, load } from '../../../web/dist/index.js';
import { root, scratchFolder } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';

const other = createContext({});
/** Evaluates an expression in another realm. */
const there = (code) => runInContext(`(${code})`, other);

let classifier;
before(async () => {
  classifier = await load();
});
after(() => classifier.dispose());

test('pixels, embeddings, files and thumbnails of another realm are accepted', async () => {
  const pixels = there('{ data: new Uint8ClampedArray(4 * 16 * 16).fill(90), width: 16, height: 16 }');
  assert.ok(!(pixels.data instanceof Uint8ClampedArray), 'the object is of this realm');
  const embedding = await classifier.embed(pixels);
  assert.equal(await classifier.addExample(pixels, 'a'), 1);
  there(`globalThis.make = (values) => Float32Array.from(values)`);
  const foreign = other.make([...embedding]);
  assert.equal(await classifier.addExample(foreign, 'a'), 2);
  assert.equal((await classifier.predict(foreign)).label, 'a');
  await classifier.addExamples(foreign, there("['b']"));
  const [id] = await classifier.exampleIds('b');
  other.id = id;
  const file = await classifier.saveDataset({ thumbnails: there('[{ id, bytes: Uint8Array.of(1, 2, 3) }]') });
  other.bytes = [...new Uint8Array(await file.arrayBuffer())];
  for (const data of [there('Uint8Array.from(bytes)'), there('Uint8Array.from(bytes).buffer')])
    assert.deepEqual([...(await classifier.loadDataset(data))[0].bytes], [1, 2, 3]);
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(there('Uint8Array.from(bytes)'));
      controller.close();
    },
  });
  assert.equal((await classifier.loadDataset(stream)).length, 1);
  await classifier.clear();
});

test('an error of another realm is a ClassifierError, and other objects are not', () => {
  const error = there("Object.assign(new Error('x'), { name: 'ClassifierError', code: 'bad-image' })");
  assert.ok(error instanceof ClassifierError);
  for (const value of [new Error('x'), { name: 'ClassifierError', code: 'bad-image' }, null, 'x'])
    assert.ok(!(value instanceof ClassifierError));
});

/** Half a megabyte without a space, as a picture is that somebody encoded. */
const long = 'iVBORw0KGgo'.repeat(50_000);

test('no error holds its input', async () => {
  const attempts = {
    'a picture in base64': () => classifier.classify(long),
    'a list of numbers': () => classifier.predict(Array.from({ length: 100_000 }, (_, index) => index / 7)),
    'numbers of another type': () => classifier.predict(new Float64Array(1856)),
    'a long list of texts': () => classifier.addExamples(new Float32Array(0), [long]),
    'a label': () => classifier.clear(long.slice(0, 20_000)),
    'an address of a model': () => load({ model: `https://localhost:1/${long}` }),
    'an address of labels': () => load({ labels: long }),
    'JSON of a data set': () => classifier.importJson(`{"${long}": 1}`),
    'text of a data set': () => classifier.importJson(long),
    'an option': () => classifier.predict(new Float32Array(1856).fill(1), { rule: long }),
  };
  for (const [name, attempt] of Object.entries(attempts))
    await assert.rejects(attempt, (error) => {
      assert.ok(error instanceof ClassifierError, `${name}: ${error}`);
      for (let each = error; each instanceof Error; each = each.cause) {
        assert.ok(each.message.length < 2100, `${name}: a message of ${each.message.length} characters`);
        assert.ok((each.stack?.length ?? 0) < 10_000, `${name}: a stack of ${each.stack?.length} characters`);
      }
      return true;
    });
});

test('numbers of another type are refused with the type that is wanted', async () => {
  for (const values of [[1, 2, 3], new Float64Array(3)])
    await assert.rejects(classifier.predict(values), { code: 'bad-argument', message: /Float32Array/ });
});

test('a saved data set of the compat layer is restored without TensorFlow.js', async () => {
  const first = compatKnn.create();
  first.addExample(Float32Array.of(1, 0, 0), 'a');
  first.addExample(Float32Array.of(0, 1, 0), 'b');
  const saved = JSON.stringify(
    Object.entries(first.getClassifierDataset()).map(([label, each]) => [label, [...each.dataSync()], each.shape]),
  );
  const entries = JSON.parse(saved);
  for (const restore of [(data, shape) => ({ shape, data }), compatKnn.tensor]) {
    const second = compatKnn.create();
    second.setClassifierDataset(
      Object.fromEntries(entries.map(([label, data, shape]) => [label, restore(data, shape)])),
    );
    assert.equal((await second.predictClass(Float32Array.of(0, 2, 0), 1)).label, 'b');
    second.dispose();
  }
  assert.throws(() => compatKnn.tensor([1, 2], [3]), { code: 'bad-argument' });
  first.dispose();
});

test("the package's files are found behind the caches of development servers", async () => {
  const { atHome } = await importTs('shared/home.ts');
  const home = 'node_modules/teachable-wasm/web/dist';
  const addresses = {
    'http://localhost:5173/node_modules/.vite/deps/worker.js?v=1': `http://localhost:5173/${home}/worker.js?v=1`,
    'http://a/base/node_modules/.vite/deps_temp_1/wasm/simd/teachable.wasm': `http://a/base/${home}/wasm/simd/teachable.wasm`,
    'http://a/node_modules/.vite/vitest/deps/worker.js': `http://a/${home}/worker.js`,
    'http://a/@fs/home/me/app/.angular/cache/20.3.1/app/vite/deps/worker.js': `http://a/@fs/home/me/app/${home}/worker.js`,
    'https://a/assets/worker-1234.js': 'https://a/assets/worker-1234.js',
    'https://a/deps/worker.js': 'https://a/deps/worker.js',
  };
  for (const [address, found] of Object.entries(addresses)) assert.equal(atHome(address), found);
});

test('a script for Node that contains the package says that it must stay outside', async (t) => {
  const folder = await scratchFolder(t);
  const source = path.join(folder, 'source.mjs');
  await writeFile(
    source,
    `import { load } from ${JSON.stringify(path.join(root, 'web/dist/index.js'))};
load().catch(({ code, message }) => console.log(JSON.stringify({ code, message })));`,
  );
  const outfile = path.join(folder, 'bundle.cjs');
  buildSync({ entryPoints: [source], outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'silent' });
  const { code, message } = JSON.parse(execFileSync(process.execPath, [outfile], { encoding: 'utf8' }));
  assert.equal(code, 'load-failed');
  assert.match(message, /Mark 'teachable-wasm' as external/);
});
