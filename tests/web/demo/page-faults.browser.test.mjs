// Faults on the demo page: files that can't be read, crashes, many classes, cameras that go away, frozen tabs; and what it asks the
// network for.

import assert from 'node:assert/strict';
import { mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { scratchFolder } from '../support/data.mjs';
import { openBrowser } from '../support/open-page.mjs';
import {
  alertOf,
  breakWorker,
  countOf,
  makePicture,
  openReady,
  startCamera,
  teach,
  untilCount,
  untilCountAtLeast,
  untilFrames,
  untilReady,
  untilSaved,
} from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Makes a folder with these files, which is removed after the test. */
async function makeFolder(t, files) {
  const folder = await scratchFolder(t);
  for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(folder, name), bytes);
  return folder;
}

/** Moves a slider by one step, as a visitor does with the keyboard. */
const moveSlider = (page, id) =>
  page.getByTestId(id).evaluate((input) => {
    input.stepUp();
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });

/** Drops files or folders of this machine on an element, as the operating system does. */
async function dropPaths(page, target, files) {
  const { x, y, width, height } = await target.boundingBox();
  const session = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'])
    await session.send('Input.dispatchDragEvent', {
      type,
      x: x + width / 2,
      y: y + height / 2,
      data: { items: [], files, dragOperationsMask: 1 },
    });
  await session.detach();
}

/** Returns a file whose name is what teach() needs, and that is on disk. */
const pathsOf = (folder, ...names) => names.map((name) => path.join(folder, name));

/** Chooses files of this machine for an input, and calls `meanwhile` before the page learns of the choice. */
async function chooseLate(page, id, paths, meanwhile) {
  const input = page.getByTestId(id);
  await page.evaluate(() =>
    document.addEventListener('change', (event) => event.stopImmediatePropagation(), { capture: true, once: true }),
  );
  await input.setInputFiles(paths);
  await meanwhile();
  await input.evaluate((element) => element.dispatchEvent(new Event('change', { bubbles: true })));
}

test('a test picture that is overwritten or deleted on disk goes on to be classified when a slider moves', async (t) => {
  const { page } = await openReady(t, browser);
  const picture = await makePicture(page, 'navy', 'disc');
  const folder = await makeFolder(t, { 'test.png': picture.buffer });
  await teach(page, 1, picture);
  await page.getByTestId('test-file').setInputFiles(path.join(folder, 'test.png'));
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  for (const spoil of [(file) => writeFile(file, 'something else'), unlink]) {
    await spoil(path.join(folder, 'test.png'));
    await page.evaluate(() => (document.querySelector('#winner .winner-name').textContent = ''));
    await moveSlider(page, 'unknown');
    await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
    await page.keyboard.press('1');
  }
  await untilCount(page, 1, 3);
  assert.equal(await page.getByTestId('alert').isVisible(), false);
});

test('a batch names each file that it skipped and why, adds all others, and the engine goes on', async (t) => {
  const { page } = await openReady(t, browser);
  const [good, other] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  const folder = await makeFolder(t, {
    'a.png': good.buffer,
    'gone.png': good.buffer,
    'changed.png': good.buffer,
    'text.png': 'no picture',
    'empty.png': '',
    'cut.png': good.buffer.subarray(0, 100),
    'z.png': other.buffer,
  });
  const names = ['a.png', 'gone.png', 'changed.png', 'text.png', 'empty.png', 'cut.png', 'z.png'];
  await chooseLate(page, 'files-1', pathsOf(folder, ...names), async () => {
    await unlink(path.join(folder, 'gone.png'));
    await writeFile(path.join(folder, 'changed.png'), other.buffer);
  });
  await page.getByTestId('status').filter({ hasText: 'Added 2 of 7 pictures to Class 1' }).waitFor();
  const text = await page.getByTestId('alert').textContent();
  assert.match(text, /Skipped 5 of 7 files\./);
  assert.match(text, /gone\.png, changed\.png: It cannot be read\./);
  for (const name of ['text.png', 'empty.png', 'cut.png']) assert.match(text, new RegExp(`${name}[^\\n]*: [A-Z]`));
  await teach(page, 1, good, 3);
  assert.doesNotMatch(await page.getByTestId('alert').textContent(), /started again/);
});

