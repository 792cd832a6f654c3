// The package with the real module in a real browser: variants, kinds of pictures and failures.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { openEngines } from '../support/engines.mjs';
import { openPage, workersEnd } from '../support/open-page.mjs';

const { everyEngine, browserOf } = openEngines();

/** An address without scripts of its own. */
const blank = { path: 'pages/blank.html' };

/** Runs in the page. drawScene() draws a picture of 320 x 240 pixels, always the same. */
const helpers = `
  globalThis.drawScene = (canvas = new OffscreenCanvas(320, 240)) => {
    const context = canvas.getContext('2d');
    const sky = context.createLinearGradient(0, 0, 0, 240);
    sky.addColorStop(0, '#4a90d9');
    sky.addColorStop(1, '#e8d8b0');
    context.fillStyle = sky;
    context.fillRect(0, 0, 320, 240);
    context.fillStyle = '#c03020';
    context.beginPath();
    context.arc(150, 120, 70, 0, 7);
    context.fill();
    context.fillStyle = '#205020';
    context.fillRect(140, 20, 20, 60);
    return canvas;
  };
  globalThis.cosine = (a, b) => {
    let ab = 0, aa = 0, bb = 0;
    a.forEach((value, index) => { ab += value * b[index]; aa += value * value; bb += b[index] * b[index]; });
    return ab / Math.sqrt(aa * bb);
  };
  globalThis.open = async (options) => {
    const { load } = await import('/lib/index.js');
    return load(options);
  };
`;

/** Opens a blank page and runs `use` in it. */
async function inPage(t, use, argument, options) {
  const { page } = await openPage(t, browserOf(t), { ...blank, ...options });
  await page.evaluate(helpers);
  return { page, result: await page.evaluate(use, argument) };
}

/** Runs in the page. Loads, embeds and classifies one picture, and disposes. */
const lookOnce = async (options) => {
  const classifier = await open(options);
  const embedding = await classifier.embed(drawScene());
  const [best] = classifier.model.classCount > 0 ? await classifier.classify(drawScene(), 1) : [null];
  const info = await classifier.info();
  classifier.dispose();
  return { info, best, embedding: [...embedding] };
};

test('all variants run and give the same results', { timeout: 120_000 }, async (t) => {
  const variants = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];
  const seen = [];
  for (const variant of variants) seen.push((await inPage(t, lookOnce, { variant })).result);
  const [reference] = seen;
  for (const [index, { info, best, embedding }] of seen.entries()) {
    assert.equal(info.variant, variants[index]);
    assert.equal(best?.className, reference.best?.className);
    const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);
    const cosine =
      dot(embedding, reference.embedding) /
      Math.sqrt(dot(embedding, embedding) * dot(reference.embedding, reference.embedding));
    assert.ok(cosine > 0.999, `${variants[index]}: cosine similarity ${cosine}`);
  }
});

test('a cross-origin isolated page gets threads', async (t) => {
  const { result } = await inPage(t, lookOnce, {});
  assert.equal(result.info.isolated, true);
  assert.match(result.info.variant, /-threads$/);
  assert.ok(result.info.threads > 1);
});

test('a page that is not cross-origin isolated runs without threads and says why', async (t) => {
  const { result } = await inPage(t, lookOnce, {}, { serving: { isolated: false } });
  assert.equal(result.info.isolated, false);
  assert.equal(result.info.threads, 1);
  assert.match(result.info.reason, /not cross-origin isolated/);
});

for (const isolated of [true, false]) {
  for (const options of [{}, { worker: false }, { threads: 3 }, { worker: false, variant: 'simd' }]) {
    test(`${isolated ? '' : 'not '}isolated: load(${JSON.stringify(options)}) runs the variant that chooseVariant() returns`, async (t) => {
      const { result } = await inPage(
        t,
        async (options) => {
          const { chooseVariant, detectFeatures } = await import('/lib/index.js');
          const choice = chooseVariant(detectFeatures(), options);
          const classifier = await open(options);
          const { variant, threads, reason } = await classifier.info();
          classifier.dispose();
          return { choice, ran: { variant, threads, reason } };
        },
        options,
        { serving: { isolated } },
      );
      assert.deepEqual(result.choice, result.ran);
    });
  }
}

