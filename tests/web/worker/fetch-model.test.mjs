// Tests the limits of a model's downloads: how many bytes are read, and from which addresses.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { importTs } from '../support/import-ts.mjs';

const { fetchModel } = await importTs('worker/fetch-model.ts');

const piece = Buffer.alloc(64 * 1024, 1);
let folder;
let server;
let base;
/** Content of each path on the server: bytes, or 'endless'. */
let files;
/** Number of bytes that the server sent of endless files. */
let sent;
let requests;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fetch-model-'));
  server = createServer((request, response) => {
    requests.push(request.url);
    const body = files[request.url];
    if (body === undefined) return response.writeHead(404).end();
    if (body !== 'endless') return response.end(body);
    const more = () => {
      while (!response.destroyed && response.write(piece)) sent += piece.length;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}/`;
});
after(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  [files, sent, requests] = [{}, 0, []];
});

/** Returns a model.json in which each group has one weight of `count` bytes. */
const modelJson = (...groups) =>
  JSON.stringify({
    modelTopology: {},
    weightsManifest: groups.map(([count, ...paths]) => ({
      paths,
      weights: [{ name: 'w', shape: [count], dtype: 'float32', quantization: { dtype: 'uint8' } }],
    })),
  });
const fetchUrl = (url, options) => fetchModel({ model: { kind: 'url', url }, ...options }, {});
const fetchEntry = (entry, watch = {}) =>
  fetchModel(
    { model: { kind: 'entry', entry: { id: 'tiny', title: 'Tiny', ...entry }, baseUrl: `${base}entry.json` } },
    watch,
  );
/** Maximum of `sent`. It is larger than the limits, because the sockets on both sides buffer some bytes. */
const mostSent = 16 << 20;

test('reading stops after the known length of a file', async () => {
  files['/tiny.tflite'] = 'endless';
  for (const watch of [{}, { onBytes() {} }]) {
    await assert.rejects(fetchEntry({ files: [{ path: 'tiny.tflite', byteLength: 100 }] }, watch), {
      code: 'load-failed',
      message: /tiny\.tflite has more than 100 bytes/,
    });
  }
  assert.ok(sent < mostSent, `${sent}`);
});

test('reading a weight file stops at the length in the manifest', async () => {
  files = { '/model.json': modelJson([10, 'a.bin']), '/a.bin': 'endless' };
  await assert.rejects(fetchUrl(`${base}model.json`), {
    code: 'load-failed',
    message: /a\.bin has more than 10 bytes/,
  });
  assert.ok(sent < mostSent, `${sent}`);
});

test('weight files of the wrong length are refused', async () => {
  const shard = (length) => Buffer.alloc(length, length);
  const fetchShards = (json, ...shards) => {
    files = {
      '/model.json': json,
      ...Object.fromEntries(shards.map((length, i) => [`/${'abcd'[i]}.bin`, shard(length)])),
    };
    return fetchUrl(`${base}model.json`);
  };
  const two = modelJson([30, 'a.bin', 'b.bin', 'c.bin'], [5, 'd.bin']);
  const { tfjs } = await fetchShards(two, 12, 12, 6, 5);
  assert.deepEqual([...tfjs.weights], [...Buffer.concat([12, 12, 6, 5].map(shard))]);
  for (const shards of [
    [12, 12, 7, 4],
    [12, 11, 7, 5],
    [11, 12, 7, 5],
    [8, 8, 14, 5],
    [12, 12, 5, 5],
  ]) {
    await assert.rejects(
      fetchShards(two, ...shards),
      { code: 'bad-model', message: /weight files .* have .* bytes; expected \d+ in total/ },
      String(shards),
    );
  }
  // Without valid weights in the manifest, no length can be checked here. The converter refuses such a manifest.
  await fetchShards(JSON.stringify({ weightsManifest: [{ paths: ['a.bin'], weights: [{ shape: 'x' }] }] }), 7);
  await fetchShards(JSON.stringify({ weightsManifest: [{ paths: ['a.bin'] }] }), 7);
});

test('a model.json that names too many files fetches none', async () => {
  files['/model.json'] = modelJson([1000, ...Array.from({ length: 257 }, (_, i) => `${i}.bin`)]);
  await assert.rejects(fetchUrl(`${base}model.json`), {
    code: 'bad-model',
    message: /names 257 weight files; at most 256/,
  });
  assert.deepEqual(requests, ['/model.json']);
});

test('a file from the network must not name a local file', async () => {
  const secret = pathToFileURL(path.join(folder, 'secret.bin')).href;
  await writeFile(new URL(secret), 'secret');
  files = {
    '/model.json': modelJson([6, secret]),
    '/entry.json': JSON.stringify({ id: 'tiny', files: [{ path: secret }] }),
    '/labels.json': JSON.stringify({ id: 'tiny', files: [{ path: 'model.json' }], labels: { path: secret } }),
  };
  for (const name of ['model.json', 'entry.json', 'labels.json']) {
    await assert.rejects(
      fetchUrl(base + name),
      { code: 'bad-model', message: /names the local file file:.*secret\.bin/ },
      name,
    );
  }
  // A local file may name another local file.
  await writeFile(path.join(folder, 'model.json'), modelJson([6, secret]));
  const { tfjs } = await fetchUrl(pathToFileURL(path.join(folder, 'model.json')).href);
  assert.equal(Buffer.from(tfjs.weights).toString(), 'secret');
});

test('devices are refused, and long files are not read', async () => {
  await writeFile(path.join(folder, 'zero.json'), modelJson([6, 'file:///dev/zero']));
  await assert.rejects(fetchUrl(pathToFileURL(path.join(folder, 'zero.json')).href), {
    code: 'load-failed',
    message: /\/dev\/zero can't be read \(not a regular file\)/,
  });
  await writeFile(path.join(folder, 'long.bin'), 'too long');
  await writeFile(path.join(folder, 'long.json'), modelJson([6, 'long.bin']));
  await assert.rejects(fetchUrl(pathToFileURL(path.join(folder, 'long.json')).href), {
    code: 'load-failed',
    message: /long\.bin can't be read \(8 bytes, more than 6\)/,
  });
});

test("Teachable Machine's metadata.json sets the preprocessing", async () => {
  const metadata = { packageName: '@teachablemachine/image', labels: ['a', 'b'] };
  files = {
    '/model.json': modelJson([1, 'a.bin']),
    '/a.bin': 'x',
    '/plain.tflite': '....TFL3',
    '/metadata.json': JSON.stringify(metadata),
    '/other.json': JSON.stringify({ ...metadata, packageName: 'other' }),
  };
  const preprocessOf = async (model, labels) => (await fetchUrl(base + model, { labels: base + labels })).preprocess;
  assert.deepEqual(await preprocessOf('model.json', 'metadata.json'), { range: [-1, 128 / 127] });
  assert.deepEqual(await preprocessOf('model.json', 'other.json'), {});
  // The range is only for TensorFlow.js models.
  assert.deepEqual(await preprocessOf('plain.tflite', 'metadata.json'), {});
  const entry = { files: [{ path: 'model.json' }], labels: { path: 'metadata.json' } };
  assert.deepEqual((await fetchEntry(entry)).preprocess, { range: [-1, 128 / 127] });
  assert.deepEqual((await fetchEntry({ ...entry, preprocess: { range: [0, 1] } })).preprocess, { range: [0, 1] });
});
