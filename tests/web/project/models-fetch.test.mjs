// The model catalogue and the program that fetches models. One test uses the real npm client. All others stay on this machine.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { fetchDefault, fetchModel, findLocalFolder } from '../../../models/fetch.mjs';
import { readLiteral } from '../../../models/js-literal.mjs';
import { readBrowserifiedModel } from '../../../models/layers-model.mjs';
import { toTable } from '../../../models/table.mjs';
import { readTgz } from '../../../models/tar.mjs';

const models = fileURLToPath(new URL('../../../models/', import.meta.url));
const catalog = JSON.parse(await readFile(path.join(models, 'catalog.json'), 'utf8'));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

let scratch;
before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'models-fetch-'));
});
after(() => rm(scratch, { recursive: true, force: true }));

/**
 * Makes a folder with a catalogue of its own: the model `good`, its stand-in `spare`, and labels.
 */
async function makePlace({ goodSources, spareSources = [{ kind: 'folder' }] }) {
  const root = await mkdtemp(path.join(scratch, 'place-'));
  const localFolder = path.join(root, 'local');
  await mkdir(localFolder);
  const item = (id, text, sources) => ({
    id,
    title: id,
    files: [{ path: `${id}.bin`, byteLength: text.length, sha256: sha256(text) }],
    sources,
  });
  const catalogFile = path.join(root, 'catalog.json');
  await writeFile(
    catalogFile,
    JSON.stringify({
      default: 'good',
      standIn: 'spare',
      labels: [item('names', 'a\nb\n', [{ kind: 'folder' }])],
      models: [
        { ...item('good', 'good model', goodSources), labels: 'names' },
        item('spare', 'spare model', spareSources),
      ],
    }),
  );
  const lines = [];
  const filesFolder = path.join(root, 'files');
  return {
    localFolder,
    filesFolder,
    lines,
    options: { catalogFile, filesFolder, localFolder, log: (line) => lines.push(line) },
    put: (name, text) => writeFile(path.join(localFolder, name), text),
    read: (name) => readFile(path.join(filesFolder, name), 'utf8'),
    list: async () => (await readdir(filesFolder, { recursive: true })).sort(),
  };
}

