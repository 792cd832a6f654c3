// The development server.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { serve } from '../../../web/dev/serve.mjs';

let folder;
let server;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'teachable-serve-'));
  await mkdir(path.join(folder, 'site/sub'), { recursive: true });
  await writeFile(path.join(folder, 'site/index.html'), '<!doctype html>hi');
  await writeFile(path.join(folder, 'site/a.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d));
  await writeFile(path.join(folder, 'site/a b.js'), '1');
  await writeFile(path.join(folder, 'secret.txt'), 'secret');
  await symlink(path.join(folder, 'secret.txt'), path.join(folder, 'site/link.txt'));
  server = await serve({ port: 0, folders: { '/t/': path.join(folder, 'site') } });
});

after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Requests a path exactly as given. fetch() would normalize it first. */
function raw(target, method = 'GET') {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path: target, method }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

test('files are served with their type and length', async () => {
  const wasm = await fetch(`${server.url}t/a.wasm`);
  assert.equal(wasm.headers.get('content-type'), 'application/wasm');
  assert.equal(wasm.headers.get('content-length'), '4');
  assert.equal((await wasm.arrayBuffer()).byteLength, 4);
  assert.match((await fetch(`${server.url}t/a%20b.js`)).headers.get('content-type'), /^text\/javascript/);
  assert.equal(await (await fetch(`${server.url}t/`)).text(), '<!doctype html>hi');
});

test('all responses, errors included, isolate the page and carry the content security policy', async () => {
  for (const address of ['t/', 't/missing']) {
    const { headers } = await fetch(server.url + address);
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.equal(headers.get('cross-origin-embedder-policy'), 'require-corp');
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
    assert.match(headers.get('content-security-policy'), /script-src 'self' 'wasm-unsafe-eval'/);
  }
});

test('isolation and content security policy can be switched off', async () => {
  const plain = await serve({ port: 0, isolated: false, csp: null, folders: { '/t/': path.join(folder, 'site') } });
  const { headers } = await fetch(`${plain.url}t/`);
  await plain.close();
  assert.equal(headers.get('cross-origin-opener-policy'), null);
  assert.equal(headers.get('cross-origin-embedder-policy'), null);
  assert.equal(headers.get('content-security-policy'), null);
});

test('nothing outside the folder is served', async () => {
  const tries = [
    '/t/../secret.txt',
    '/t/%2e%2e/secret.txt',
    '/t/..%2fsecret.txt',
    '/t/..%5csecret.txt',
    '/t/sub/../../secret.txt',
    '/t/link.txt',
    '/t/%00',
    '/t/%ff',
    '//t/../secret.txt',
  ];
  for (const target of tries) assert.equal(await raw(target), 404, target);
});

test('folders without an index and unknown methods are rejected', async () => {
  assert.equal(await raw('/t/sub'), 404);
  assert.equal(await raw('/t/sub/'), 404);
  assert.equal(await raw('/t/', 'POST'), 405);
  assert.equal(await raw('/t/', 'HEAD'), 200);
});

test('when a port is in use, the next one is taken', async () => {
  const taken = Number(new URL(server.url).port);
  const next = await serve({ port: taken });
  assert.notEqual(new URL(next.url).port, String(taken));
  await next.close();
});
