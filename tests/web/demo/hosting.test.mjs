// The page's service worker without a browser: which requests it answers, what it keeps, and when the page may be reloaded.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const {
  canHelp,
  isNamedByContent,
  isNotedReload,
  Isolation,
  isolated,
  noteReload,
  pathOf,
  pathsOf,
  Shelf,
  stateAfterLoad,
  sumOf,
  withTheirGroups,
} = await importTs(
  '../demo/hosting/page/host',
  '../demo/hosting/page/reload-guard',
  '../demo/hosting/worker/files',
  '../demo/hosting/worker/isolation',
  '../demo/hosting/worker/shelf',
);

const scope = 'https://somebody.example/my/page/';
const sumOfText = (text) => createHash('sha256').update(text).digest('hex');
const sums = (...texts) => Object.fromEntries(texts.map((text) => [text, sumOfText(text)]));
/** Files of these tests. Each contains its own name, except for the page. */
const files = {
  core: { '': sumOfText('page'), ...sums('main.js', 'style.css') },
  groups: [sums('lib/wasm/simd/a.js', 'lib/wasm/simd/a.wasm'), sums('lib/models/b.tflite')],
};

/** A cache in memory, with what the service worker uses of one. */
class MemoryCache {
  entries = new Map();
  async match(url, { ignoreSearch = false } = {}) {
    const plain = (each) => (ignoreSearch ? each.split('?')[0] : each);
    const found = [...this.entries].find(([each]) => plain(each) === plain(url));
    return found?.[1].clone();
  }
  async put(url, response) {
    this.entries.set(url, response);
  }
  async delete(url) {
    return this.entries.delete(url);
  }
  async keys() {
    return [...this.entries.keys()].map((url) => ({ url }));
  }
}

/** A shelf beside a server. `server` maps a path to its text; `old` to what the browser's own cache has. */
function makeShelf({ server, old = {}, headers = {}, list = files }) {
  const cache = new MemoryCache();
  const asked = [];
  const shelf = new Shelf({
    scope,
    files: list,
    caches: { open: async () => cache },
    async fetch(url, { cache: mode }) {
      const path = url.slice(scope.length);
      asked.push(`${mode} ${path}`);
      const text = (mode === 'force-cache' ? old[path] : undefined) ?? server[path];
      return text === undefined ? new Response('', { status: 404 }) : new Response(text, { headers });
    },
    sum: async (bytes) => createHash('sha256').update(new Uint8Array(bytes)).digest('hex'),
  });
  return { shelf, cache, asked };
}

const server = { '': 'page', 'main.js': 'main.js', 'style.css': 'style.css' };
for (const group of files.groups) for (const name of Object.keys(group)) server[name] = name;

test('only GET requests for whole files of the folder are answered', () => {
  const ask = (url, init) => pathOf(new Request(url, init), scope);
  assert.equal(ask(scope), '');
  assert.equal(ask(`${scope}index.html`), '');
  assert.equal(ask(`${scope}?variant=simd&threads=2#top`), '');
  assert.equal(ask(`${scope}lib/wasm/simd/a.wasm`), 'lib/wasm/simd/a.wasm');
  assert.equal(ask(`${scope}main.js?other`), undefined);
  assert.equal(ask('https://somebody.example/my/'), undefined);
  assert.equal(ask('https://somebody.example/my/page'), undefined);
  assert.equal(ask('https://else.example/my/page/main.js'), undefined);
  assert.equal(ask('http://somebody.example/my/page/main.js'), undefined);
  assert.equal(ask(`${scope}main.js`, { method: 'POST' }), undefined);
  assert.equal(ask(`${scope}main.js`, { method: 'HEAD' }), undefined);
  assert.equal(ask(`${scope}main.js`, { headers: { Range: 'bytes=0-9' } }), undefined);
});

test('a file that is not in the list has no checksum, whatever its name', () => {
  assert.equal(sumOf('main.js', files), sumOfText('main.js'));
  assert.equal(sumOf('lib/models/b.tflite', files), sumOfText('lib/models/b.tflite'));
  for (const path of ['other.html', 'constructor', '__proto__', 'toString', 'main.js/'])
    assert.equal(sumOf(path, files), undefined, path);
});

test('parts of the code that carry a checksum in their name are known without the list', () => {
  for (const path of ['part-de-FMJ6CH6G.js', 'part-chunk-QUPLJUY7.js', 'lib/chunk-57YIAGGI.js'])
    assert.ok(isNamedByContent(path), path);
  for (const path of ['main.js', 'lib/index.js', 'lib/worker.js', 'part/a.js', 'notes/part-a-b.txt'])
    assert.ok(!isNamedByContent(path), path);
});

