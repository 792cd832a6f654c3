// Faults in a real browser: workers that somebody ends, networks that fail, files that change, and features that are missing.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { root, scratchFolder } from '../support/data.mjs';
import { toBmp } from '../support/draw.mjs';
import { openBrowser, openPage, workersEnd } from '../support/open-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** An address without scripts of its own. */
const blank = { path: 'models/default.json' };

/** Runs in the page. `started` are the workers that the package started. */
const helpers = `
  const Usual = globalThis.Worker;
  globalThis.started = [];
  globalThis.Worker = class extends Usual {
    constructor(...args) {
      super(...args);
      started.push(this);
    }
  };
  // A browser that ends a worker reports an error.
  globalThis.kill = (worker) => {
    worker.terminate();
    worker.dispatchEvent(new ErrorEvent('error', { message: 'killed' }));
  };
  globalThis.picture = () => ({ data: new Uint8Array(64 * 64 * 4).map((_, at) => at * 7), width: 64, height: 64 });
  globalThis.failure = (promise) => promise.then(() => 'no error', ({ name, code, message }) => ({ name, code, message }));
  globalThis.open = async (options) => {
    const { load } = await import('/lib/index.js');
    return load({ variant: 'simd', ...options });
  };
`;

async function prepare(t, options) {
  const opened = await openPage(t, browser, { ...blank, ...options });
  await opened.page.evaluate(helpers);
  return opened;
}

test('a worker that is ended at any step of any call ends this call and later ones, and a new classifier works', {
  timeout: 240_000,
}, async (t) => {
  const { page } = await prepare(t);
  const seen = await page.evaluate(async () => {
    const calls = {
      // A network without classes answers with an error, which is an answer too.
      classify: (c) =>
        c.classify(picture()).catch((error) => (error.code === 'bad-argument' ? [] : Promise.reject(error))),
      embed: (c) => c.embed(picture()),
      addExample: (c) => c.addExample(picture(), 'a'),
      predict: (c) => c.predict(picture()),
      observe: (c) => c.observe(picture(), { label: 'a' }),
      review: (c) => c.review(),
      saveDataset: (c) => c.saveDataset(),
      loadDataset: (c, file) => c.loadDataset(file),
      exportJson: (c) => c.exportJson(),
      importJson: (c, _file, json) => c.importJson(json),
      counts: (c) => c.counts(),
      'picture file': (c) => c.embed(new Blob([new Uint8Array(100)])),
    };
    const taught = await open();
    for (const label of ['a', 'b', 'a', 'b']) await taught.addExample(picture(), label);
    const [file, json] = [await taught.saveDataset(), await taught.exportJson()];
    taught.dispose();
    const results = [];
    for (const [name, call] of Object.entries(calls)) {
      for (let step = 0; step < 3; step++) {
        const classifier = await open();
        const worker = started.at(-1);
        await classifier.loadDataset(file);
        let answers = 0;
        const ended = new Promise((resolve) => {
          const end = () => (kill(worker), resolve());
          if (step === 0) queueMicrotask(end);
          else worker.addEventListener('message', () => ++answers === step && end());
        });
        // A call may need fewer answers than \`step\`. The worker is then ended after the call.
        const first = await failure(call(classifier, file, json).finally(() => step > 0 && kill(worker)));
        await Promise.race([ended, Promise.resolve()]);
        const later = await failure(classifier.counts());
        classifier.dispose();
        results.push({ name, step, first, later });
      }
    }
    const again = await open();
    const works = (await again.embed(picture())).length;
    again.dispose();
    return { results, works };
  });
  for (const { name, step, first, later } of seen.results) {
    const where = `${name}, step ${step}: ${JSON.stringify(first)}`;
    // A call whose answer was there already is not lost.
    if (first !== 'no error') assert.ok(['worker-lost', 'bad-image'].includes(first.code), where);
    else assert.notEqual(step, 0, where);
    assert.equal(later.code, 'worker-lost', where);
  }
  assert.ok(seen.works > 0);
});

