// Memory stays flat, over many frames and over many classifiers: what the module allocates, what JavaScript holds on the page and
// in its workers, what the browser's process takes, and how many classifiers and workers live.

import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fetchModel } from '../../models/fetch.mjs';
import { hasData, root, scratchFolder } from './data.mjs';
import { openBrowser, openPage } from './open-page.mjs';

/** For a machine that does other things too: on an idle one, the whole takes some minutes. */
const timeout = 1_800_000;
const frameCount = 5000;
const roundCount = 500;
const kilobyte = 2 ** 10;
const megabyte = 2 ** 20;

/** A network of our own, and the smallest of the catalogue where that is at hand. */
const ownModel = '/own-model/model.json';
const _realModel = hasData ? { ...(await fetchModel('mobilenet-v1-0.25-128-uint8')), baseUrl: '/models/' } : ownModel;
const folders = { '/own-model/': path.join(root, 'tests/data/tfjs/functional') };

let browser;

before(async () => {
  // Else a measurement waits up to 20 seconds for the garbage collector to come by itself.
  browser = await openBrowser({ args: ['--enable-blink-features=ForceEagerMeasureMemory'] });
});

after(() => browser.close());

/** Folders to serve, in which the variant's glue keeps the modules that are started on the page. */
async function countModules(t) {
  const folder = await scratchFolder(t);
  const wasm = path.join(root, 'web/dist/wasm');
  await cp(path.join(wasm, 'simd/teachable.wasm'), path.join(folder, 'teachable.wasm'));
  await writeFile(
    path.join(folder, 'teachable.js'),
    `import create from '/wasm-itself/simd/teachable.js';
    export default async (options) => {
      const module = await create(options);
      globalThis.startedModules?.push(module);
      return module;
    };`,
  );
  return { '/lib/wasm/simd/': folder, '/wasm-itself/': wasm };
}

/**
 * JavaScript's bytes on the page and in its workers, after garbage collections; WebAssembly memories aren't part of it. Of modules that were let go each
 * collection frees some only, two megabytes of them in all, so it is counted until no count is less than the five before. What leaks is in all of them.
 */
const scriptBytes = (page) =>
  page.evaluate(async () => {
    let least = Infinity;
    for (let counts = 0, since = 0; since < 5 && counts < 200; ++counts, ++since) {
      const { bytes } = await performance.measureUserAgentSpecificMemory();
      if (bytes < least - 1024) since = 0;
      least = Math.min(least, bytes);
    }
    return least;
  });

/** Bytes of real memory that the process of the page takes; NaN where the system doesn't tell. */
async function processBytes() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => readFile(`/proc/${id}/status`, 'utf8').catch(() => ''));
  return (await Promise.all(sizes)).reduce(
    (sum, text) => sum + Number(/^RssAnon:\s*(\d+) kB/m.exec(text)?.[1] ?? NaN) * kilobyte,
    0,
  );
}

async function measure(page) {
  return { script: await scriptBytes(page), process: await processBytes() };
}

function assertFlat(t, before, after, { script, process }) {
  const grown = { script: after.script - before.script, process: after.process - before.process };
  t.diagnostic(
    `JavaScript ${before.script} + ${grown.script} bytes, process ${before.process} + ${grown.process} bytes`,
  );
  assert.ok(grown.script < script, `JavaScript holds ${grown.script} bytes more`);
  assert.ok(!(grown.process >= process), `the process takes ${grown.process} bytes more`);
}

const places = { 'in a worker': true, 'on the page': false, "in a worker of the page's": 'own' };