/** Serves `files` by path and records the requests. */
async function serve(t, files) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    const body = files[request.url];
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}/`, requests };
}

describe('fetchModel', () => {
  test('copies a model and its labels from a local folder', async () => {
    const place = await makePlace({ goodSources: [{ kind: 'folder' }] });
    await place.put('good.bin', 'good model');
    await place.put('names.bin', 'a\nb\n');
    const entry = await fetchModel('good', place.options);
    assert.equal(entry.files[0].path, 'good/good.bin');
    assert.equal(entry.labels.path, 'names/names.bin');
    assert.equal('sources' in entry, false);
    assert.equal(await place.read('good/good.bin'), 'good model');
    assert.equal(await place.read('names/names.bin'), 'a\nb\n');
    assert.match(place.lines[0], /^Fetched good from .*local\.$/);
  });

  test('prefers <id>/<file> in a local folder', async () => {
    const place = await makePlace({ goodSources: [{ kind: 'folder' }] });
    await mkdir(path.join(place.localFolder, 'good'));
    await place.put('good/good.bin', 'good model');
    await place.put('good.bin', 'another good.bin');
    await fetchModel('good', place.options);
    assert.equal(await place.read('good/good.bin'), 'good model');
  });

  test('rejects a file with a wrong checksum, names both checksums, and tries the next source', async (t) => {
    const server = await serve(t, { '/good.bin': 'good model' });
    const place = await makePlace({
      goodSources: [{ kind: 'folder' }, { kind: 'url', url: server.url }],
    });
    await place.put('good.bin', 'evil model');
    await place.put('names.bin', 'a\nb\n');
    await fetchModel('good', place.options);
    assert.equal(await place.read('good/good.bin'), 'good model');
    const [line] = place.lines;
    for (const part of ['good.bin', sha256('evil model'), sha256('good model')]) assert.ok(line.includes(part), line);
  });

  test('leaves no files behind when no source has the model', async (t) => {
    const server = await serve(t, {
      '/good.bin': 'a download that is longer than the catalogue says',
    });
    const place = await makePlace({
      goodSources: [{ kind: 'folder' }, { kind: 'url', url: server.url }],
    });
    await place.put('good.bin', 'cut');
    await assert.rejects(fetchModel('good', place.options), (error) => {
      assert.match(
        error.message,
        /^Could not fetch good \(.*sha256.*; 127\.0\.0\.1:\d+: \/good\.bin has more than 10 bytes\)\.$/,
      );
      return true;
    });
    assert.deepEqual(await place.list(), []);
  });

  test('reports that a host cannot be reached', async () => {
    const nobody = await new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(`http://127.0.0.1:${port}/`));
      });
    });
    const place = await makePlace({ goodSources: [{ kind: 'url', url: nobody }] });
    await assert.rejects(fetchModel('good', place.options), /can't be reached \(ECONNREFUSED\)/);
  });

  test('gives up on a host that accepts the connection and does not answer', async (t) => {
    const silent = createServer(() => {});
    await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
    t.after(() => silent.close());
    const url = `http://127.0.0.1:${silent.address().port}/`;
    const place = await makePlace({ goodSources: [{ kind: 'url', url }] });
    const start = performance.now();
    await assert.rejects(fetchModel('good', place.options), /no answer in 8 s/);
    assert.ok(performance.now() - start < 10_000);
  });

  test('replaces a damaged file and leaves an intact one alone', async () => {
    const place = await makePlace({ goodSources: [{ kind: 'folder' }] });
    await place.put('good.bin', 'good model');
    await place.put('names.bin', 'a\nb\n');
    await fetchModel('good', place.options);
    await writeFile(path.join(place.filesFolder, 'good/good.bin'), 'good mode');
    await fetchModel('good', place.options);
    assert.equal(await place.read('good/good.bin'), 'good model');

    const before = await stat(path.join(place.filesFolder, 'good/good.bin'));
    await rm(place.localFolder, { recursive: true });
    await fetchModel('good', place.options);
    const later = await stat(path.join(place.filesFolder, 'good/good.bin'));
    assert.deepEqual([later.ino, later.mtimeMs], [before.ino, before.mtimeMs]);
    assert.match(place.lines.at(-1), /already/);
  });

  test('many fetches at once end with one intact model', async () => {
    const place = await makePlace({ goodSources: [{ kind: 'folder' }] });
    await place.put('good.bin', 'good model');
    await place.put('names.bin', 'a\nb\n');
    await Promise.all(Array.from({ length: 12 }, () => fetchModel('good', place.options)));
    assert.equal(await place.read('good/good.bin'), 'good model');
    assert.deepEqual(
      (await place.list()).filter((name) => name.startsWith('.')),
      [],
    );
  });

  test('an unknown model is an error that lists the known models', async () => {
    await assert.rejects(fetchModel('nonsense'), /^Error: Unknown model 'nonsense'\. The catalogue has: mobile/);
  });
});

