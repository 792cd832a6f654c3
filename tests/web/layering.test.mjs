// Dependencies point one way. The tables are the rule; what a file includes or imports is checked against them.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Folder of cpp/ -> the folders that it may include, besides itself. */
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
  [/^nlohmann\//, /^$/], // tests may: what reads a model.json here is a tenth of its size
  [/^(flatbuffers\/|tflite_generated\.h)/, /^model\/tflite_(reader|writer|metadata)\.cpp$/],
  [/^tflite_metadata_generated\.h/, /^model\/tflite_metadata\.cpp$/],
];

/** File of web/src -> the others that it may import, types included. */
const modules = {
  'protocol.ts': [],
  'errors.ts': [],
  'abort.ts': ['errors'],
  'wasm-module.d.ts': [],
  'node.ts': [],
  'packaged.d.ts': ['protocol'],
  'addresses.ts': ['errors', 'node'],
  'variant.ts': ['errors', 'node', 'protocol'],
  'rpc.ts': ['abort', 'errors'],
  'arguments.ts': ['errors', 'protocol'],
  'dataset-json.ts': ['errors'],
  'image.ts': ['abort', 'addresses', 'errors', 'protocol', 'rpc'],
  'download.ts': ['errors', 'node', 'protocol'],
  'early-fetch.ts': ['download', 'protocol'],
  'frame-canvas.ts': ['errors', 'wasm-module'],
  'associated-file.ts': [],
  'class-names.ts': ['errors'],
  // What runs the modules, in a worker or not.
  'module-files.ts': ['addresses', 'protocol'],
  'load.ts': ['compile', 'download', 'errors', 'module-files', 'protocol', 'wasm-module'],
  'threads.ts': ['errors', 'wasm-module'],
  'bare-module.ts': ['compile', 'errors'],
  'compile.ts': ['download'],
  'picture-decoder.ts': ['addresses', 'bare-module'],
  'pixels.ts': ['download', 'errors', 'frame-canvas', 'picture-decoder', 'protocol', 'wasm-module'],
  'tfjs-converter.ts': ['addresses', 'bare-module'],
  'fetch-model.ts': ['class-names', 'download', 'errors', 'protocol', 'tfjs-converter'],
  'host.ts': [
    'abort',
    'associated-file',
    'class-names',
    'dataset-json',
    'download',
    'errors',
    'fetch-model',
    'load',
    'module-files',
    'pixels',
    'protocol',
    'rpc',
    'threads',
    'variant',
    'wasm-module',
  ],
  'worker.ts': ['host', 'load', 'node', 'protocol', 'rpc'],
  'inline.ts': ['host', 'load', 'protocol', 'rpc', 'threads'],
  // What callers hold.
  'engine.ts': ['addresses', 'errors', 'inline', 'node', 'rpc'],
  'session.ts': [
    'abort',
    'addresses',
    'arguments',
    'early-fetch',
    'engine',
    'errors',
    'module-files',
    'protocol',
    'rpc',
    'variant',
  ],
  'models.ts': ['addresses', 'errors', 'packaged', 'protocol'],
  'knn-client.ts': ['abort', 'arguments', 'errors', 'protocol', 'rpc', 'session'],
  'client.ts': [
    'abort',
    'addresses',
    'arguments',
    'errors',
    'image',
    'knn-client',
    'models',
    'protocol',
    'rpc',
    'session',
  ],
  // The entries.
  'index.ts': ['client', 'errors', 'image', 'knn-client', 'models', 'packaged', 'protocol', 'session', 'variant'],
  'knn.ts': ['arguments', 'errors', 'knn-client', 'protocol', 'session'],
  'convert.ts': ['abort', 'addresses', 'errors', 'fetch-model', 'protocol', 'tfjs-converter'],
  'labels.ts': ['addresses', 'class-names', 'download', 'errors', 'packaged'],
  'own-worker.ts': ['host', 'load', 'protocol', 'rpc', 'threads'],
  'webcam.ts': ['abort', 'errors'],
  'compat/tensor.ts': ['errors'],
  'compat/module.ts': ['abort', 'load', 'wasm-module'],
  'compat/picture.ts': ['compat/tensor', 'errors', 'frame-canvas', 'image', 'wasm-module'],
  'compat/knn-classifier.ts': [
    'arguments',
    'compat/module',
    'compat/tensor',
    'errors',
    'host',
    'protocol',
    'session',
    'wasm-module',
  ],
  'compat/mobilenet.ts': [
    'abort',
    'addresses',
    'compat/module',
    'compat/picture',
    'compat/tensor',
    'errors',
    'frame-canvas',
    'host',
    'labels',
    'models',
    'protocol',
    'session',
  ],
};

async function filesBelow(folder, pattern) {
  const entries = await readdir(path.join(root, folder), { recursive: true });
  return entries.filter((name) => pattern.test(name)).sort();
}

test('every C++ folder includes only the layers below it, and each foreign library has one place', async () => {
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

test('every TypeScript module imports only what the table allows', async () => {
  const files = await filesBelow('web/src', /\.ts$/);
  for (const file of files) {
    assert.ok(file in modules, `web/src/${file} has no place in the table of modules`);
    const text = await readFile(path.join(root, 'web/src', file), 'utf8');
    for (const [, from] of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm)) {
      assert.match(from, /^\.\.?\//, `${file} imports ${from}: the package has no dependencies`);
      const name = path.posix.join(path.posix.dirname(file), from).replace(/\.(js|ts)$/, '');
      assert.ok(modules[file].includes(name), `web/src/${file} imports ${from}`);
    }
  }
});

test('the demo and the Node command import the package by its public entries only', async () => {
  const allowed = {
    'web/demo': /^teachable-wasm(\/webcam)?$/,
    'web/cli': /^(teachable-wasm(\/(knn|convert))?|node:[\w/]+)$/,
  };
  for (const [folder, pattern] of Object.entries(allowed)) {
    const files = await filesBelow(folder, /\.ts$/);
    assert.ok(files.length > 5, `only ${files.length} files were found in ${folder}`);
    for (const file of files) {
      const text = await readFile(path.join(root, folder, file), 'utf8');
      for (const [, from] of text.matchAll(/\bfrom\s+'([^']+)'/g)) {
        assert.ok(pattern.test(from) || /^\.\/[\w-]+\.js$/.test(from), `${folder}/${file} imports ${from}`);
      }
    }
  }
});