everyEngine(
  'aborting a running review or predictMany() ends it at once, and later calls are answered',
  {
    timeout: 60_000,
  },
  async (t) => {
    const { result } = await inPage(t, async () => {
      const { loadKnn } = await import('/lib/knn.js');
      const [size, count] = [64, 20_000];
      const knn = await loadKnn({ embeddingSize: size, variant: 'simd' });
      const rows = Float32Array.from({ length: size * count }, (_, i) => Math.sin(i * i));
      await knn.addExamples(
        rows,
        Array.from({ length: count }, (_, i) => i % 5),
      );
      const calls = {
        review: (signal) => knn.review({ maxExamples: count, signal }),
        predictMany: (signal) => knn.predictMany(rows, { signal }),
      };
      const first = {};
      for (const [name, call] of Object.entries(calls)) {
        const abort = new AbortController();
        // Earlier calls are done, so that the worker begins with this one.
        await knn.counts();
        const running = call(abort.signal).then(
          () => 'done',
          ({ code }) => code,
        );
        const behind = knn.counts().then(() => 'the next');
        // The worker does not report that it has begun. This time lets it compute for a while.
        await new Promise((resolve) => setTimeout(resolve, 30));
        abort.abort();
        first[name] = [await Promise.race([running, behind]), await behind];
      }
      knn.dispose();
      return first;
    });
    assert.deepEqual(result, { review: ['aborted', 'the next'], predictMany: ['aborted', 'the next'] });
  },
);

everyEngine(
  'a lazy image out of view is loaded and stays lazy; one whose server does not answer ends with its signal',
  {
    timeout: 60_000,
  },
  async (t) => {
    const silent = [];
    t.after(() => silent.forEach((response) => response.destroy()));
    const before = (request, response) => request.url === '/silent.png' && silent.push(response) > 0;
    const { result } = await inPage(
      t,
      async () => {
        const classifier = await open();
        const far = document.body.appendChild(document.createElement('div'));
        far.style.height = '100000px';
        const show = (src) => document.body.appendChild(Object.assign(new Image(), { loading: 'lazy', src }));
        const lazy = show('/icon.svg');
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        const deferred = !lazy.complete;
        const { length } = await classifier.embed(lazy);
        const abort = new AbortController();
        const stalled = classifier.embed(show('/silent.png'), { signal: abort.signal }).catch(({ code }) => code);
        const behind = classifier.embed(drawScene()).then(({ length }) => length);
        abort.abort();
        const after = [await stalled, await behind];
        classifier.dispose();
        return { deferred, length, loading: lazy.loading, after };
      },
      undefined,
      { path: '', serving: { before } },
    );
    assert.deepEqual(result, {
      deferred: true,
      length: result.length,
      loading: 'lazy',
      after: ['aborted', result.length],
    });
  },
);

test('a missing threaded module is replaced by one without threads', async (t) => {
  const empty = await mkdtemp(path.join(tmpdir(), 'teachable-empty-'));
  t.after(() => rm(empty, { recursive: true }));
  const folders = { '/lib/wasm/relaxed-threads/': empty, '/lib/wasm/simd-threads/': empty };
  const { result } = await inPage(t, lookOnce, {}, { serving: { folders } });
  assert.equal(result.info.threads, 1);
  assert.match(result.info.reason, /-threads failed: .*404/);
});

