// The places where the network can run besides the package's own worker: the main thread, a worker of the caller, from a
// script tag, and from another origin.

import assert from 'node:assert/strict';
import { serve } from '../../../web/dev/serve.mjs';
import { openEngines } from '../support/engines.mjs';
import { openPage, workersEnd } from '../support/open-page.mjs';

const { everyEngine } = openEngines();

const blank = 'pages/blank.html';

/** Runs in the page. use() loads a classifier, teaches two classes, predicts and disposes. */
const helpers = `
  globalThis.pictureOf = (step) => {
    const data = new Uint8Array(96 * 96 * 4).map((_, i) => (i % 4 === 3 ? 255 : ((i >> 2) * step) & 255));
    return { data, width: 96, height: 96 };
  };
  globalThis.use = async (load, options) => {
    const classifier = await load(options);
    await classifier.addExample(pictureOf(1), 'slow');
    await classifier.addExample(pictureOf(37), 'fast');
    const { label } = await classifier.predict(pictureOf(37), { k: 1 });
    const info = await classifier.info();
    classifier.dispose();
    const after = await classifier.info().catch(({ code }) => code);
    return { label, info, after };
  };
`;

async function inPage(t, browser, run, argument, options = {}) {
  const opened = await openPage(t, browser, { path: blank, ...options });
  await opened.page.evaluate(helpers);
  return { ...opened, result: await opened.page.evaluate(run, argument) };
}

const useHere = async (options) => {
  const { load } = await import('/lib/index.js');
  return use(load, options);
};

function checkWork({ label, info, after }, { worker }) {
  assert.equal(label, 'fast');
  assert.equal(after, 'disposed');
  assert.equal(info.worker, worker, info.reason);
}

everyEngine(
  'on the main thread: no threads, unless a threaded variant is named',
  { timeout: 60_000 },
  async (t, browser) => {
    const { result, page, requests } = await inPage(t, browser, useHere, { worker: false });
    checkWork(result, { worker: false });
    assert.equal(result.info.threads, 1);
    assert.match(result.info.reason, /must not block/);
    await workersEnd(page);
    assert.ok(!requests.includes('/lib/worker.js'));
    const threaded = await page.evaluate(useHere, { worker: false, variant: 'simd-threads', threads: 2 });
    checkWork(threaded, { worker: false });
    assert.equal(threaded.info.threads, 2);
    // Threads end with their classifier, also when a load fails after they have started.
    await workersEnd(page);
    const failed = await page.evaluate(async () => {
      const { load } = await import('/lib/index.js');
      const model = { bytes: new TextEncoder().encode('no model at all') };
      return load({ worker: false, variant: 'simd-threads', threads: 2, model }).catch(({ code }) => code);
    });
    assert.equal(failed, 'bad-model');
    await workersEnd(page);
  },
);

everyEngine(
  'where no worker may start: in the calling thread, and info() says so',
  { timeout: 60_000 },
  async (t, browser) => {
    const csp = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'";
    const { result, page, troubles } = await inPage(t, browser, useHere, {}, { serving: { csp }, tolerant: true });
    checkWork(result, { worker: false });
    assert.match(result.info.reason, /calling thread: The worker .*worker\.js did not start/);
    assert.equal(troubles.filter((trouble) => !/worker-src/.test(trouble)).length, 0, troubles.join('\n'));
    const asked = await page.evaluate(async () => {
      const { load } = await import('/lib/index.js');
      return load({ worker: true }).catch(({ code, message }) => `${code}: ${message}`);
    });
    assert.match(asked, /^load-failed: The worker .* did not start/);
  },
);

everyEngine(
  'in a worker of the caller, which does other work as well',
  { timeout: 60_000 },
  async (t, browser, engine) => {
    // WebKit has no relaxed SIMD.
    const variants = ['simd', engine === 'WebKit' ? 'simd-threads' : 'relaxed'];
    const work = async (variants) => {
      const { load } = await import('/lib/index.js');
      const worker = new Worker('/pages/own-worker.js', { type: 'module' });
      const answers = new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data)));
      const both = await Promise.all(variants.map((variant) => use(load, { worker, variant })));
      worker.postMessage({ picture: pictureOf(3), options: {} });
      const inside = await answers;
      const again = await use(load, { worker });
      worker.terminate();
      return { both, inside, again };
    };
    const { result } = await inPage(t, browser, work, variants);
    for (const [index, each] of result.both.entries()) {
      checkWork(each, { worker: true });
      assert.equal(each.info.variant, variants[index]);
    }
    checkWork(result.again, { worker: true });
    assert.ok(result.inside.length > 0);
    assert.equal(result.inside.worker, false);
    assert.ok(result.inside.threads > 1, 'a worker may block, so it can use threads');
  },
);

