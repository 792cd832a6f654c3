// The packed package in Node: package linters, and programs that use the installed package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import * as attw from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { requireModel } from '../../../web/dev/prepack.mjs';
import { dataFolder, needsData, root, scratchFolder } from '../support/data.mjs';
import { packed } from '../support/packed.mjs';

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
/** The entry points: subpaths that are imported. The other subpaths are files to fetch. */
const entries = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath]) => path.posix.join('teachable-wasm', subpath));

let tarball;
let project;
let remove;

before(() => {
  ({ tarball, project, remove } = packed());
});

after(() => remove());

/** Runs `code` as a file of the project. Returns the JSON that it prints. */
function run(name, code, { flags = [] } = {}) {
  writeFileSync(path.join(project, name), code);
  return JSON.parse(
    execFileSync(process.execPath, [...flags, name], { cwd: project, encoding: 'utf8', timeout: 60_000 }),
  );
}

test('publint reports no problem', async () => {
  const { messages, pkg } = await publint({
    pkgDir: path.join(project, 'node_modules/teachable-wasm'),
    strict: true,
    pack: false,
  });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg, { color: false })),
    [],
  );
});

test('arethetypeswrong reports no problem', async () => {
  // worker.js is a script that is fetched, not imported.
  const { problems } = await attw.checkPackage(attw.createPackageFromTarballData(new Uint8Array(tarball)), {
    excludeEntrypoints: ['./worker.js'],
  });
  assert.deepEqual(problems, []);
});

test('the package has no dependencies and contains every file that package.json names', () => {
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.peerDependencies, undefined);
  const installed = path.join(project, 'node_modules/teachable-wasm');
  const named = [
    manifest.main,
    manifest.module,
    manifest.types,
    manifest.unpkg,
    manifest.jsdelivr,
    ...Object.values(manifest.bin ?? {}),
    ...JSON.stringify(manifest.exports).match(/(?<=":")\.\/[^"*]+\.\w+(?=")/g),
  ];
  for (const file of [...named, 'LICENSE', 'README.md', 'THIRD_PARTY_NOTICES'])
    assert.ok(existsSync(path.join(installed, file)), file);
});

test('packing without the default model fails, unless TEACHABLE_PACK_WITHOUT_MODEL=1', async (t) => {
  const folder = await scratchFolder(t);
  // The only source of the default model is a folder that is empty.
  const catalog = {
    default: 'mobilenet-v2-1.0-224-int8',
    labels: [],
    models: [
      {
        id: 'mobilenet-v2-1.0-224-int8',
        files: [{ path: 'x.tflite', byteLength: 1, sha256: '00' }],
        sources: [{ kind: 'folder' }],
      },
    ],
  };
  writeFileSync(path.join(folder, 'catalog.json'), JSON.stringify(catalog));
  const options = {
    catalogFile: path.join(folder, 'catalog.json'),
    filesFolder: path.join(folder, 'files'),
    localFolder: folder,
  };
  await assert.rejects(requireModel({}, options), {
    message: /without its default model: .*TEACHABLE_MODELS.*TEACHABLE_PACK_WITHOUT_MODEL=1/,
  });
  await requireModel({ TEACHABLE_PACK_WITHOUT_MODEL: '1' }, options);
});

test('importing an entry point has no side effects, so a server can do it', () => {
  const names = run(
    'server.mjs',
    `const touched = [];
    for (const name of ['window', 'document', 'self', 'location', 'navigator', 'Worker', 'OffscreenCanvas', 'VideoFrame', 'ImageData', 'requestAnimationFrame', 'postMessage', 'fetch', 'indexedDB']) {
      Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); } });
    }
    const before = Object.keys(globalThis).length;
    const found = {};
    for (const entry of ${JSON.stringify(entries)}) found[entry] = Object.keys(await import(entry)).length;
    console.log(JSON.stringify({ touched, added: Object.keys(globalThis).length - before, found }));`,
  );
  assert.deepEqual(names.touched, []);
  assert.equal(names.added, 0);
  for (const entry of entries) assert.ok(names.found[entry] > 0, entry);
});

test('import and require give the same exports', () => {
  const { differ, one } = run(
    'both.mjs',
    `import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const differ = [];
    for (const entry of ${JSON.stringify(entries)}) {
      const [a, b] = [Object.keys(await import(entry)), Object.keys(require(entry))].map((names) => names.sort().join());
      if (a !== b) differ.push([entry, a, b]);
    }
    const classes = (await Promise.all(['teachable-wasm', 'teachable-wasm/knn'].map((entry) => [import(entry), require(entry)]).flat())).map((entry) => entry.ClassifierError);
    const one = classes.every((made) => classes.every((each) => new made('bad-image', 'x') instanceof each));
    console.log(JSON.stringify({ differ, one }));`,
  );
  assert.deepEqual(differ, []);
  assert.ok(one, 'an error of one entry point is an instance of the class of every other');
});