test('a folder that is dropped on a class, twice, is named, and the engine goes on', async (t) => {
  const { page } = await openReady(t, browser);
  const folder = await makeFolder(t, {});
  await mkdir(path.join(folder, 'holiday'));
  for (let time = 0; time < 2; time++) {
    await dropPaths(page, page.locator('.card').first(), [path.join(folder, 'holiday')]);
    await alertOf(page, /Skipped 1 of 1 file\.\s*holiday: It cannot be read\. It may be a folder/).waitFor();
    await page.locator('#alert-close').click();
  }
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
});

test('a data set or test picture that is gone is explained, and nothing changes', async (t) => {
  const { page } = await openReady(t, browser);
  const picture = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, picture);
  const folder = await makeFolder(t, { 'set.tmkn': 'x', 'set.json': '{}', 'gone.png': picture.buffer });
  for (const [id, name] of [
    ['open-file', 'set.tmkn'],
    ['open-file', 'set.json'],
    ['test-file', 'gone.png'],
  ]) {
    await chooseLate(page, id, pathsOf(folder, name), () => unlink(path.join(folder, name)));
    await alertOf(page, `${name}: It cannot be read.`).waitFor();
    await page.locator('#alert-close').click();
  }
  assert.equal(await countOf(page, 1), 1);
  await teach(page, 1, picture, 2);
});

/** Runs in the page before its scripts. The next call of the worker's method `window.lostCall` is lost, and the worker fails instead. */
const loseCall = () => {
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, transfer) {
    if (!window.lostCall || message.method !== window.lostCall) return postMessage.call(this, message, transfer);
    window.lostCall = undefined;
    window.breakWorker();
  };
};

test('when the engine fails within a batch, the file is named and the others are added by the next engine', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser, { init: loseCall });
  await page.exposeFunction('breakWorker', () => breakWorker(page));
  const blue = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, blue);
  await page.evaluate(() => (window.lostCall = 'observe'));
  const names = ['one.png', 'two.png', 'three.png'];
  await page.getByTestId('files-1').setInputFiles(names.map((name) => ({ ...blue, name })));
  await page.getByTestId('status').filter({ hasText: 'Added 2 of 3 pictures' }).waitFor({ timeout: 30_000 });
  await alertOf(page, /Skipped 1 of 3 files\.\s*one\.png: /).waitFor();
  assert.equal(await countOf(page, 1), 3);
});

test('pictures that are chosen while a new engine starts are added when it runs', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t, browser, { init: loseCall });
  await page.exposeFunction('breakWorker', () => breakWorker(page));
  const blue = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, blue);
  await page.evaluate(() => (window.lostCall = 'observe'));
  await page.getByTestId('test-file').setInputFiles(blue);
  await alertOf(page, 'started again').waitFor();
  await page.getByTestId('files-1').setInputFiles([blue, blue]);
  await page.getByTestId('status').filter({ hasText: 'Added 2 of 2 pictures' }).waitFor({ timeout: 30_000 });
  assert.equal(await countOf(page, 1), 3);
});

/** Runs in the page before its scripts. While `window.fault` is set, the worker answers the calls that `fault.fails()` names with an error. */
const answerWithFault = () => {
  const { postMessage } = Worker.prototype;
  window.starts = 0;
  window.failures = 0;
  Worker.prototype.postMessage = function (message, transfer) {
    if (message.method === 'open') window.starts++;
    if (!window.fault?.fails(message)) return postMessage.call(this, message, transfer);
    window.failures++;
    const error = { name: 'ClassifierError', message: 'Made to fail.', stack: '', ...window.fault.error };
    queueMicrotask(() =>
      this.dispatchEvent(new MessageEvent('message', { data: { id: message.id, kind: 'error', error } })),
    );
  };
};