everyEngine(
  'threads start after the first result and change no result; if they fail, one thread continues and info() says so',
  {
    timeout: 60_000,
  },
  async (t) => {
    for (const fails of [false, true]) {
      // The worker loads the module's script first, then each of the two other threads does. WebKit requests it for both at once.
      let scripts = 0;
      const before = ({ url }, response) =>
        url.endsWith('-threads/teachable.js') && ++scripts > 1 && fails && (response.writeHead(404).end(), true);
      const { page } = await inPage(
        t,
        async () => {
          const classifier = await open({ threads: 3 });
          const scene = drawScene();
          const embeddings = [await classifier.embed(scene)];
          globalThis.look = async () => {
            embeddings.push(await classifier.embed(scene));
            return classifier.info();
          };
          globalThis.finish = async () => {
            for (let i = 0; i < 40; i++) await look();
            const info = await look();
            classifier.dispose();
            return { same: embeddings.every((each) => each.every((value, at) => value === embeddings[0][at])), info };
          };
        },
        undefined,
        { serving: { before }, tolerant: fails },
      );
      // Until the threads have loaded their scripts, or have failed. The test's timeout ends a wait in vain.
      for (let started = false; !started; ) {
        const { threads } = await page.evaluate(() => look());
        started = fails ? threads === 1 : scripts > 1;
      }
      const { same, info } = await page.evaluate(() => finish());
      assert.ok(same);
      assert.match(info.variant, /-threads$/);
      assert.equal(info.threads, fails ? 1 : 3, info.reason);
      if (fails) assert.match(info.reason, /^One thread alone: A thread failed to start/);
    }
  },
);

everyEngine(
  'the number of threads is chosen again and again, which changes no result',
  { timeout: 120_000 },
  async (t) => {
    const { result } = await inPage(t, async () => {
      const { chooseVariant, detectFeatures } = await import('/lib/index.js');
      const classifier = await open();
      const scene = drawScene();
      const first = await classifier.embed(scene);
      const seen = new Set();
      let same = true;
      // The first round of trials takes twelve frames. The next comes after forty, or later where a trial costs much.
      for (let i = 0; i < 80; i++) {
        const embedding = await classifier.embed(scene);
        same &&= embedding.every((value, at) => value === first[at]);
        seen.add((await classifier.info()).threads);
      }
      const { threads, reason } = await classifier.info();
      classifier.dispose();
      return { same, seen: [...seen], threads, reason, chosen: chooseVariant(detectFeatures()).threads };
    });
    const { same, seen, threads, chosen, reason } = result;
    t.diagnostic(`${threads} of ${chosen} threads`);
    assert.ok(same);
    assert.ok(chosen > 1);
    assert.ok([1, 2, chosen].includes(threads), `${threads} threads`);
    // info() tells what was chosen until all have been tried. What is fastest may change while other programs work.
    assert.equal(seen[0], chosen);
    assert.ok(
      seen.every((each) => [1, 2, chosen].includes(each)),
      String(seen),
    );
    assert.equal(reason.includes(`With ${threads} of them, frames are no slower now.`), threads !== chosen, reason);
  },
);

everyEngine('every kind of picture gives the same embedding', { timeout: 60_000 }, async (t) => {
  const { result } = await inPage(t, async () => {
    const classifier = await open();
    const scene = drawScene();
    const pixels = scene.getContext('2d').getImageData(0, 0, 320, 240);
    const canvas = drawScene(Object.assign(document.createElement('canvas'), { width: 320, height: 240 }));
    const png = await scene.convertToBlob({ type: 'image/png' });
    const bytes = new Uint8Array(await png.arrayBuffer());
    const kinds = {
      ImageData: pixels,
      rgba: { data: new Uint8Array(pixels.data), width: 320, height: 240 },
      OffscreenCanvas: scene,
      HTMLCanvasElement: canvas,
      ImageBitmap: await createImageBitmap(scene),
      VideoFrame: new VideoFrame(scene, { timestamp: 0 }),
      Blob: png,
      File: new File([png], 'scene.png'),
      Uint8Array: bytes,
      ArrayBuffer: bytes.buffer,
      jpeg: await scene.convertToBlob({ type: 'image/jpeg', quality: 1 }),
      webp: await scene.convertToBlob({ type: 'image/webp', quality: 1 }),
    };
    const reference = await classifier.embed(pixels);
    const cosines = {};
    // Each twice: the caller must be able to use its pictures again.
    for (const [kind, image] of [...Object.entries(kinds), ...Object.entries(kinds)]) {
      cosines[kind] = cosine(await classifier.embed(image), reference);
    }
    classifier.dispose();
    return cosines;
  });
  for (const [kind, cosine] of Object.entries(result))
    assert.ok(cosine > (/jpeg|webp/.test(kind) ? 0.97 : 0.9999), `${kind}: ${cosine}`);
});

