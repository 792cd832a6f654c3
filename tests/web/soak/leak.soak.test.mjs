// Checks that memory does not grow over many frames and over many classifiers: the module's memory, the JavaScript heaps of the
// page and its workers, the memory of the browser's process, and the number of live classifiers and workers.

import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { root, scratchFolder } from '../support/data.mjs';
import { openBrowser, openPage, workersEnd } from '../support/open-page.mjs';
import { fullSoak } from '../support/soak.mjs';

/** Timeout of a test. In full, a test takes some minutes on an idle machine, and longer on a busy one. */
const timeout = 1_800_000;
/** Number of frames before the measurement. They let compilers and caches settle, and fill the history of undo(). */
const warmUpFrames = fullSoak ? 1000 : 300;
const frameCount = fullSoak ? 5000 : 1000;
const roundCount = fullSoak ? 500 : 100;
const kilobyte = 2 ** 10;
const megabyte = 2 ** 20;

/** Address of a tiny network. */
const ownModel = '/own-model/model.json';
const folders = { '/own-model/': path.join(root, 'tests/data/tfjs/functional') };

let browser;

before(async () => {
  // Without this option, a measurement waits up to 20 seconds for the next garbage collection.
  browser = await openBrowser({ args: ['--enable-blink-features=ForceEagerMeasureMemory'] });
});

after(() => browser.close());

/** Returns folders to serve in which the loader of the variant records every module that is started on the page. */
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
 * Returns the bytes of the JavaScript heaps of the page and its workers after garbage collections, without WebAssembly memories.
 * Each collection frees only some of the modules that are no longer used, up to two megabytes in all. The measurement is therefore
 * repeated until five results in a row are no lower than the lowest. Leaked memory is part of every result.
 */
const scriptBytes = (page) =>
  page.evaluate(async () => {
    let lowest = Infinity;
    for (let counts = 0, since = 0; since < 5 && counts < 200; ++counts, ++since) {
      const { bytes } = await performance.measureUserAgentSpecificMemory();
      if (bytes < lowest - 1024) since = 0;
      lowest = Math.min(lowest, bytes);
    }
    return lowest;
  });

/** Returns the bytes of physical memory that the page's process takes, or NaN where the system does not report them. */
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
  assert.ok(grown.script < script, `the JavaScript heaps grew by ${grown.script} bytes`);
  assert.ok(!(grown.process >= process), `the process grew by ${grown.process} bytes`);
}

const places = { "in the package's worker": true, 'on the main thread': false, "in the caller's worker": 'own' };

for (const [place, worker] of Object.entries(places)) {
  const options = { variant: 'simd', worker };

  // Frames take the same path in both kinds of workers, so one of them is enough.
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
      const warm = await page.evaluate((end) => look(0, end), warmUpFrames);
      const before = await measure(page);
      const done = await page.evaluate(([start, end]) => look(start, end), [warmUpFrames, frameCount]);
      assertFlat(t, before, await measure(page), { script: 128 * kilobyte, process: 64 * megabyte });
      t.diagnostic(
        `module ${warm.heapBytes} bytes, then ${done.heapBytes}; examples ${warm.exampleBytes}, then ${done.exampleBytes}`,
      );
      assert.equal(done.heapBytes, warm.heapBytes);
      // Ids are never reused, and removed examples take no memory.
      assert.ok(
        done.exampleBytes - warm.exampleBytes <= kilobyte,
        `the examples grew by ${done.exampleBytes - warm.exampleBytes} bytes`,
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
        /** Loads, uses and disposes one classifier. Returns the number of live classifiers of each module on the page. */
        const round = async () => {
          const classifier = await load(options);
          await classifier.addExample(picture, 'one');
          await classifier.predict(picture);
          classifier.dispose();
          await new Promise((resolve) => setTimeout(resolve)); // dispose() takes effect in a later task
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
    // The browser keeps some released memory. Its amount stops growing after some hundred rounds.
    const warmUpRounds = 250;
    // On the main thread, classifiers share one thread. Workers run side by side.
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
    await run(warmUpRounds);
    await workersEnd(page, workers);
    const before = await measure(page);
    const live = await run(roundCount);
    await workersEnd(page, workers);
    // A classifier that is never freed takes more than a kilobyte in each round.
    assertFlat(t, before, await measure(page), { script: 512 * kilobyte, process: 64 * megabyte });
    // A worker's classifiers end with it. In a worker that lives on, they would be part of the sums above.
    if (!worker) assert.deepEqual(live, Array(roundCount).fill(0));
  });
}

/** Fills the browser's record of fetched files. It is kept for the test driver in the page's process, up to a limit. */
const fillRecords = (page) =>
  page.evaluate(async () => {
    for (let i = 0; i < 700; ++i) await (await fetch('/wasm-itself/simd/teachable.wasm')).arrayBuffer();
  });