test('when the memory is full, a recording stops, the page says what to do and does not start a new engine', async (t) => {
  const { page } = await openReady(t, browser, { init: answerWithFault });
  const picture = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, picture);
  await startCamera(page);
  await page.evaluate(() => {
    const fails = ({ method, args }) =>
      (method === 'observe' && args.label !== undefined) || method === 'addExamples' || method === 'startSave';
    window.fault = { fails, error: { code: 'out-of-memory', message: "Two examples take 3000 MB. Use 'i8'." } };
  });
  await page.keyboard.down('1');
  await alertOf(
    page,
    /Two examples take 3000 MB\. Use 'i8'\. All your examples so far are still here\. To make room, remove/,
  ).waitFor();
  await untilFrames(page, 10);
  assert.equal(await page.evaluate(() => window.failures), 1, 'the frames after it');
  await page.keyboard.up('1');
  assert.ok(await page.getByRole('button', { name: 'Store them in less memory' }).isVisible());
  await page.getByRole('button', { name: 'Save to a file' }).first().click();
  await alertOf(page, /Two examples/).waitFor();
  // The engine converts the example that exists.
  await page.getByRole('button', { name: 'Store them in less memory' }).click();
  await page.getByText('Your examples take a quarter of the memory now.').first().waitFor();
  if (await page.locator('#alert-close').isVisible()) await page.locator('#alert-close').click();
  await page.getByTestId('files-1').setInputFiles([picture, picture]);
  await alertOf(page, /Skipped 2 of 2 files/).waitFor();
  // The example that was taught before is stored, without a save by the engine.
  await untilSaved(page);
  // Room is made as the page says.
  await page.getByTestId('clear-1').click();
  await untilCount(page, 1, 0);
  await page.evaluate(() => (window.fault = null));
  await teach(page, 2, picture);
  assert.equal(await page.evaluate(() => window.starts), 1);
  await page.getByTestId('undo').click();
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 1);
});

test('an unknown error is shown and the engine goes on; after a trap, a new engine has all examples', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser, { init: answerWithFault });
  const picture = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, picture);
  const fail = (error) =>
    page.evaluate((error) => {
      window.fault = {
        fails: ({ method }) => method === 'observe' && (queueMicrotask(() => (window.fault = null)), true),
        error,
      };
    }, error);
  await fail({ code: 'internal', name: 'NotReadableError', message: 'Some file.' });
  await page.getByTestId('test-file').setInputFiles(picture);
  await alertOf(page, 'Some file.').waitFor();
  await page.keyboard.press('1');
  await untilCount(page, 1, 2);
  assert.equal(await page.evaluate(() => window.starts), 1);
  await fail({ code: 'internal', name: 'RuntimeError', message: 'unreachable' });
  await page.keyboard.press('1');
  await alertOf(page, 'started again').waitFor();
  await page.getByTestId('status').filter({ hasText: 'Ready' }).waitFor({ timeout: 30_000 });
  await page.keyboard.press('1');
  await untilCount(page, 1, 3);
  assert.equal(await page.evaluate(() => window.starts), 2);
});

test('when a new engine cannot take the examples, they can be saved without it, and started again', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser, { init: answerWithFault });
  const picture = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, picture);
  await untilSaved(page);
  await teach(page, 1, picture, 2);
  await page.evaluate(() => {
    const fails = ({ method }) => method === 'loadPiece';
    window.fault = { fails, error: { code: 'out-of-memory', message: 'Too many examples.' } };
  });
  await breakWorker(page);
  await page.getByTestId('test-file').setInputFiles(picture);
  await alertOf(page, /Too many examples\. Your examples are not lost\./).waitFor({ timeout: 30_000 });
  const button = page.getByRole('button', { name: 'Save to a file' }).first();
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  assert.match(download.suggestedFilename(), /^(examples|stored record) [\d-]+\.(tmkn|json)$/);
  assert.equal(await page.evaluate(() => window.starts), 2);
  await page.evaluate(() => (window.fault = null));
  await page.reload();
  await untilReady(page);
  assert.equal(await countOf(page, 1), 2);
});