test('video elements and image elements with an address', { timeout: 60_000 }, async (t) => {
  const { result } = await inPage(
    t,
    async () => {
      const classifier = await open();
      const image = Object.assign(new Image(), { src: '/icon.svg' });
      const video = document.createElement('video');
      Object.assign(video, { muted: true, srcObject: await navigator.mediaDevices.getUserMedia({ video: true }) });
      const early = await classifier.embed(video).catch(({ code, message }) => ({ code, message }));
      await video.play();
      const late = await classifier.observe(video);
      const svg = await classifier.embed(image);
      video.srcObject.getTracks().forEach((track) => track.stop());
      classifier.dispose();
      return { early, classes: late.classes.length, timings: late.timings, svg: svg.length };
    },
    undefined,
    { path: '' },
  );
  assert.equal(result.early.code, 'bad-image');
  assert.match(result.early.message, /loadeddata/);
  assert.ok(result.svg > 0);
  assert.ok(result.timings.networkMs > 0);
});

everyEngine(
  'invalid pictures are errors with a code, and the classifier still works',
  { timeout: 60_000 },
  async (t) => {
    const { result } = await inPage(
      t,
      async () => {
        const classifier = await open();
        const closed = await createImageBitmap(drawScene());
        closed.close();
        const bad = {
          junk: new Blob(['hello']),
          emptyVideo: document.createElement('video'),
          zeroCanvas: Object.assign(document.createElement('canvas'), { width: 0 }),
          missing: Object.assign(new Image(), { src: '/missing.png' }),
          closed,
        };
        const codes = {};
        for (const [kind, image] of Object.entries(bad))
          codes[kind] = await classifier.embed(image).then(
            () => 'none',
            ({ code }) => code,
          );
        const after = await classifier.embed(drawScene());
        classifier.dispose();
        return { codes, after: after.length };
      },
      undefined,
      { path: '' },
    );
    assert.deepEqual(new Set(Object.values(result.codes)), new Set(['bad-image']), JSON.stringify(result.codes));
    assert.ok(result.after > 0);
  },
);

everyEngine('examples are added, predicted from and removed', { timeout: 60_000 }, async (t) => {
  const { result } = await inPage(t, async () => {
    const classifier = await open();
    const plain = (colour) => {
      const canvas = new OffscreenCanvas(100, 100);
      Object.assign(canvas.getContext('2d'), { fillStyle: colour }).fillRect(0, 0, 100, 100);
      return canvas;
    };
    await classifier.addExample(drawScene(), '__proto__');
    await classifier.addExample(plain('black'), 7);
    const first = await classifier.predict(drawScene(), { k: 1 });
    const second = await classifier.predict(plain('#101010'), { k: 1 });
    const both = await classifier.predict(plain('#101010'));
    await classifier.clear(7);
    const counts = Object.entries(await classifier.counts());
    await classifier.clear();
    const empty = await classifier.predict(drawScene()).catch(({ code }) => code);
    classifier.dispose();
    return { first: first.label, second: second.label, both: Object.entries(both.confidences), counts, empty };
  });
  assert.equal(result.first, '__proto__');
  assert.equal(result.second, '7');
  assert.deepEqual(result.both.map(([label]) => label).sort(), ['7', '__proto__']);
  assert.deepEqual(result.counts, [['__proto__', 1]]);
  assert.equal(result.empty, 'bad-argument');
});