describe('fetchDefault', () => {
  test('fetches the default model and writes its entry', async () => {
    const place = await makePlace({ goodSources: [{ kind: 'folder' }] });
    await place.put('good.bin', 'good model');
    await place.put('names.bin', 'a\nb\n');
    const entry = await fetchDefault(place.options);
    assert.equal(entry.id, 'good');
    assert.equal(entry.standInFor, undefined);
    assert.deepEqual(JSON.parse(await place.read('default.json')), JSON.parse(JSON.stringify(entry)));
    assert.equal(place.lines.length, 1);

    const before = await stat(path.join(place.filesFolder, 'default.json'));
    await fetchDefault(place.options);
    assert.equal((await stat(path.join(place.filesFolder, 'default.json'))).mtimeMs, before.mtimeMs);
  });

  test('falls back to the stand-in, says why, and takes the default once it is available', async (t) => {
    const server = await serve(t, {});
    const place = await makePlace({
      goodSources: [{ kind: 'folder' }, { kind: 'url', url: server.url }],
    });
    await place.put('spare.bin', 'spare model');
    const entry = await fetchDefault(place.options);
    assert.deepEqual([entry.id, entry.standInFor], ['spare', 'good']);
    assert.match(
      place.lines[0],
      /^Fetched spare .* It stands in for good: Could not fetch good \(.*no good\.bin; .*404.*\)\.$/,
    );
    assert.equal(place.lines.length, 1);

    const asked = server.requests.length;
    assert.equal((await fetchDefault(place.options)).id, 'spare');
    assert.equal(server.requests.length, asked, 'the network is not used');
    await fetchDefault({ ...place.options, refresh: true });
    assert.equal(server.requests.length, asked + 1);

    await place.put('good.bin', 'good model');
    assert.equal((await fetchDefault(place.options)).id, 'good');
    assert.equal(JSON.parse(await place.read('default.json')).id, 'good');
  });

  test('gives both reasons when the stand-in is not available either', async () => {
    const place = await makePlace({ goodSources: [{ kind: 'folder' }] });
    await assert.rejects(fetchDefault(place.options), /Could not fetch good .* Could not fetch spare/);
    assert.deepEqual(await place.list(), []);
  });

  test('goes on without class names when only they are missing', async () => {
    const place = await makePlace({ goodSources: [{ kind: 'folder' }] });
    await place.put('good.bin', 'good model');
    const entry = await fetchDefault(place.options);
    assert.deepEqual([entry.id, entry.labels], ['good', undefined]);
    assert.match(place.lines[1], /^Class names are missing: Could not fetch names/);
  });

  test('the real stand-in can be fetched from npm alone', { timeout: 200_000 }, async () => {
    const lines = [];
    const offline = structuredClone(catalog);
    for (const item of [...offline.models, ...offline.labels])
      item.sources = item.sources.filter((source) => source.kind !== 'url');
    const catalogFile = path.join(scratch, 'offline.json');
    await writeFile(catalogFile, JSON.stringify(offline));
    const filesFolder = path.join(scratch, 'offline');
    const localFolder = path.join(scratch, 'nothing-here');
    const entry = await fetchDefault({
      catalogFile,
      filesFolder,
      localFolder,
      log: (line) => lines.push(line),
    });
    assert.deepEqual([entry.id, entry.standInFor], [catalog.standIn, catalog.default], lines.join());
    assert.equal(entry.showClasses, false);
    const model = await readFile(path.join(filesFolder, entry.files[0].path));
    assert.equal(model.subarray(4, 8).toString(), 'TFL3');
    const original = catalog.models.find(({ id }) => id === catalog.standIn).sources.at(-1).model;
    assert.deepEqual((await readdir(filesFolder)).sort(), [original, catalog.standIn, 'default.json'].sort());

    const layers = JSON.parse(await readFile(path.join(filesFolder, original, 'model.json'), 'utf8'));
    assert.deepEqual(layers.modelTopology.model_config.config.output_layers, [['flatten_1', 0, 0]]);
    assert.deepEqual(layers.weightsManifest[0].paths, ['weights.bin']);
  });
});

describe('a converted model', () => {
  async function makeConvertedPlace(converted) {
    const place = await makePlace({ goodSources: [{ kind: 'converted', model: 'layers' }] });
    const { catalogFile } = place.options;
    const text = JSON.parse(await readFile(catalogFile, 'utf8'));
    const files = { 'model.json': '{"a": 1}', 'weights.bin': 'weights' };
    text.models.push({
      id: 'layers',
      title: 'layers',
      files: Object.entries(files).map(([name, body]) => ({
        path: name,
        byteLength: body.length,
        sha256: sha256(body),
      })),
      sources: [{ kind: 'folder' }],
    });
    await writeFile(catalogFile, JSON.stringify(text));
    const calls = [];
    const convert = async (...parts) => {
      calls.push(parts.map(String));
      return Buffer.from(converted);
    };
    return { ...place, files, calls, options: { ...place.options, convert } };
  }

  test('is made once from the other model and checked like any other file', async () => {
    const place = await makeConvertedPlace('good model');
    for (const [name, body] of Object.entries(place.files)) await place.put(name, body);
    for (let times = 0; times < 2; times++) {
      const entry = await fetchModel('good', place.options);
      assert.equal(entry.files[0].path, 'good/good.bin');
    }
    assert.deepEqual(place.calls, [['{"a": 1}', 'weights']]);
    assert.equal(await place.read('good/good.bin'), 'good model');
  });

  test('is refused when the conversion gives other bytes', async () => {
    const place = await makeConvertedPlace('other bytes');
    for (const [name, body] of Object.entries(place.files)) await place.put(name, body);
    await assert.rejects(fetchModel('good', place.options), /conversion of layers: good\.bin has sha256 .* expected/);
  });

  test('says why when the model that it is made from is missing', async () => {
    const place = await makeConvertedPlace('good model');
    await assert.rejects(fetchModel('good', place.options), /conversion of layers: Could not fetch layers/);
  });
});