test('a worker that is ended at any step of a load ends the load', { timeout: 120_000 }, async (t) => {
  const { page } = await prepare(t);
  const results = await page.evaluate(async () => {
    const results = [];
    for (let step = 0; step < 40; step++) {
      const count = started.length;
      let reports = 0;
      const killIt = () => started[count] && kill(started[count]);
      const loading = open({ onProgress: () => ++reports === step && killIt() });
      if (step === 0) {
        while (started.length === count) await new Promise((resolve) => setTimeout(resolve));
        killIt();
      }
      const classifier = await loading.catch((error) => error);
      if (classifier instanceof Error) results.push(classifier.code);
      else {
        // The load had ended before this report, or went on in the page's own thread.
        results.push((await classifier.info()).worker ? 'loaded' : 'inline');
        classifier.dispose();
        if (reports < step) break;
      }
    }
    return results;
  });
  t.diagnostic(results.join(' '));
  for (const result of results) assert.ok(['worker-lost', 'load-failed', 'inline', 'loaded'].includes(result), result);
  assert.ok(results.filter((result) => result !== 'loaded').length > 1);
});

const dist = path.join(root, 'web/dist');
const model = `models/${readdirSync(new URL('../../../web/dist/models/', import.meta.url)).find((name) => name.endsWith('.tflite'))}`;

/** Faults of a file on its way: functions that answer a request instead of the server. */
const faults = {
  missing: (response) => response.writeHead(404).end('no'),
  html: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sign in'),
  cut(response, bytes, type) {
    response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  },
  'wrong sum'(response, bytes, type) {
    // One bit of the last byte: a module that still compiles, and weights that still compute.
    bytes[bytes.length - 1] ^= 1;
    response.writeHead(200, { 'content-type': type }).end(bytes);
  },
  short: (response, bytes, type) => response.writeHead(200, { 'content-type': type }).end(bytes.subarray(0, -1)),
  long: (response, bytes, type) =>
    response.writeHead(200, { 'content-type': type }).end(Buffer.concat([bytes, Buffer.alloc(9)])),
  slow(response, bytes, type) {
    response.writeHead(200, { 'content-type': type, 'content-length': bytes.length });
    let at = 0;
    const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 1000);
    response.on('close', () => clearInterval(timer));
  },
};

test('files that the network spoils are load-failed and named, and the next load works', {
  timeout: 240_000,
}, async (t) => {
  const files = { 'wasm/simd/teachable.wasm': 'application/wasm', [model]: 'application/octet-stream' };
  let spoiled;
  const { page } = await prepare(t, {
    serving: {
      before(request, response) {
        if (!spoiled || !request.url.endsWith(spoiled.name)) return false;
        // The test may be at the next fault when the file has been read.
        const { name, fault } = spoiled;
        void readFile(path.join(dist, name)).then((bytes) => fault(response, bytes, files[name]));
        return true;
      },
    },
    context: { serviceWorkers: 'block' },
  });
  for (const name of Object.keys(files)) {
    for (const [kind, fault] of Object.entries(faults)) {
      spoiled = { name, fault };
      const error = await page.evaluate(
        (timeoutMs) => failure(open({ timeoutMs })),
        kind === 'slow' ? 1500 : undefined,
      );
      const where = `${kind} ${name}: ${JSON.stringify(error)}`;
      assert.equal(error.code, 'load-failed', where);
      if (kind === 'slow') assert.match(error.message, /did not end within 1500 ms/, where);
      else assert.ok(error.message.includes(name), where);
      await workersEnd(page);
    }
  }
  spoiled = undefined;
  const length = await page.evaluate(async () => {
    const classifier = await open();
    const { length } = await classifier.embed(picture());
    classifier.dispose();
    return length;
  });
  assert.ok(length > 0);
});

