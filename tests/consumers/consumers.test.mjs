// Tests the package as people use it: packed, installed into each project of web/examples, built by the project's own tool,
// served by a static host without special headers, and used in a browser or in Node.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { serve } from '../../web/dev/serve.mjs';
import { dataFolder, ffmpeg, hasData, needsData, root } from '../web/support/data.mjs';
import { openFirefox } from '../web/support/firefox.mjs';
import { openBrowser } from '../web/support/open-page.mjs';
import { packed } from '../web/support/packed.mjs';
import { install, npmRun, runNode, startDev } from './example.mjs';

const timeout = 900_000;
const vite = ['vite/bin/vite.js', ['--port', '0', '--host', 'localhost']];
/** Development servers that are used too, each as program and arguments. React mounts a component twice only there. */
const devServers = {
  vite,
  react: vite,
  sveltekit: vite,
  angular: ['@angular/cli/bin/ng.js', ['serve', '--port', '0']],
};
const browsers = {};
/** Answer of each example for the photo of a cat. */
const answers = {};
let scratch;
let tarball;
let photos;

before(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'teachable-consumers-'));
  const { tarball: bytes, remove } = packed();
  remove();
  tarball = path.join(scratch, 'teachable-wasm.tgz');
  await writeFile(tarball, bytes);
  photos = hasData ? realPhotos() : drawnPhotos();
  browsers.Chromium = await openBrowser();
  browsers.Firefox = await openFirefox();
});

after(async () => {
  await browsers.Chromium?.close();
  await browsers.Firefox?.close();
  await rm(scratch, { recursive: true });
});

/** Returns the photos of the data folder. `known` shows an Egyptian cat. Of the others, two are taught and two are predicted. */
function realPhotos() {
  const file = (name) => path.join(dataFolder, name);
  return {
    known: file('images/cat.bmp'),
    cat: ['train', 'test'].map((part) => file(`imprinting/cat_${part}_0.bmp`)),
    dog: ['train', 'test'].map((part) => file(`imprinting/dog_${part}_0.bmp`)),
  };
}

function drawnPhotos() {
  const draw = (source) => {
    const file = path.join(scratch, `${source}.png`);
    ffmpeg('-f', 'lavfi', '-i', `${source}=size=320x240`, '-frames:v', '1', file);
    return file;
  };
  const [bars, fractal] = ['smptebars', 'mandelbrot'].map((source) => draw(source));
  return { known: bars, cat: [bars, bars], dog: [fractal, fractal] };
}

/** Addresses that were requested from each host(), by its own address. */
const served = new Map();

/**
 * Opens an address in a new context that ends with the test. Records each request of the page and of its workers. Firefox does not
 * report them, so there they are those of the host.
 */
async function visit(t, browser, address) {
  const context = await browsers[browser].newContext();
  const page = await context.newPage();
  const requests = browser === 'Firefox' ? served.get(address) : [];
  const errors = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(String(error)));
  t.after(() => context.close());
  await page.goto(address);
  return { page, requests, errors };
}

/** Returns the page's answer as soon as it is no longer busy. */
function answerOf(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const answer = document.getElementById('answer');
        const look = () => /^(Loading|Looking|)$/.test(answer.textContent) || resolve(answer.textContent);
        new MutationObserver(look).observe(answer, { childList: true, characterData: true, subtree: true });
        look();
      }),
  );
}

/** Returns the answer to an action. The page may still show the answer before it when the action has ended. */
async function answerTo(page, action) {
  await page.evaluate(() => {
    const answer = document.getElementById('answer');
    const before = answer.textContent;
    let wasBusy = false;
    globalThis.nextAnswer = new Promise((resolve) => {
      const look = () => {
        const text = answer.textContent;
        if (/^(Loading|Looking|)$/.test(text)) wasBusy = true;
        else if (wasBusy || text !== before) resolve(text);
      };
      new MutationObserver(look).observe(answer, { childList: true, characterData: true, subtree: true });
    });
  });
  await action();
  return page.evaluate(() => globalThis.nextAnswer);
}

const show = (page, photo) => answerTo(page, () => page.setInputFiles('#file', photo));

async function teach(page, photo, label) {
  await show(page, photo);
  await page.fill('#label', label);
  return answerTo(page, () => page.click('#teach'));
}

/** Classifies and teaches pictures in the page, as a user would. Returns the requests. */
async function use(t, name, browser, address) {
  const { page, requests, errors } = await visit(t, browser, address);
  assert.equal(await answerOf(page), 'Ready', errors.join());
  const answer = await show(page, photos.known);
  assert.match(answer, /^I see: /);
  answers[`${name}, ${browser}`] = answer;
  await teach(page, photos.cat[0], 'purring');
  await teach(page, photos.dog[0], 'barking');
  assert.match(await show(page, photos.cat[1]), /I was taught: purring\./);
  assert.match(await show(page, photos.dog[1]), /I was taught: barking\./);
  assert.deepEqual(errors, []);
  assert.deepEqual(
    requests.filter((url) => new URL(url).origin !== new URL(address).origin && !/^(blob|data):/.test(url)),
    [],
  );
  return requests;
}