describe('the catalogue', () => {
  const items = [...catalog.labels, ...catalog.models];
  const requiredFields = {
    folder: [],
    url: ['url'],
    archive: ['url'],
    converted: ['model'],
    npm: ['package', 'version', 'path', 'how'],
  };

  test('contains its default model, its stand-in and all labels', () => {
    const ids = items.map((item) => item.id);
    assert.equal(new Set(ids).size, ids.length);
    for (const id of [catalog.default, catalog.standIn]) assert.ok(catalog.models.some((model) => model.id === id));
    for (const model of catalog.models) {
      if (model.labels) assert.ok(catalog.labels.some((list) => list.id === model.labels));
    }
  });

  for (const item of items) {
    test(`${item.id} has a complete description, licence and sources`, () => {
      assert.match(item.id, /^[a-z0-9.-]+$/);
      assert.ok(item.title);
      assert.match(item.licence.spdx, /^(Apache-2\.0|MIT)$/);
      assert.ok(item.licence.holder);
      assert.match(item.licence.home, /^https:/);
      assert.ok(item.files.length > 0 && item.sources.length > 0);
      for (const file of item.files) {
        assert.match(file.path, /^[\w.-]+$/);
        if (file.sha256 === null && file.byteLength === null) continue;
        assert.match(file.sha256, /^[0-9a-f]{64}$/);
        assert.ok(file.byteLength > 0);
      }
      for (const { kind, ...source } of item.sources) {
        for (const key of requiredFields[kind]) assert.ok(source[key], `${kind} has no ${key}`);
        // Public addresses are pinned to a commit, packages to a version.
        if (kind === 'url') assert.match(source.url, /^https:.*\/[0-9a-f]{40}\/$/);
        if (kind === 'archive') assert.match(source.url, /^https:.*\.tgz$/);
        if (kind === 'archive' && source.sha256 !== null) assert.match(source.sha256, /^[0-9a-f]{64}$/);
        if (kind === 'npm') assert.match(source.version, /^\d+\.\d+\.\d+$/);
      }
    });
  }

  for (const model of catalog.models) {
    test(`${model.id} describes its input and its embedding`, () => {
      assert.match(model.format, /^(tflite|tfjs-layers|tfjs-graph)$/);
      assert.ok(model.input.width > 0 && model.input.height > 0);
      assert.match(model.input.type, /^(float32|int8|uint8)$/);
      assert.match(model.preprocess.crop, /^(center|squash)$/);
      assert.match(model.preprocess.resize, /^(area|align-corners)$/);
      // The range of a quantized model may come from its own scale instead.
      const [low, high] = model.preprocess.range ?? [-1, 1];
      assert.ok(low < high && low >= -1.01 && high <= 1.01);
      assert.ok(model.preprocess.range || model.input.type !== 'float32');
      const { family, version, alpha, kind } = model.architecture;
      assert.equal(family, 'MobileNet');
      const last = { 1: 1024 * alpha, 2: 1280 * Math.max(1, alpha), 3: kind === 'large' ? 1280 : 1024 };
      assert.equal(model.embeddingSize, Math.round(last[version]));
      assert.equal(typeof model.showClasses, 'boolean');
      if (model.showClasses) assert.ok(model.classCount > 0);
      if (model.published) {
        const { multiplyAdds, parameters, top1, source } = model.published;
        assert.ok(multiplyAdds > 10e6 && parameters > 0.4e6 && top1 > 39 && top1 < 76);
        assert.match(source, /^https:/);
      }
    });
  }

  test('is the table in models/README.md', async () => {
    const [readme, measured] = await Promise.all(
      ['README.md', 'measured.json'].map((name) => readFile(path.join(models, name), 'utf8')),
    );
    const { frames } = JSON.parse(measured);
    for (const id of Object.keys(frames))
      assert.ok(
        catalog.models.some((model) => model.id === id),
        id,
      );
    assert.ok(
      readme.includes(toTable(catalog, { frames })),
      'The table is out of date. Replace it with the output of `node models/fetch.mjs --list`.',
    );
  });

  for (const item of items.filter(
    ({ sources, files }) => sources.some(({ kind }) => kind === 'url') && files[0].sha256,
  )) {
    test(`${item.id} has the checksums of the files in the local folder`, async (t) => {
      for (const file of item.files) {
        const bytes = await readFile(path.join(findLocalFolder(), file.path)).catch(() => undefined);
        if (!bytes) return t.skip(`needs ${file.path} in TEACHABLE_DATA`);
        assert.deepEqual([bytes.length, sha256(bytes)], [file.byteLength, file.sha256]);
      }
    });
  }

  test('looks for local files in the folder that the environment variables name', () => {
    assert.equal(findLocalFolder({ TEACHABLE_MODELS: '/a', TEACHABLE_DATA: '/b' }), path.resolve('/a'));
    assert.equal(findLocalFolder({ TEACHABLE_DATA: '/b' }), path.resolve('/b/models'));
    assert.equal(findLocalFolder({}), path.resolve(models, '../../shared/data/models'));
  });
});

