// The folder of the static demo: which files it has.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { filesFolder } from '../../../models/fetch.mjs';
import { writeDemo } from '../../../web/dev/build-demo.mjs';
import { scratchFolder } from '../support/data.mjs';

/** Names of all files in a folder. */
async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

test('the folder holds what the page can ask for, and no source maps', async (t) => {
  const folder = await scratchFolder(t);
  const names = await writeDemo(folder);
  const files = await filesIn(folder);
  assert.deepEqual(files, [...names, 'LICENSE.txt', 'THIRD_PARTY_NOTICES.txt'].sort());
  for (const variant of ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'])
    for (const ending of ['js', 'wasm'])
      assert.ok(existsSync(path.join(folder, `lib/wasm/${variant}/teachable.${ending}`)));
  for (const name of ['lib/wasm/image/decoder.wasm', 'lib/wasm/tfjs/converter.wasm', 'style.css', 'icon.svg'])
    assert.ok(existsSync(path.join(folder, name)), name);
  assert.ok(files.some((name) => /^lib\/models\/.*\.(tflite|bin)$/.test(name)));
  assert.ok(!files.some((name) => /\.(map|cjs|ts)$|cli\.js/.test(name)));
  for (const name of files.filter((each) => each.endsWith('.js')))
    assert.ok(!(await readFile(path.join(folder, name), 'utf8')).includes('sourceMappingURL'), name);
});

test('source maps are copied when asked for, and the service worker does not keep them', async (t) => {
  const folder = await scratchFolder(t);
  await writeDemo(folder, { sourceMaps: true });
  const files = await filesIn(folder);
  for (const name of ['start.js', 'style.css', 'lib/index.js', 'lib/worker.js']) {
    assert.ok(files.includes(`${name}.map`), name);
    assert.match(
      await readFile(path.join(folder, name), 'utf8'),
      new RegExp(`sourceMappingURL=${path.basename(name)}`),
    );
  }
  assert.ok(!(await readFile(path.join(folder, 'service-worker.js'), 'utf8')).includes('.map"'));
});

test('other networks are in the folder only when they are asked for', async (t) => {
  const folder = await scratchFolder(t);
  const list = async () => JSON.parse(await readFile(path.join(folder, 'networks.json'), 'utf8'));
  assert.deepEqual(
    (await writeDemo(folder)).filter((name) => name.startsWith('networks/')),
    [],
  );
  assert.deepEqual(await list(), []);
  // The default network is always there to be copied.
  const { id } = JSON.parse(await readFile(path.join(filesFolder, 'default.json'), 'utf8'));
  const names = (await writeDemo(folder, { networks: [id] })).filter((name) => name.startsWith('networks/'));
  assert.deepEqual(
    (await list()).map((each) => each.id),
    [id],
  );
  assert.ok(names.includes(`networks/${id}.json`));
  const entry = JSON.parse(await readFile(path.join(folder, `networks/${id}.json`), 'utf8'));
  for (const file of entry.files) assert.ok(names.includes(`networks/${file.path}`), file.path);
});

test('the service worker knows each file that the page asks for, by its checksum', async (t) => {
  const folder = await scratchFolder(t);
  const names = await writeDemo(folder);
  const text = await readFile(path.join(folder, 'service-worker.js'), 'utf8');
  const known = Object.fromEntries(
    [...text.matchAll(/"([^"]*)":"([0-9a-f]{64})"/g)].map(([, name, sum]) => [name, sum]),
  );
  const asked = names.filter((name) => !/^icons\/|^manifest\.webmanifest$|^service-worker\.js$/.test(name));
  assert.deepEqual(Object.keys(known).sort(), asked.map((name) => (name === 'index.html' ? '' : name)).sort());
  for (const name of asked) {
    const sum = createHash('sha256').update(await readFile(path.join(folder, name)));
    assert.equal(known[name === 'index.html' ? '' : name], sum.digest('hex'), name);
  }
});