test('900 classes open in seconds, take a bounded number of cards, and the page stays responsive', {
  timeout: 120_000,
}, async (t) => {
  const { page } = await openReady(t, browser);
  const picture = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, picture);
  const size = await page.evaluate(() =>
    parseInt(
      [...document.querySelectorAll('#facts dd')].find((dd) => / numbers per/.test(dd.textContent)).textContent,
      10,
    ),
  );
  const classes = Array.from({ length: 900 }, (_, n) => {
    const row = new Array(size).fill(0);
    row[n % size] = 1;
    row[(n * 7) % size] = 2;
    return [`Name ${n + 1}`, [row]];
  });
  const file = { name: 'many.json', mimeType: '', buffer: Buffer.from(JSON.stringify(Object.fromEntries(classes))) };
  // Time of the processor, because the time of the clock depends on what else the machine does.
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  let takenBefore = 0;
  const takeMainThreadMs = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const taken = metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
    const ms = Math.round(taken - takenBefore);
    takenBefore = taken;
    return ms;
  };
  await takeMainThreadMs();
  let startedAt = performance.now();
  await page.getByTestId('open-file').setInputFiles(file);
  await page.getByTestId('status').filter({ hasText: 'Opened many.json: 900 examples in 900 classes' }).waitFor();
  const openMs = Math.round(performance.now() - startedAt);
  const openBusyMs = await takeMainThreadMs();
  assert.equal(await page.locator('.card').count(), 36);
  assert.equal(await page.getByTestId('classes-range').textContent(), 'Classes 1 to 36 of 900');
  // The picture is similar to no row.
  await page.getByTestId('unknown').evaluate((input) => {
    input.value = '0';
    input.dispatchEvent(new Event('input'));
  });
  await page.getByTestId('test-file').setInputFiles(picture);
  await page.getByTestId('prediction').filter({ hasText: 'Name' }).waitFor();
  await takeMainThreadMs();
  for (let count = 2; count < 7; count++) {
    await page.keyboard.press('3');
    await untilCount(page, 3, count);
  }
  await page.getByTestId('name-3').fill('Third');
  await page.getByTestId('name-3').press('Enter');
  await page.getByTestId('prediction').filter({ hasText: 'Third' }).waitFor();
  await page.getByTestId('classes-next').click();
  await page.getByTestId('name-72').waitFor();
  assert.deepEqual(
    [await page.locator('.card').count(), await page.locator('.card .name').first().inputValue()],
    [36, 'Name 37'],
  );
  const editBusyMs = await takeMainThreadMs();
  await untilSaved(page);
  startedAt = performance.now();
  await page.reload();
  await untilReady(page);
  const reloadMs = Math.round(performance.now() - startedAt);
  assert.match(
    await page.getByTestId('status').textContent(),
    /905 examples from your last visit are back: .* and 890 more/,
  );
  const said = `open ${openMs} ms, of which the main thread works ${openBusyMs} ms; edits ${editBusyMs} ms; next visit ${reloadMs} ms`;
  t.diagnostic(said);
  // The limits are several times what an idle machine needs. Opening took 21 s, nearly all of it on the main thread.
  // Work that grew with the square of the classes took more than 20 s. These limits hold on a loaded machine.
  assert.ok(openBusyMs < 10_000 && editBusyMs < 10_000, said);
});

/** Records in the page when the count of class 1 is shown and when a transaction of the database is complete. */
const watchStorage = () => {
  window.times = { shown: [], stored: [] };
  for (const method of ['put', 'add']) {
    const original = IDBObjectStore.prototype[method];
    IDBObjectStore.prototype[method] = function (...args) {
      this.transaction.addEventListener('complete', () => window.times.stored.push(performance.now()));
      return original.apply(this, args);
    };
  }
};