test('the published checksums are those of the files', () => {
  const sums = run('sums.mjs', "import { wasmSha256 } from 'teachable-wasm'; console.log(JSON.stringify(wasmSha256));");
  assert.deepEqual(Object.keys(sums).sort(), ['image', 'relaxed', 'relaxed-threads', 'simd', 'simd-threads', 'tfjs']);
  const installed = path.join(project, 'node_modules/teachable-wasm/web/dist');
  const digest = (kind, file, form) =>
    createHash(kind)
      .update(readFileSync(path.join(installed, file)))
      .digest(form);
  const fileOf = { image: 'decoder', tfjs: 'converter' };
  for (const [folder, sum] of Object.entries(sums))
    assert.equal(sum, digest('sha256', `wasm/${folder}/${fileOf[folder] ?? 'teachable'}.wasm`, 'hex'));
  const wasmFiles = readdirSync(path.join(installed, 'wasm'), { recursive: true }).filter((file) =>
    file.endsWith('.wasm'),
  );
  assert.equal(wasmFiles.length, Object.keys(sums).length, 'one checksum for each WebAssembly file');
  const integrity = JSON.parse(readFileSync(path.join(installed, 'integrity.json'), 'utf8'));
  assert.ok('iife/teachable.js' in integrity && Object.keys(integrity).some((file) => file.startsWith('models/')));
  for (const [file, sum] of Object.entries(integrity))
    assert.equal(sum, `sha384-${digest('sha384', file, 'base64')}`, file);
});

/** Returns code that classifies a picture with the packaged model, teaches two classes, and prints the results. */
const lookAndTeach = (picture) => `
  const classifier = await load(options);
  const red = { data: new Uint8Array(64 * 64 * 4).map((_, i) => [220, 30, 30, 255][i % 4]), width: 64, height: 64 };
  const stripes = { data: new Uint8Array(64 * 64 * 4).map((_, i) => (i >> 6) & 8 ? 255 : 0), width: 64, height: 64 };
  const picture = ${picture ? JSON.stringify(picture) : 'stripes'};
  const [best] = classifier.model.showClasses ? await classifier.classify(picture, 1) : [];
  await classifier.addExample(red, 'red');
  await classifier.addExample(stripes, 'stripes');
  const { label } = await classifier.predict(stripes, { k: 1 });
  const { worker, threads, variant, reason } = await classifier.info();
  classifier.dispose();
  console.log(JSON.stringify({ best: best?.className, label, worker, threads, variant, reason }));`;

for (const worker of [undefined, false]) {
  for (const kind of ['mjs', 'cjs']) {
    test(`Node, ${kind}, ${worker === false ? 'in the calling thread' : 'in a worker thread'}: the process ends by itself`, () => {
      const import_ =
        kind === 'mjs' ? "import { load } from 'teachable-wasm';" : "const { load } = require('teachable-wasm');";
      const found = run(
        `look.${kind}`,
        `${import_} const options = ${JSON.stringify({ worker })}; (async () => {${lookAndTeach()}})();`,
      );
      assert.equal(found.label, 'stripes');
      assert.equal(found.worker, worker !== false);
      assert.equal(found.threads, 1);
    });
  }
}

test('Node classifies a photo that is given by its path', needsData, () => {
  const photo = path.join(dataFolder, 'images/coffee.jpg');
  const found = run('photo.mjs', `import { load } from 'teachable-wasm'; const options = {}; ${lookAndTeach(photo)}`);
  assert.match(found.best, /^(coffee mug|cup|espresso)$/);
});

test('Node runs the relaxed variant when it supports relaxed SIMD', () => {
  const flags = Number(process.versions.node.split('.')[0]) < 21 ? ['--experimental-wasm-relaxed-simd'] : [];
  const found = run(
    'relaxed.mjs',
    `import { load } from 'teachable-wasm'; const options = { worker: false }; ${lookAndTeach()}`,
    { flags },
  );
  assert.equal(found.variant, 'relaxed');
});

test('when no worker thread can start, it runs in the calling thread and says why', () => {
  const found = run(
    'nothread.mjs',
    `import { load } from 'teachable-wasm'; import { rmSync } from 'node:fs';
    rmSync(new URL('./worker.js', import.meta.resolve('teachable-wasm'))); // no later test uses this installation
    const options = {}; ${lookAndTeach()}`,
  );
  assert.equal(found.worker, false);
  assert.match(found.reason, /calling thread.*worker\.js did not start/);
});
