// Dependencies point one way. This test checks what the compilers do not: the TypeScript rooms of web/src are checked by tsc, through
// the project references in their tsconfig.json files.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Folder of cpp/ -> the other folders whose headers it may include. */
const layers = {
  core: [],
  image: ['core'],
  graph: ['core'],
  knn: ['core'],
  model: ['core', 'graph'],
  tfjs: ['core', 'graph'],
  converter: ['border', 'graph', 'model', 'tfjs'],
  decoder: ['border', 'image'],
  border: ['core'],
  net: ['core', 'graph'],
  classifier: ['core', 'graph', 'image', 'knn', 'model', 'net'],
  bindings: ['border', 'core', 'graph', 'image', 'knn', 'classifier'],
};

/** Foreign header -> the only files that may include it. */
const foreign = [
  [/^(xnnpack|pthreadpool)\.h$/, /^net\//],
  [/^stb_image\.h$/, /^image\/decode\.cpp$/],
  [/^emscripten/, /^bindings\//],
  [/^nlohmann\//, /^$/], // Only tests use it: the JSON reader of cpp/tfjs is a tenth of its size.
  [/^(flatbuffers\/|tflite_generated\.h)/, /^model\/tflite_(reader|writer|metadata)\.cpp$/],
  [/^tflite_metadata_generated\.h/, /^model\/tflite_metadata\.cpp$/],
];

async function filesBelow(folder, pattern) {
  const entries = await readdir(path.join(root, folder), { recursive: true });
  return entries.filter((name) => pattern.test(name)).sort();
}

test('C++ folders include only layers below them, and foreign headers only where they are allowed', async () => {
  const files = (await filesBelow('cpp', /\.(h|cpp)$/)).filter((name) => !name.startsWith('third_party/'));
  assert.ok(files.length > 20, `only ${files.length} files were found`);
  for (const file of files) {
    const folder = file.split('/')[0];
    assert.ok(folder in layers, `cpp/${folder} has no place in the table of layers`);
    const text = await readFile(path.join(root, 'cpp', file), 'utf8');
    for (const [, header] of text.matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)) {
      const place = foreign.find(([name]) => name.test(header));
      if (place) assert.match(file, place[1], `${file} includes ${header}`);
      const other = header.split('/')[0];
      if (!header.includes('/') || !(other in layers) || other === folder) continue;
      assert.ok(layers[folder].includes(other), `cpp/${file} includes ${header}`);
    }
  }
});

test('the package has no dependencies: every import in web/src is relative', async () => {
  const files = await filesBelow('web/src', /\.ts$/);
  assert.ok(files.length > 30, `only ${files.length} files were found`);
  for (const file of files) {
    const text = await readFile(path.join(root, 'web/src', file), 'utf8');
    for (const [, from] of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm))
      assert.match(from, /^\.\.?\//, `web/src/${file} imports ${from}`);
  }
});

test('every folder of web/src is a project, so that the compiler checks what it imports', async () => {
  // Room -> the rooms that it may import.
  const rooms = {
    shared: [],
    page: ['shared'],
    worker: ['shared'],
    compat: ['shared', 'page', 'worker'],
    entries: ['shared', 'page', 'worker', 'compat'],
  };
  const found = await readdir(path.join(root, 'web/src'));
  assert.deepEqual(found.sort(), Object.keys(rooms).sort());
  for (const [room, expected] of Object.entries(rooms)) {
    const text = await readFile(path.join(root, 'web/src', room, 'tsconfig.json'), 'utf8');
    const { references = [] } = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''));
    assert.deepEqual(references.map((each) => each.path.replace('../', '')).sort(), expected.sort(), room);
  }
});

test('the demo and the Node command import only public entries of the package', async () => {
  const allowed = {
    'web/demo': /^teachable-wasm(\/(webcam|worker))?$/,
    'web/cli': /^(teachable-wasm(\/(knn|convert))?|node:[\w/]+)$/,
  };
  for (const [folder, pattern] of Object.entries(allowed)) {
    const files = await filesBelow(folder, /\.ts$/);
    assert.ok(files.length > 5, `only ${files.length} files were found in ${folder}`);
    for (const file of files) {
      const text = await readFile(path.join(root, folder, file), 'utf8');
      for (const [, from] of text.matchAll(/\bfrom\s+'([^']+)'/g)) {
        const isOwn = /^\.\.?\//.test(from) && !path.posix.join(path.posix.dirname(file), from).startsWith('..');
        assert.ok(pattern.test(from) || isOwn, `${folder}/${file} imports ${from}`);
      }
    }
  }
});