test('what is taught is stored within 0.3 s, and a crash of the tab loses at most the last two examples', {
  timeout: 180_000,
}, async (t) => {
  const losses = [];
  const rounds = 5;
  let slowestMs = 0;
  const { page: first, url } = await openReady(t, browser, { init: watchStorage });
  const context = first.context();
  await context.addInitScript(watchStorage);
  let page = first;
  for (let round = 0; round < rounds; round++) {
    await page.evaluate(() => {
      const count = document.querySelector('[data-testid=count-1]');
      new MutationObserver(() => window.times.shown.push(performance.now())).observe(count, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    });
    await startCamera(page);
    const before = await countOf(page, 1);
    await page.keyboard.down('1');
    await untilCountAtLeast(page, 1, before + 8);
    const [shown, { shown: shownAt, stored: storedAt }] = await page.evaluate(() => [
      parseInt(document.querySelector('[data-testid=count-1]').textContent, 10),
      window.times,
    ]);
    const session = await context.newCDPSession(page);
    const crashed = new Promise((resolve) => page.once('crash', resolve));
    session.send('Page.crash').catch(() => {});
    await crashed;
    for (const at of shownAt.slice(0, -3)) {
      const stored = storedAt.find((each) => each >= at);
      assert.ok(stored !== undefined, 'an example was never stored');
      slowestMs = Math.max(slowestMs, stored - at);
    }
    page = await context.newPage();
    await page.goto(url);
    await untilReady(page);
    losses.push(Math.max(0, shown - (await countOf(page, 1))));
  }
  const said = `lost in ${rounds} crashes: ${losses.join(', ')}; slowest store ${Math.round(slowestMs)} ms`;
  t.diagnostic(said);
  assert.ok(Math.max(...losses) <= 2, said);
});

test('a camera that is unplugged while a button is held ends the recording, and can be started again', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  await page.keyboard.down('1');
  await untilCountAtLeast(page, 1, 2);
  await page.evaluate(() => {
    // Browsers stop the track before they send the event.
    const [track] = document.getElementById('video').srcObject.getVideoTracks();
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  await page.locator('#camera-headline').filter({ hasText: 'The camera stopped' }).waitFor();
  await page.keyboard.up('1');
  assert.equal(await page.getByTestId('record-1').getAttribute('aria-pressed'), 'false');
  assert.equal(await page.getByTestId('prediction').isVisible(), false);
  await untilSaved(page);
  const count = await countOf(page, 1);
  await startCamera(page);
  await untilFrames(page, 5);
  assert.equal(await countOf(page, 1), count);
  await page.keyboard.press('1');
  await untilCount(page, 1, count + 1);
  assert.equal(await page.getByTestId('alert').isVisible(), false);
});

test('a camera whose permission is refused later is explained, and pictures still work', async (t) => {
  const { page } = await openReady(t, browser);
  await startCamera(page);
  await page.getByTestId('stop-camera').click();
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('made to fail', 'NotAllowedError'));
  });
  await page.getByTestId('start-camera').click();
  await page.locator('#camera-headline').filter({ hasText: 'blocked' }).waitFor();
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
});

test('a tab that is frozen while it records has stored what it was taught, and goes on when it is woken', async (t) => {
  const { page, url } = await openReady(t, browser);
  await startCamera(page);
  await page.keyboard.down('1');
  await untilCountAtLeast(page, 1, 3);
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await page.keyboard.up('1');
  const count = await countOf(page, 1);
  await page.keyboard.press('1');
  await untilCountAtLeast(page, 1, count + 1);
  await untilSaved(page);
  const last = await countOf(page, 1);
  // The way out and back, as the history does it.
  await page.goto('about:blank');
  await page.goBack();
  await untilReady(page);
  assert.equal(await countOf(page, 1), last);
  assert.equal(page.url(), url);
  assert.equal(await page.getByTestId('alert').isVisible(), false);
});