/** Returns the variant whose module was requested, identified by its bytes. The only other module must be the picture decoder. */
async function variantOf(requests) {
  const folder = path.join(root, 'web/dist/wasm');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.wasm'));
  const sum = (bytes) => createHash('sha256').update(bytes).digest('hex');
  const known = new Map(
    await Promise.all(names.map(async (name) => [sum(await readFile(path.join(folder, name))), name])),
  );
  const modules = [...new Set(requests.filter((url) => url.split('?')[0].endsWith('.wasm')))];
  const fetched = await Promise.all(
    modules.map(async (url) => known.get(sum(new Uint8Array(await (await fetch(url)).arrayBuffer()))) ?? url),
  );
  const [decoder, module, ...others] = fetched.sort();
  assert.deepEqual([decoder, others], ['image/decoder.wasm', []], `modules requested: ${modules.join(', ') || 'none'}`);
  return path.dirname(module);
}

/** Serves one folder as a static host. With `isolated`, it sends the two headers that threads need. */
async function host(t, folder, isolated = false) {
  const requests = [];
  const before = ({ url }) => {
    requests.push(new URL(url, server.url).href);
    return false;
  };
  const server = await serve({ port: 0, isolated, csp: null, site: false, folders: { '/': folder }, before });
  served.set(server.url, requests);
  t.after(() => server.close());
  return server.url;
}

async function useHosted(t, name, folder, { firefox = false } = {}) {
  const address = await host(t, folder);
  for (const browser of firefox ? ['Chromium', 'Firefox'] : ['Chromium']) {
    assert.equal(await variantOf(await use(t, name, browser, address)), 'relaxed', browser);
  }
  // With threads too, because they start from files that a bundler may have renamed.
  const isolated = await host(t, folder, true);
  assert.equal(await variantOf(await use(t, `${name}, isolated`, 'Chromium', isolated)), 'relaxed-threads');
}

for (const [name, options] of Object.entries({
  vite: { firefox: true },
  webpack: {},
  esbuild: {},
  rollup: {},
  parcel: {},
  next: {},
  vue: {},
  react: {},
  svelte: {},
  sveltekit: {},
  angular: {},
})) {
  test(`${name}: the built example works`, { timeout }, async (t) => {
    const project = await install(t, name, tarball);
    if (!project) return;
    await npmRun(project, 'build');
    await useHosted(t, name, path.join(project, 'dist'), options);
    const server = devServers[name];
    if (server) await use(t, `${name}, dev server`, 'Chromium', await startDev(t, project, ...server));
  });
}

// The oldest version that works. It moves the package's script into a cache.
test('vite 5: the development server needs no settings', { timeout }, async (t) => {
  const project = await install(t, 'vite', tarball, { vite: '5.4.21' });
  if (project) await use(t, 'vite 5, dev server', 'Chromium', await startDev(t, project, ...devServers.vite));
});

for (const [name, scripts] of Object.entries({ vitest: ['test'], jest: ['test', 'test:modules'] })) {
  test(`${name}: the tests of the example pass`, { timeout }, async (t) => {
    const project = await install(t, name, tarball);
    if (!project) return;
    for (const script of scripts) await npmRun(project, script);
  });
}

test('tfjs: the built page with changed imports works with the webcam', { timeout }, async (t) => {
  const project = await install(t, 'tfjs', tarball);
  if (!project) return;
  await npmRun(project, 'build');
  const address = await host(t, path.join(project, 'dist'));
  const { page, requests, errors } = await visit(t, 'Chromium', address);
  assert.match(await answerOf(page), /^Show it/, errors.join());
  await page.locator('button[value=B]').click();
  await page.waitForFunction(() => document.getElementById('answer').textContent === 'B: 100 %');
  assert.deepEqual(errors, []);
  assert.deepEqual(
    requests.filter((url) => new URL(url).origin !== new URL(address).origin && !/^(blob|data):/.test(url)),
    [],
  );
  assert.equal(requests.filter((url) => url.endsWith('.wasm')).length, 1, requests.join());
});

for (const [name, options] of Object.entries({ plain: { firefox: true }, iife: {} })) {
  test(`${name}: the example works without a build`, { timeout }, async (t) => {
    const project = await install(t, name, tarball);
    if (project) await useHosted(t, name, project, options);
  });
}

for (const name of ['node-esm', 'node-cjs']) {
  test(`${name}: the example runs in Node`, { timeout }, async (t) => {
    const project = await install(t, name, tarball);
    if (!project) return;
    const files = [photos.cat[0], photos.dog[0]];
    const { classes } = await runNode(project, [...files, photos.known]);
    answers[name] = `I see: ${classes[0]?.className}`;
    assert.equal((await runNode(project, [...files, photos.cat[1]])).label, 'first');
    assert.equal((await runNode(project, [...files, photos.dog[1]])).label, 'second');
  });
}

test('each example recognized the cat', needsData, () => {
  assert.ok(Object.keys(answers).length > 0);
  for (const [name, answer] of Object.entries(answers)) assert.match(answer, /^I see: Egyptian cat/, name);
});