test('the files of a build of the module are kept together, others are left out', () => {
  assert.deepEqual(withTheirGroups(['main.js', 'lib/wasm/simd/a.wasm', 'unknown'], files), [
    'lib/wasm/simd/a.js',
    'lib/wasm/simd/a.wasm',
  ]);
});

test('what the page has loaded is told by its path in the folder', () => {
  const entries = [`${scope}lib/a.js`, 'https://somebody.example/else.js', `${scope}main.js`].map((name) => ({ name }));
  assert.deepEqual(pathsOf(entries, scope), ['lib/a.js', 'main.js']);
});

test('the files for everybody are kept at once, from the cache of the browser where it has them', async () => {
  const { shelf, asked } = makeShelf({ server });
  await shelf.keepCore();
  assert.deepEqual(asked.sort(), ['force-cache ', 'force-cache main.js', 'force-cache style.css']);
  assert.equal(await (await shelf.find('')).text(), 'page');
  assert.equal(await shelf.find('lib/models/b.tflite'), undefined);
});

test('copies that the page made come first, if they are of this version, and are then removed', async () => {
  const { shelf, cache, asked } = makeShelf({ server });
  await cache.put(`${scope}lib/models/b.tflite?early`, new Response('lib/models/b.tflite'));
  await cache.put(`${scope}lib/wasm/simd/a.js?early`, new Response('another version'));
  await cache.put(`${scope}unknown?early`, new Response('unknown'));
  assert.ok(await shelf.keepGroupsOf(['lib/models/b.tflite', 'lib/wasm/simd/a.js']));
  assert.deepEqual(asked.sort(), ['force-cache lib/wasm/simd/a.js', 'force-cache lib/wasm/simd/a.wasm']);
  assert.equal(await (await shelf.find('lib/models/b.tflite')).text(), 'lib/models/b.tflite');
  assert.equal(await (await shelf.find('lib/wasm/simd/a.js')).text(), 'lib/wasm/simd/a.js');
  const early = () => [...cache.entries.keys()].filter((url) => url.endsWith('?early'));
  assert.deepEqual(early(), [`${scope}unknown?early`]);
  await shelf.removeOthers();
  assert.deepEqual(early(), []);
  // A copy of a file that is kept is removed as well.
  await cache.put(`${scope}lib/models/b.tflite?early`, new Response('lib/models/b.tflite'));
  await shelf.keepGroupsOf(['lib/models/b.tflite']);
  assert.deepEqual(early(), []);
});

test('an old file in the cache of the browser is replaced by that of the server', async () => {
  const { shelf, asked } = makeShelf({ server, old: { 'main.js': 'an earlier version' } });
  await shelf.keepCore();
  assert.ok(asked.includes('reload main.js'));
  assert.equal(await (await shelf.find('main.js')).text(), 'main.js');
});

test('when the server has another version of a file, or none, nothing is mixed: keeping fails', async () => {
  for (const wrong of ['a newer version', undefined]) {
    const { shelf } = makeShelf({ server: { ...server, 'main.js': wrong } });
    await assert.rejects(shelf.keepCore(), /main\.js is not the file of this version of the page/);
    assert.equal(await shelf.find('main.js'), undefined);
  }
});

test('kept files are not fetched again, except for the page: its headers may have changed', async () => {
  const { shelf, asked } = makeShelf({ server });
  await shelf.keepCore();
  assert.ok(await shelf.keepGroupsOf(['lib/models/b.tflite']));
  asked.length = 0;
  await shelf.keepCore();
  assert.ok(await shelf.keepGroupsOf(['lib/models/b.tflite']));
  assert.deepEqual(asked, ['force-cache ']);
});

test('a group that is incomplete on the server is reported, and its other files are kept', async () => {
  const { shelf } = makeShelf({ server: { ...server, 'lib/wasm/simd/a.js': undefined } });
  assert.equal(await shelf.keepGroupsOf(['lib/wasm/simd/a.wasm']), false);
  assert.ok(await shelf.find('lib/wasm/simd/a.wasm'));
});

test('a kept response has the length of its decoded bytes and the headers of the server', async () => {
  const headers = { 'Content-Type': 'text/javascript', 'Content-Encoding': 'gzip', 'Content-Length': '3', Vary: '*' };
  const { shelf } = makeShelf({ server, headers });
  await shelf.keepCore();
  const kept = (await shelf.find('style.css')).headers;
  assert.equal(kept.get('content-length'), String('style.css'.length));
  assert.equal(kept.get('content-type'), 'text/javascript');
  assert.deepEqual([kept.get('content-encoding'), kept.get('vary')], [null, null]);
});