for (const [place, worker] of Object.entries(places)) {
  const options = { variant: 'simd', worker };

  // Where a frame goes through one and the same code, two places are enough.
  if (worker !== 'own')
    test(`${frameCount} frames ${place}`, { timeout }, async (t) => {
      const { page } = await openPage(t, browser, { path: 'pages/blank.html', serving: { folders } });
      await page.evaluate(async (options) => {
        const { load } = await import('/lib/index.js');
        globalThis.classifier = await load(options);
        globalThis.canvas = new OffscreenCanvas(160, 120);
        globalThis.look = async (from, to) => {
          const context = canvas.getContext('2d', { willReadFrequently: true });
          for (let frame = from; frame < to; ++frame) {
            context.fillStyle = `hsl(${frame} 80% 50%)`;
            context.fillRect(frame % 150, 0, 10, 120);
            const image =
              frame % 3 === 0
                ? context.getImageData(0, 0, 160, 120)
                : frame % 3 === 1
                  ? new VideoFrame(canvas, { timestamp: 0 })
                  : canvas;
            const { exampleId } = await classifier.observe(image, {
              label: frame % 2 ? 'odd' : 'even',
              topk: 0,
              embedding: true,
            });
            if (frame % 3 === 1) image.close();
            if (frame >= 20) await classifier.removeExample(exampleId);
          }
          return classifier.info();
        };
      }, options);
      // The first thousand: compilers at work, caches, and the 100 changes that undo() remembers.
      const warm = await page.evaluate(() => look(0, 1000));
      const before = await measure(page);
      const done = await page.evaluate((end) => look(1000, end), frameCount);
      assertFlat(t, before, await measure(page), { script: 128 * kilobyte, process: 64 * megabyte });
      t.diagnostic(
        `module ${warm.heapBytes} bytes, then ${done.heapBytes}; examples ${warm.exampleBytes}, then ${done.exampleBytes}`,
      );
      assert.equal(done.heapBytes, warm.heapBytes);
      // No id is given twice, and those that are gone take nothing.
      assert.ok(
        done.exampleBytes - warm.exampleBytes <= kilobyte,
        `the examples take ${done.exampleBytes - warm.exampleBytes} bytes more`,
      );
      await page.evaluate(() => classifier.dispose());
    });

  test(`${roundCount} classifiers ${place}`, { timeout }, async (t) => {
    const { page } = await openPage(t, browser, {
      path: 'pages/blank.html',
      serving: { folders: { ...folders, ...(await countModules(t)) } },
    });
    await page.evaluate(
      async (options) => {
        const { load } = await import('/lib/index.js');
        if (options.worker === 'own') options.worker = new Worker('/pages/own-worker.js', { type: 'module' });
        globalThis.startedModules = [];
        const picture = new ImageData(32, 32);
        /** The classifiers that live in modules of the page after dispose(). */
        const round = async () => {
          const classifier = await load(options);
          await classifier.addExample(picture, 'one');
          await classifier.predict(picture);
          classifier.dispose();
          await new Promise((resolve) => setTimeout(resolve)); // what dispose() asks for is done in another task
          return startedModules.splice(0).map((module) => module.liveClassifierCount());
        };
        globalThis.rounds = async (count) => {
          const live = [];
          for (let i = 0; i < count; ++i) live.push(...(await round()));
          return live;
        };
      },
      { ...options, model: ownModel },
    );
    // Memories that were let go are kept for a while, up to a sum that some hundred rounds reach.
    const some = 250;
    // A page has one thread, workers have the processors of the machine.
    const lanes = worker === true ? 2 : 1;
    const run = async (count) =>
      (
        await page.evaluate(
          ({ count, lanes }) => Promise.all(Array.from({ length: lanes }, () => rounds(count / lanes))),
          { count, lanes },
        )
      ).flat();
    const workers = worker === 'own' ? 1 : 0;
    await fillRecords(page);
    await run(some);
    await workersEnd(page, workers);
    const before = await measure(page);
    const live = await run(roundCount);
    await workersEnd(page, workers);
    // A classifier that is kept alive is more than a kilobyte a round.
    assertFlat(t, before, await measure(page), { script: 512 * kilobyte, process: 64 * megabyte });
    // A worker's are gone with it; those of a worker that goes on would be in the sums above, as would their memories.
    if (!worker) assert.deepEqual(live, Array(roundCount).fill(0));
  });
}

/** What drives the browser has it record all that a page fetches, up to a sum, in the page's process: is reached here, so that it grows no more. */
const fillRecords = (page) =>
  page.evaluate(async () => {
    for (let i = 0; i < 700; ++i) await (await fetch('/wasm-itself/simd/teachable.wasm')).arrayBuffer();
  });

/** Resolves when the page has so many workers only; the test's timeout ends a wait in vain. */
async function workersEnd(page, count) {
  while (page.workers().length > count)
    await Promise.race(page.workers().map((worker) => new Promise((resolve) => worker.once('close', resolve))));
  assert.equal(page.workers().length, count);
}