/** Makes the header block of a file in a tar archive. */
function tarHeader(name, size, type = '0') {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write(size.toString(8).padStart(11, '0'), 124);
  block.write(type, 156);
  // The checksum is the sum of all bytes, with spaces in its own place.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Pads a file's content to whole blocks of a tar archive. */
function padToBlock(text) {
  return Buffer.concat([Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
}

describe('archives and files without a checksum', () => {
  const tgz = (name, text) =>
    gzipSync(Buffer.concat([tarHeader(name, text.length), padToBlock(text), Buffer.alloc(1024)]));

  /** Makes a catalogue of one model whose file has no checksum and comes in an archive from a server. */
  async function makeArchivePlace(t, { sum, body = tgz('./v3/good.bin', 'good model') }) {
    const place = await makePlace({ goodSources: [] });
    const { url, requests } = await serve(t, { '/a.tgz': body });
    const text = JSON.parse(await readFile(place.options.catalogFile, 'utf8'));
    text.models[0] = {
      id: 'good',
      title: 'good',
      files: [{ path: 'good.bin', byteLength: null, sha256: null }],
      sources: [{ kind: 'archive', url: `${url}a.tgz`, sha256: sum === true ? sha256(body) : sum }],
    };
    await writeFile(place.options.catalogFile, JSON.stringify(text));
    return { place, requests };
  }

  test('the checksum of an archive covers its file, which is checked from then on', async (t) => {
    const { place, requests } = await makeArchivePlace(t, { sum: true });
    const entry = await fetchModel('good', place.options);
    assert.deepEqual(entry.files, [{ path: 'good/good.bin', byteLength: 10, sha256: sha256('good model') }]);
    await fetchModel('good', place.options);
    assert.equal(requests.length, 1);
    await writeFile(path.join(place.filesFolder, 'good/good.bin'), 'bad model!');
    await fetchModel('good', place.options);
    assert.equal(requests.length, 2);
    assert.equal(await place.read('good/good.bin'), 'good model');
  });

  test('an archive with a wrong checksum, or without the file, is rejected', async (t) => {
    const wrong = await makeArchivePlace(t, { sum: '0'.repeat(64) });
    await assert.rejects(fetchModel('good', wrong.place.options), /has sha256 .*; expected 0{64}/);
    const other = await makeArchivePlace(t, { sum: true, body: tgz('other.bin', 'x') });
    await assert.rejects(fetchModel('good', other.place.options), /has no good\.bin/);
  });

  test('without any checksum, nothing is fetched unless the option unverified is set', async (t) => {
    const { place, requests } = await makeArchivePlace(t, { sum: null });
    await assert.rejects(fetchModel('good', place.options), /no checksum.*--unverified/);
    assert.equal(requests.length, 0);
    const entry = await fetchModel('good', { ...place.options, unverified: true });
    assert.equal(entry.files[0].sha256, sha256('good model'));
    // The file is available now, with the checksum that it had when it was fetched.
    await fetchModel('good', place.options);
    assert.equal(requests.length, 1);
  });
});

describe('readLiteral', () => {
  const read = (code) => readLiteral(code, 0).value;

  test('reads literals as minifiers write them', () => {
    assert.deepEqual(read('{a:!0,"b c":!1,$d:[null,-.5,1e3,19e-2,0],e:"x\\n\\u00e9",f:{},g:[]}'), {
      a: true,
      'b c': false,
      $d: [null, -0.5, 1000, 0.19, 0],
      e: 'x\né',
      f: {},
      g: [],
    });
    assert.equal(Object.getPrototypeOf(read('{__proto__:{x:1}}')), Object.prototype);
  });

  test('rejects everything that is not a literal, and executes nothing', () => {
    for (const code of [
      '',
      '{',
      '[1',
      '{a:alert(1)}',
      '{a:b}',
      '[1,]',
      '{a:1 }',
      '(0,1)',
      "'a'",
      '"a',
      '`a`',
      'undefined',
    ]) {
      assert.throws(() => read(code), SyntaxError, code);
    }
    assert.throws(() => read('['.repeat(100_000)), SyntaxError);
  });

  test('a module must export exactly one literal', () => {
    assert.throws(() => readBrowserifiedModel(() => 'x.exports="a";y.exports="b"'), /found 2 exported literals/);
    assert.throws(
      () =>
        readBrowserifiedModel((name) =>
          name === 'model'
            ? 'a.exports={modelTopology:{},weightsManifest:[{paths:["w"],weights:[]}]}'
            : 'a.exports="not base64!"',
        ),
      /has no base64 text/,
    );
  });
});

describe('readTgz', () => {
  test('reads plain and long names and skips files that are not wanted', async () => {
    const pax = '25 path=package/long.txt\n';
    const tgz = gzipSync(
      Buffer.concat([
        tarHeader('package/a.txt', 3),
        padToBlock('abc'),
        tarHeader('package/b.txt', 600),
        padToBlock('b'.repeat(600)),
        tarHeader('pax', pax.length, 'x'),
        padToBlock(pax),
        tarHeader('short', 1),
        padToBlock('l'),
        tarHeader('package/dir', 0, '5'),
        Buffer.alloc(1024),
      ]),
    );
    const files = await readTgz(tgz, (name) => name !== 'package/b.txt');
    assert.deepEqual(
      [...files].map(([name, body]) => [name, body.toString()]),
      [
        ['package/a.txt', 'abc'],
        ['package/long.txt', 'l'],
      ],
    );
  });

  test('refuses a file that extends past the end of the archive', async () => {
    const tgz = gzipSync(Buffer.concat([tarHeader('a', 4096), padToBlock('abc')]));
    await assert.rejects(
      readTgz(tgz, () => true),
      /archive is damaged .*Truncated input/,
    );
  });

  test('refuses a wrong checksum, and bytes that are no archive', async () => {
    const damaged = tarHeader('a', 3);
    damaged[0] ^= 1;
    for (const tgz of [
      gzipSync(Buffer.concat([damaged, padToBlock('abc'), Buffer.alloc(1024)])),
      Buffer.from('text'),
    ]) {
      await assert.rejects(
        readTgz(tgz, () => true),
        /archive is damaged/,
      );
    }
  });
});
