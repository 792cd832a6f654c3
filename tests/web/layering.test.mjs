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
  'shared/protocol.ts': [],
  'shared/errors.ts': [],
  'shared/abort.ts': ['shared/errors'],
  'shared/wasm-module.d.ts': [],
  'shared/node.ts': [],
  'shared/packaged.d.ts': ['shared/protocol'],
  'shared/addresses.ts': ['shared/errors', 'shared/node'],
  'shared/variant.ts': ['shared/errors', 'shared/node', 'shared/protocol'],
  'shared/rpc.ts': ['shared/abort', 'shared/errors'],
  'page/arguments.ts': ['shared/errors', 'shared/protocol'],
  'worker/dataset-json.ts': ['shared/errors'],
  'page/image.ts': ['shared/abort', 'shared/addresses', 'shared/errors', 'shared/protocol', 'shared/rpc'],
  'shared/download.ts': ['shared/errors', 'shared/node', 'shared/protocol'],
  'page/early-fetch.ts': ['shared/download', 'shared/protocol'],
  'shared/frame-canvas.ts': ['shared/errors', 'shared/wasm-module'],
  'worker/associated-file.ts': [],
  'shared/class-names.ts': ['shared/errors'],
  // What runs the modules, in a worker or not.
  'shared/module-files.ts': ['shared/addresses', 'shared/protocol'],
  'worker/load.ts': [
    'worker/compile',
    'shared/download',
    'shared/errors',
    'shared/module-files',
    'shared/protocol',
    'shared/wasm-module',
  ],
  'worker/threads.ts': ['shared/errors', 'shared/wasm-module'],
  'worker/bare-module.ts': ['worker/compile', 'shared/errors'],
  'worker/compile.ts': ['shared/download'],
  'worker/picture-decoder.ts': ['shared/addresses', 'worker/bare-module'],
  'worker/pixels.ts': [
    'shared/download',
    'shared/errors',
    'shared/frame-canvas',
    'worker/picture-decoder',
    'shared/protocol',
    'shared/wasm-module',
  ],
  'worker/tfjs-converter.ts': ['shared/addresses', 'worker/bare-module'],
  'worker/fetch-model.ts': [
    'shared/class-names',
    'shared/download',
    'shared/errors',
    'shared/protocol',
    'worker/tfjs-converter',
  ],
  'worker/host.ts': [
    'shared/abort',
    'worker/associated-file',
    'shared/class-names',
    'worker/dataset-json',
    'shared/download',
    'shared/errors',
    'worker/fetch-model',
    'worker/load',
    'shared/module-files',
    'worker/pixels',
    'shared/protocol',
    'shared/rpc',
    'worker/threads',
    'shared/variant',
    'shared/wasm-module',
  ],
  'entries/worker.ts': ['worker/host', 'worker/load', 'shared/node', 'shared/protocol', 'shared/rpc'],
  'entries/inline.ts': ['worker/host', 'worker/load', 'shared/protocol', 'shared/rpc', 'worker/threads'],
  // What callers hold.
  'page/engine.ts': ['shared/addresses', 'shared/errors', 'entries/inline', 'shared/node', 'shared/rpc'],
  'page/session.ts': [
    'shared/abort',
    'shared/addresses',
    'page/arguments',
    'page/early-fetch',
    'page/engine',
    'shared/errors',
    'shared/module-files',
    'shared/protocol',
    'shared/rpc',
    'shared/variant',
  ],
  'page/models.ts': ['shared/addresses', 'shared/errors', 'shared/packaged', 'shared/protocol'],
  'page/knn-client.ts': [
    'shared/abort',
    'page/arguments',
    'shared/errors',
    'shared/protocol',
    'shared/rpc',
    'page/session',
  ],
  'page/client.ts': [
    'shared/abort',
    'shared/addresses',
    'page/arguments',
    'shared/errors',
    'page/image',
    'page/knn-client',
    'page/models',
    'shared/protocol',
    'shared/rpc',
    'page/session',
  ],
  // The entries.
  'entries/index.ts': [
    'page/client',
    'shared/errors',
    'page/image',
    'page/knn-client',
    'page/models',
    'shared/packaged',
    'shared/protocol',
    'page/session',
    'shared/variant',
  ],
  'entries/knn.ts': ['page/arguments', 'shared/errors', 'page/knn-client', 'shared/protocol', 'page/session'],
  'entries/convert.ts': [
    'shared/abort',
    'shared/addresses',
    'shared/errors',
    'worker/fetch-model',
    'shared/protocol',
    'worker/tfjs-converter',
  ],
  'entries/labels.ts': [
    'shared/addresses',
    'shared/class-names',
    'shared/download',
    'shared/errors',
    'shared/packaged',
  ],
  'entries/own-worker.ts': ['worker/host', 'worker/load', 'shared/protocol', 'shared/rpc', 'worker/threads'],
  'entries/webcam.ts': ['shared/abort', 'shared/errors'],
  'compat/tensor.ts': ['shared/errors'],
  'compat/module.ts': ['shared/abort', 'worker/load', 'shared/wasm-module'],
  'compat/picture.ts': ['compat/tensor', 'shared/errors', 'shared/frame-canvas', 'page/image', 'shared/wasm-module'],
  'entries/compat/knn-classifier.ts': [
    'page/arguments',
    'compat/module',
    'compat/tensor',
    'shared/errors',
    'worker/host',
    'shared/protocol',
    'page/session',
    'shared/wasm-module',
  ],
  'entries/compat/mobilenet.ts': [
    'shared/abort',
    'shared/addresses',
    'compat/module',
    'compat/picture',
    'compat/tensor',
    'shared/errors',
    'shared/frame-canvas',
    'worker/host',
    'entries/labels',
    'page/models',
    'shared/protocol',
    'page/session',
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
        const isOwn = /^\.\.?\//.test(from) && !path.posix.join(path.posix.dirname(file), from).startsWith('..');
        assert.ok(pattern.test(from) || isOwn, `${folder}/${file} imports ${from}`);
      }
    }
  }
});