test('a new version takes over what did not change, and the files of the earlier one are removed when asked', async () => {
  const { shelf, cache, asked } = makeShelf({ server });
  await shelf.keepCore();
  const decision = new Isolation(scope, { open: async () => cache });
  await decision.decide(true);
  const list = { ...files, core: { ...files.core, 'main.js': sumOfText('new main') } };
  const next = makeShelf({ server: { ...server, 'main.js': 'new main' }, list });
  // Both versions share one cache.
  for (const [url, response] of cache.entries) next.cache.entries.set(url, response);
  asked.length = 0;
  await next.shelf.keepCore();
  assert.deepEqual(next.asked.sort(), ['force-cache ', 'force-cache main.js']);
  assert.equal(await (await next.shelf.findAny('style.css')).text(), 'style.css');
  const count = next.cache.entries.size;
  await next.shelf.removeOthers();
  assert.equal(next.cache.entries.size, count - 1);
  assert.equal(await (await next.shelf.findAny('main.js')).text(), 'new main');
  // The visitor's decision stays.
  assert.equal(await new Isolation(scope, { open: async () => next.cache }).isOn(), true);
});

test('the decision for isolation is kept, and can be taken back', async () => {
  const cache = new MemoryCache();
  const caches = { open: async () => cache };
  const isolation = new Isolation(scope, caches);
  assert.equal(await isolation.isOn(), false);
  await isolation.decide(true);
  assert.equal(await isolation.isOn(), true);
  assert.equal(await new Isolation(scope, caches).isOn(), true);
  assert.equal(await new Isolation('https://somebody.example/else/', caches).isOn(), false);
  await isolation.decide(false);
  assert.equal(await new Isolation(scope, caches).isOn(), false);
});

test('without space, the decision stays as it was', async () => {
  const cache = new MemoryCache();
  cache.put = async () => {
    throw new DOMException('made to fail', 'QuotaExceededError');
  };
  const isolation = new Isolation(scope, { open: async () => cache });
  await assert.rejects(isolation.decide(true), /made to fail/);
  assert.equal(await isolation.isOn(), false);
});

test('isolation adds its two headers and keeps everything else', async () => {
  const response = isolated(new Response('text', { status: 203, headers: { 'X-Other': 'stays' } }));
  assert.equal(response.headers.get('cross-origin-opener-policy'), 'same-origin');
  assert.equal(response.headers.get('cross-origin-embedder-policy'), 'require-corp');
  assert.deepEqual([response.status, response.headers.get('x-other')], [203, 'stays']);
  assert.equal(await response.text(), 'text');
  const empty = isolated(new Response(null, { status: 304 }));
  assert.equal(empty.status, 304);
  const failed = Response.error();
  assert.equal(isolated(failed), failed);
});

test('the switch shows what the page is, and a reload in vain is told once', () => {
  const state = (isIsolated, isAsked, isReload, canHelp) => stateAfterLoad({ isIsolated, isAsked, isReload, canHelp });
  // A host with the headers.
  for (const canHelp of [true, false]) assert.equal(state(true, false, false, canHelp), 'hidden');
  // A host without them: before the decision, after its reload, and in later visits.
  assert.equal(state(false, false, false, true), 'off');
  assert.equal(state(true, true, true, true), 'on');
  assert.equal(state(true, true, false, true), 'on');
  // The browser refuses. The decision is then taken back, so the next load is like the first.
  assert.equal(state(false, true, true, true), 'failed');
  assert.equal(state(false, false, false, true), 'off');
  // A load past the service worker.
  assert.equal(state(false, true, false, true), 'off');
  // After the visitor has switched it off.
  assert.equal(state(false, false, true, true), 'off');
  assert.equal(state(false, false, false, false), 'hidden');
});

test('threads help with several processors, in a window of its own, in a browser that has them', () => {
  const good = { hardwareConcurrency: 2, isFramed: false, threads: true };
  assert.equal(canHelp(good), true);
  assert.equal(canHelp({ ...good, hardwareConcurrency: 1 }), false);
  assert.equal(canHelp({ ...good, isFramed: true }), false);
  assert.equal(canHelp({ ...good, threads: false }), false);
});

test('a reload is noted for one load; where that is impossible, the page must not be reloaded', () => {
  const stored = new Map();
  const storage = () => ({
    setItem: (key, value) => stored.set(key, value),
    getItem: (key) => stored.get(key) ?? null,
    removeItem: (key) => stored.delete(key),
  });
  assert.equal(isNotedReload(storage), false);
  assert.equal(noteReload(storage), true);
  assert.equal(isNotedReload(storage), true);
  assert.equal(isNotedReload(storage), false);
  const refused = () => {
    throw new DOMException('made to fail', 'SecurityError');
  };
  assert.equal(noteReload(refused), false);
  assert.equal(isNotedReload(refused), false);
});