test('a page that returns from the back/forward cache asks before it overwrites what another tab has saved', async (t) => {
  const { page } = await openReady(t, browser);
  const blue = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, blue);
  await untilSaved(page);
  const comeBack = () =>
    page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await comeBack();
  await teach(page, 1, blue, 2);
  await untilSaved(page);
  // What another tab would do in a browser without locks.
  await page.evaluate(async () => {
    const database = await new Promise(
      (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
    );
    const store = database.transaction('lessons', 'readwrite').objectStore('lessons');
    const key = await new Promise(
      (resolve) => (store.getAllKeys().onsuccess = ({ target }) => resolve(target.result[0])),
    );
    const record = await new Promise((resolve) => (store.get(key).onsuccess = ({ target }) => resolve(target.result)));
    await new Promise((resolve) => (store.put({ ...record, version: 99 }, key).onsuccess = resolve));
    database.close();
  });
  await comeBack();
  await alertOf(page, /Which ones do you want to keep/).waitFor();
  await teach(page, 1, blue, 3);
  await page.getByRole('button', { name: 'Those of this tab' }).click();
  await untilSaved(page);
  await page.reload();
  await untilReady(page);
  assert.equal(await countOf(page, 1), 3);
});

test('the page asks its own server for its own files only, and after its start for code only', async (t) => {
  const context = await browser.newContext();
  const seen = [];
  context.on('request', (request) => seen.push(request));
  const sockets = [];
  const { page, url } = await openReady(t, { newContext: async () => context });
  page.on('websocket', (socket) => sockets.push(socket.url()));
  const describe = (request) => `${request.method()} ${request.url()}`;
  for (const request of seen) {
    assert.equal(request.method(), 'GET', describe(request));
    assert.equal(request.postData(), null, describe(request));
    assert.ok(request.url().startsWith(url) || request.url().startsWith('blob:'), describe(request));
    assert.match(
      new URL(request.url()).pathname,
      /^\/([\w-]+\.(js|css|svg|html))?$|^\/lib\/[\w./-]+\.(js|wasm|json|tflite|space|txt)$/,
    );
    assert.equal(new URL(request.url()).search, '');
  }
  const atStart = seen.length;
  assert.ok(atStart > 4, `${atStart} requests`);
  // Everything that a visitor may do.
  const picture = await makePicture(page, 'navy', 'disc');
  const text = { name: 'secret "><img src=x>.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
  await page.getByTestId('files-1').setInputFiles([picture, text]);
  await untilCount(page, 1, 1);
  await page.getByTestId('name-1').fill('<img src=//evil.example/x>');
  await page.getByTestId('name-1').press('Enter');
  await startCamera(page);
  await page.keyboard.down('2');
  await untilCountAtLeast(page, 2, 4);
  await page.keyboard.up('2');
  await page.getByTestId('test-file').setInputFiles(picture);
  await page.getByTestId('prediction').waitFor();
  for (const id of ['review', 'settings', 'map', 'takeaway', 'recording-options'])
    await page.getByTestId(id).locator('summary').first().click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-file').click()]);
  const buffer = await readFile(await download.path());
  await page.getByTestId('open-file').setInputFiles({ name: 'again.tmkn', mimeType: '', buffer });
  await page.getByTestId('status').filter({ hasText: 'Opened again.tmkn' }).waitFor();
  await page.getByTestId('undo').click();
  await untilSaved(page);
  // The decoder module is fetched for the first picture file, the threads' script after the first result, and parts of the page when they
  // are opened. A download is a blob: address of the page.
  const later = seen
    .slice(atStart)
    .map(describe)
    .filter((each) => !/ blob:/.test(each));
  for (const each of later)
    assert.match(
      each,
      /^GET http:\/\/localhost:\d+\/(lib\/(wasm\/[\w/-]+\.(js|wasm)|[\w-]+\.js)|part-[\w-]+\.js|networks?\.json)$/,
    );
  assert.deepEqual(sockets, []);
  t.diagnostic(`${atStart} requests at the start, ${later.length} later`);
});