test('decoders that the network spoils are load-failed, and the next picture works', { timeout: 60_000 }, async (t) => {
  let fault;
  const { page } = await prepare(t, {
    serving: {
      before(request, response) {
        if (!fault || !request.url.endsWith('image/decoder.wasm')) return false;
        const answer = fault;
        void readFile(path.join(dist, 'wasm/image/decoder.wasm')).then((bytes) =>
          answer(response, bytes, 'application/wasm'),
        );
        return true;
      },
    },
  });
  const file = [...toBmp(8, 8, () => [1, 2, 3])];
  await page.evaluate(async () => {
    globalThis.classifier = await open();
  });
  for (const kind of ['missing', 'html', 'cut', 'wrong sum', 'short', 'long']) {
    fault = faults[kind];
    const error = await page.evaluate((bytes) => failure(classifier.embed(Uint8Array.from(bytes))), file);
    assert.equal(error.code, 'load-failed', `${kind}: ${JSON.stringify(error)}`);
    assert.match(error.message, /decoder\.wasm/);
  }
  fault = undefined;
  assert.ok(await page.evaluate(async (bytes) => (await classifier.embed(Uint8Array.from(bytes))).length, file));
});

test('files that were deleted, changed or are folders are bad-image or load-failed and named; the classifier works', {
  timeout: 60_000,
}, async (t) => {
  const folder = await scratchFolder(t);
  const names = ['changed.bmp', 'deleted.bmp', 'good.bmp', 'changed.bin'];
  for (const name of names)
    await writeFile(
      path.join(folder, name),
      toBmp(8, 8, () => [1, 2, 3]),
    );
  const { page } = await prepare(t);
  await page.evaluate(async () => {
    document.documentElement.innerHTML = '<input type="file" multiple>';
    globalThis.classifier = await open();
    await classifier.addExample(picture(), 'a');
  });
  await page.locator('input').setInputFiles(names.map((name) => path.join(folder, name)));
  await page.evaluate(() => {
    globalThis.files = Object.fromEntries([...document.querySelector('input').files].map((file) => [file.name, file]));
  });
  for (const name of ['changed.bmp', 'changed.bin'])
    await writeFile(path.join(folder, name), 'something of another length');
  await rm(path.join(folder, 'deleted.bmp'));

  // Chromium drops a folder as a File that can't be read.
  await mkdir(path.join(folder, 'a folder'));
  await page.evaluate(() => {
    document.addEventListener('dragover', (event) => event.preventDefault());
    globalThis.dropped = new Promise((resolve) =>
      document.addEventListener('drop', (event) => (event.preventDefault(), resolve(event.dataTransfer.files[0]))),
    );
  });
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path.join(folder, 'a folder')], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'])
    await session.send('Input.dispatchDragEvent', { type, x: 20, y: 20, data });
  await page.evaluate(async () => {
    files['a folder'] = await dropped;
  });

  for (const name of ['changed.bmp', 'deleted.bmp', 'a folder']) {
    for (const method of ['embed', 'addExample', 'observe']) {
      const error = await page.evaluate(
        ([name, method]) => failure(classifier[method](files[name], method === 'addExample' ? 'b' : undefined)),
        [name, method],
      );
      assert.equal(error.code, 'bad-image', `${method} of ${name}: ${JSON.stringify(error)}`);
      assert.ok(error.message.includes(`'${name}'`), error.message);
    }
    const error = await page.evaluate((name) => failure(classifier.embedMany([picture(), files[name]])), name);
    assert.ok(error.message.startsWith(`Picture 1 of the batch ('${name}'): `), error.message);
  }
  const error = await page.evaluate(() => failure(classifier.loadDataset(files['changed.bin'])));
  assert.equal(error.code, 'load-failed');
  assert.match(error.message, /'changed\.bin'/);
  const counts = await page.evaluate(async () => {
    await classifier.addExample(files['good.bmp'], 'a');
    return { ...(await classifier.counts()) };
  });
  assert.deepEqual(counts, { a: 2 });
});

