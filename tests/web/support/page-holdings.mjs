// Measures what a page of Chromium holds: memory, nodes, listeners, workers, handles. And how long its frames take.

import { readdir, readFile } from 'node:fs/promises';

const kilobyte = 2 ** 10;

/**
 * Runs in the page before its scripts. Keeps what the page gets from the browser in `globalThis.watched`: the classifier, live media
 * tracks, object URLs that are not revoked, the number of frames, and the times of the frames since the last measurement.
 */
export function watchPage() {
  const watched = { frameCount: 0, frames: [], tracks: [], urls: new Set(), classifier: undefined };
  globalThis.watched = watched;

  watched.watch = (classifier) => {
    watched.classifier = classifier;
    const observe = classifier.observe.bind(classifier);
    classifier.observe = async (...args) => {
      const start = performance.now();
      const observation = await observe(...args);
      const { pixelsMs, networkMs, answerMs } = observation.timings;
      watched.frames.push([pixelsMs, networkMs, answerMs, performance.now() - start]);
      watched.frameCount++;
      return observation;
    };
    return classifier;
  };

  const { mediaDevices } = navigator;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    watched.tracks.push(...stream.getTracks());
    return stream;
  };

  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (object) => {
    const url = createObjectURL.call(URL, object);
    watched.urls.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    watched.urls.delete(url);
    revokeObjectURL.call(URL, url);
  };
}

const watchingIndex = `
  import { load as loadItself } from './index.js?itself';
  export * from './index.js?itself';
  export const load = async (options) => watched.watch(await loadItself(options));
`;

/** Option `before` of serve(). Serves the package with a load() whose classifiers are watched. */
export function serveWatched(request, response) {
  if (request.url !== '/lib/index.js') return false;
  response.writeHead(200, { 'Content-Type': 'text/javascript', 'Cross-Origin-Resource-Policy': 'same-origin' });
  response.end(watchingIndex);
  return true;
}

/** Returns what the watched parts of a page hold, and the times of the frames since the last call. Runs in the page. */
async function takeFromPage() {
  const { watched } = globalThis;
  watched.tracks = watched.tracks.filter(({ readyState }) => readyState === 'live');
  const { heapBytes, exampleBytes } = await watched.classifier.info();
  let records = 0;
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const store of database.objectStoreNames)
      records += await new Promise((resolve, reject) => {
        const request = database.transaction(store).objectStore(store).count();
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    database.close();
  }
  const { frames } = watched;
  watched.frames = [];
  return {
    frames,
    holdings: {
      module: heapBytes,
      examples: exampleBytes,
      tracks: watched.tracks.length,
      urls: watched.urls.size,
      records,
    },
  };
}

/**
 * Returns a function that measures a page which was opened with `init: watchPage` and `before: serveWatched`. It resolves to
 * {frames, holdings}. `frames`: [pixelsMs, networkMs, answerMs, ms of the whole call] of each frame since the last call. `holdings`:
 * sizes in bytes and counts by name; sizes of JavaScript heaps are those after a garbage collection. `process` and `handles` are NaN
 * where the system does not report them.
 */
export async function measurePage(browser, page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const whole = await browser.newBrowserCDPSession();
  const workerHeap = await attachToWorker(whole);
  return async () => {
    const { frames, holdings } = await page.evaluate(takeFromPage);
    await session.send('HeapProfiler.collectGarbage');
    const metrics = new Map(
      (await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]),
    );
    const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
    return {
      frames,
      holdings: {
        ...holdings,
        pageHeap: metrics.get('JSHeapUsedSize'),
        workerHeap: await workerHeap(),
        process: await sum(processInfo.filter(({ type }) => type === 'renderer').map(privateBytes)),
        nodes: metrics.get('Nodes'),
        listeners: metrics.get('JSEventListeners'),
        documents: metrics.get('Documents'),
        workers: metrics.get('WorkerGlobalScopes'),
        handles: await sum(processInfo.map(openFiles)),
      },
    };
  };
}

/** Returns a function that returns the bytes of the JavaScript heap of the package's worker after a garbage collection. */
async function attachToWorker(session) {
  const { targetInfos } = await session.send('Target.getTargets', { filter: [{ type: 'worker' }] });
  const { targetId } = targetInfos.find(({ url }) => url.endsWith('/worker.js'));
  const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
  const waiting = new Map();
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result, error } = JSON.parse(message);
    waiting.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
    waiting.delete(id);
  });
  let count = 0;
  const ask = (method) =>
    new Promise((resolve, reject) => {
      waiting.set(++count, resolve);
      session
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: count, method }) })
        .catch(reject);
    });
  return async () => {
    await ask('HeapProfiler.collectGarbage');
    return (await ask('Runtime.getHeapUsage')).usedSize;
  };
}

const sum = async (promises) => (await Promise.all(promises)).reduce((total, each) => total + each, 0);

async function privateBytes({ id }) {
  const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
  return Number(/^RssAnon:\s*(\d+) kB/m.exec(status)?.[1] ?? NaN) * kilobyte;
}

async function openFiles({ id }) {
  return readdir(`/proc/${id}/fd`).then(
    (names) => names.length,
    () => NaN,
  );
}