test('dispose() ends the worker and its threads', async (t) => {
  const { page } = await inPage(t, async () => {
    globalThis.classifier = await open();
  });
  assert.ok(page.workers().length > 0);
  await page.evaluate(() => classifier.dispose());
  await workersEnd(page);
});

everyEngine('a load that fails reports why and leaves no worker', { timeout: 60_000 }, async (t) => {
  const { page, result } = await inPage(t, async () => {
    const failure = (options) =>
      open(options).then(
        () => 'none',
        ({ code, message }) => `${code}: ${message}`,
      );
    return {
      missing: await failure({ model: '/models/missing.tflite' }),
      worker: await failure({ workerUrl: '/missing.js' }),
      wasm: await failure({ wasmUrl: '/missing/' }),
      damaged: await failure({ model: { bytes: new TextEncoder().encode('no model at all') } }),
      aborted: await failure({ signal: AbortSignal.timeout(1) }),
    };
  });
  assert.match(result.missing, /^load-failed: .*404/);
  assert.match(result.worker, /^load-failed: .*missing\.js/);
  assert.match(result.wasm, /^load-failed: .*404.*wasmUrl/);
  assert.match(result.damaged, /^bad-model: /);
  assert.match(result.aborted, /^aborted: /);
  await workersEnd(page);
});

everyEngine(
  'the model and the module are requested once, before the worker runs',
  { timeout: 60_000 },
  async (t, _browser, engine) => {
    for (const watched of [false, true]) {
      const { page, requests } = await openPage(t, browserOf(t), blank);
      await page.evaluate(helpers);
      const progress = await page.evaluate(async (watched) => {
        const seen = [];
        const classifier = await open(watched ? { onProgress: (each) => seen.push(each) } : {});
        await classifier.embed(drawScene());
        classifier.dispose();
        return seen.filter(({ phase }) => phase === 'model');
      }, watched);
      const model = requests.filter(
        (each) => /models\/.*\.(tflite|json)$/.test(each) && each !== '/models/default.json',
      );
      assert.equal(new Set(model).size, model.length, `requested: ${model}`);
      const [code, ...others] = requests.filter((each) => each.endsWith('.wasm'));
      assert.deepEqual(others, []);
      // The worker requests the module's script first.
      const script = requests.indexOf(code.replace(/wasm$/, 'js'));
      assert.ok(requests.indexOf(model[0]) < script && requests.indexOf(code) < script, `requested: ${requests}`);
      if (!watched) continue;
      // WebKit may hand over all bytes of a near server at once.
      assert.ok(progress.length > (engine === 'WebKit' ? 1 : 2), 'progress is reported as bytes arrive');
      assert.equal(progress.at(-1).loaded, progress.at(-1).total);
    }
  },
);

everyEngine(
  'a broken connection while a model loads is an error, and the next load works',
  { timeout: 60_000 },
  async (t) => {
    let breaking = true;
    const serving = {
      before(request, response) {
        if (!breaking || !/\.tflite$|group1-shard1of\d+/.test(request.url)) return false;
        response.writeHead(200, { 'Content-Length': 1_000_000, 'Cross-Origin-Resource-Policy': 'same-origin' });
        response.write(Buffer.alloc(1000), () => response.destroy());
        return true;
      },
    };
    const { page } = await openPage(t, browserOf(t), { ...blank, serving });
    await page.evaluate(helpers);
    const message = await page.evaluate(() =>
      open().then(
        () => 'loaded',
        ({ code, message }) => `${code}: ${message}`,
      ),
    );
    assert.match(message, /^load-failed: Could not load the model.* broke off/);
    breaking = false;
    assert.equal(await page.evaluate(() => open().then((classifier) => classifier.model.embeddingSize > 0)), true);
  },
);