test('without SharedArrayBuffer there are no threads; without WebAssembly there is a clear error', {
  timeout: 60_000,
}, async (t) => {
  const load = async () => {
    const { load } = await import('/lib/index.js');
    try {
      const classifier = await load();
      const { variant, threads } = await classifier.info();
      classifier.dispose();
      return { variant, threads };
    } catch ({ name, code, message }) {
      return { name, code, message };
    }
  };
  const withoutSharing = await openPage(t, browser, {
    ...blank,
    init: () => {
      delete globalThis.SharedArrayBuffer;
    },
  });
  const { variant, threads } = await withoutSharing.page.evaluate(load);
  assert.equal(threads, 1);
  assert.doesNotMatch(variant, /threads/);

  const without = await openPage(t, browser, {
    ...blank,
    init: () => {
      delete globalThis.WebAssembly;
    },
  });
  const error = await without.page.evaluate(load);
  assert.equal(error.code, 'unsupported-browser', JSON.stringify(error));

  const onlyPage = await openPage(t, browser, {
    ...blank,
    serving: {
      before(request, response) {
        if (!request.url.endsWith('/worker.js')) return false;
        void readFile(path.join(dist, 'worker.js'), 'utf8').then((text) =>
          response
            .writeHead(200, {
              'content-type': 'text/javascript',
              'cross-origin-embedder-policy': 'require-corp',
              'cross-origin-resource-policy': 'same-origin',
            })
            .end(`${text};delete globalThis.WebAssembly;`),
        );
        return true;
      },
    },
  });
  const inWorker = await onlyPage.page.evaluate(load);
  assert.ok(['load-failed', 'unsupported-browser'].includes(inWorker.code), JSON.stringify(inWorker));
});

test('the package asks for its own files only, each once, and sends nothing', { timeout: 120_000 }, async (t) => {
  for (const worker of [true, false]) {
    const { page, url } = await prepare(t);
    const asked = [];
    page
      .context()
      .on('request', (request) => asked.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`));
    const {
      variant: name,
      hasClasses,
      hasSpace,
    } = await page.evaluate(
      async ([worker, bytes]) => {
        const classifier = await open({ worker });
        for (const label of ['a', 'b']) await classifier.addExample(picture(), label);
        const file = Uint8Array.from(bytes);
        await classifier.embed(file);
        await classifier.embed(new Blob([file]));
        await classifier.observe(picture(), { label: 'a' });
        await classifier.predict(picture());
        await classifier.review();
        await classifier.loadDataset(await classifier.saveDataset());
        await classifier.importJson(await classifier.exportJson());
        const { variant } = await classifier.info();
        // The stand-in network has no classes.
        const hasClasses = classifier.model.classCount > 0;
        if (hasClasses) await classifier.classify(picture());
        const hasSpace = classifier.model.layers === 'two';
        classifier.dispose();
        return { variant, hasClasses, hasSpace };
      },
      [worker, [...toBmp(8, 8, () => [1, 2, 3])]],
    );
    const expected = [
      'index.js',
      worker ? 'worker.js' : 'inline.js',
      `wasm/${name}/teachable.js`,
      `wasm/${name}/teachable.wasm`,
      'wasm/image/decoder.wasm',
      ...(hasClasses ? ['models/imagenet_labels.txt'] : []),
      // The stand-in network has no space.
      ...(hasSpace ? [model.replace('.tflite', '.space')] : []),
      model,
    ];
    const known = new Set(expected.map((each) => `GET ${url}lib/${each} `));
    // inline.js shares pieces of code with other entries.
    const foreign = asked.filter((each) => !known.has(each) && !/^GET \S+\/lib\/chunk-\w+\.js $/.test(each));
    assert.deepEqual(foreign, []);
    assert.deepEqual(
      [...known].filter((each) => !asked.includes(each)),
      [],
    );
    assert.equal(new Set(asked).size, asked.length, `twice: ${asked.join('\n')}`);
  }
});