everyEngine(
  'other errors in a worker of the caller end neither a classifier nor a start of threads, and are not hidden',
  {
    timeout: 60_000,
  },
  async (t, browser) => {
    const { result } = await inPage(
      t,
      browser,
      async () => {
        const { load } = await import('/lib/index.js');
        const worker = new Worker('/pages/own-worker.js', { type: 'module' });
        let failures = 0;
        worker.addEventListener('error', () => failures++);
        const failed = () => new Promise((resolve) => worker.addEventListener('error', resolve, { once: true }));
        // Errors occur while the module starts, and while the worker's own classifier starts its threads.
        const opening = load({ worker, onProgress: () => worker.postMessage({ fail: 1 }) });
        worker.postMessage({ fail: 20 });
        const classifier = await opening;
        const before = failures;
        const answer = new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data)));
        worker.postMessage({ picture: pictureOf(3), options: {}, fail: 200 });
        const inside = await answer;
        const during = failures - before;
        worker.postMessage({ fail: 1 });
        await failed();
        const { length } = await classifier.embed(pictureOf(3));
        const { threads, reason } = await classifier.info();
        classifier.dispose();
        worker.terminate();
        return { before, during, inside, length, threads, reason };
      },
      undefined,
      { tolerant: true },
    );
    assert.ok(result.before > 0 && result.during > 0, `${result.before} and ${result.during} errors were reported`);
    assert.ok(result.inside.threads > 1, JSON.stringify(result.inside));
    assert.ok(result.threads > 1, result.reason);
    assert.ok(result.length > 0);
  },
);

everyEngine('a script tag defines the global `teachable`', { timeout: 60_000 }, async (t, browser) => {
  const { page } = await openPage(t, browser, { path: 'pages/script.html' });
  await page.evaluate(helpers);
  for (const worker of [true, false])
    checkWork(await page.evaluate((options) => use(teachable.load, options), { worker }), { worker });
});

/** Starts a server of another origin, like a CDN. */
async function serveElsewhere(t) {
  const server = await serve({
    port: 0,
    isolated: false,
    csp: null,
    before(_request, response) {
      response.setHeader('Access-Control-Allow-Origin', '*');
      return false;
    },
  });
  t.after(() => server.close());
  return server.url;
}

const useFrom = async ({ url, options }) => {
  const script = Object.assign(document.createElement('script'), { src: '/pages/import-from.js' });
  await new Promise((resolve, reject) => {
    Object.assign(script, { onload: resolve, onerror: reject });
    document.head.append(script);
  });
  const { load } = await importFrom(`${url}lib/index.js`);
  return use(load, options);
};

for (const isolated of [true, false]) {
  everyEngine(
    `from another origin, ${isolated ? '' : 'not '}isolated: a worker imports the script`,
    {
      timeout: 60_000,
    },
    async (t, browser) => {
      const url = await serveElsewhere(t);
      const { result } = await inPage(t, browser, useFrom, { url }, { serving: { csp: null, isolated } });
      checkWork(result, { worker: true });
      assert.equal(result.info.threads > 1, isolated, result.info.reason);
    },
  );
}

everyEngine(
  'from another origin, where the content security policy forbids such a worker: in the calling thread',
  {
    timeout: 60_000,
  },
  async (t, browser) => {
    const url = await serveElsewhere(t);
    const csp = `default-src 'self' ${url}; script-src 'self' ${url} 'wasm-unsafe-eval'; worker-src 'self'`;
    const { result, troubles } = await inPage(t, browser, useFrom, { url }, { serving: { csp }, tolerant: true });
    checkWork(result, { worker: false });
    assert.equal(troubles.filter((trouble) => !/worker-src/.test(trouble)).length, 0, troubles.join('\n'));
  },
);

everyEngine(
  'aborting a load in the calling thread rejects with the code aborted',
  { timeout: 60_000 },
  async (t, browser) => {
    const { result } = await inPage(t, browser, async () => {
      const { load } = await import('/lib/index.js');
      const abort = new AbortController();
      const loading = load({ worker: false, signal: abort.signal, onProgress: () => abort.abort() });
      return loading.then(
        () => 'loaded',
        ({ code }) => code,
      );
    });
    assert.equal(result, 'aborted');
  },
);
