// Persistence of the demo page's data set: after a reload, in files, with several tabs, and when the browser stores nothing.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test, { after, before } from 'node:test';
import { needsData } from '../support/data.mjs';
import { openBrowser } from '../support/open-page.mjs';
import {
  alertOf,
  areDrawn,
  breakWorker,
  countOf,
  drop,
  makePicture,
  openGallery,
  openReady,
  slotsOf,
  teach,
  untilCount,
  untilReady,
  untilSaved,
} from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Runs in the page. Returns the stored records, with each file as an array of bytes. */
async function readStore() {
  const database = await new Promise(
    (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
  );
  const store = database.transaction('lessons').objectStore('lessons');
  const resultOf = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const [keys, records] = await Promise.all([resultOf(store.getAllKeys()), resultOf(store.getAll())]);
  database.close();
  return Promise.all(
    records.map(async ({ version, file, places }, index) => ({
      key: keys[index],
      version,
      places,
      bytes: [...new Uint8Array(await file.arrayBuffer())],
    })),
  );
}

/** Runs in the page. Damages the file of the only record. */
async function damageStore() {
  const database = await new Promise(
    (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
  );
  const store = database.transaction('lessons').objectStore('lessons');
  const resultOf = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const [[key], [record]] = await Promise.all([resultOf(store.getAllKeys()), resultOf(store.getAll())]);
  const bytes = new Uint8Array(await record.file.arrayBuffer());
  bytes[bytes.length >> 1] ^= 1;
  const writing = database.transaction('lessons', 'readwrite');
  writing.objectStore('lessons').put({ ...record, file: new Blob([bytes]) }, key);
  await new Promise((resolve) => (writing.oncomplete = resolve));
  database.close();
}

/** Returns the number of values of an embedding, as the page shows it. */
async function embeddingSize(page) {
  return parseInt(await page.locator('#facts dd').filter({ hasText: 'numbers per picture' }).textContent(), 10);
}

/** Saves to a file and returns it. */
async function savedFile(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-file').click()]);
  return { name: download.suggestedFilename(), mimeType: '', buffer: await readFile(await download.path()) };
}

test('the next visit restores examples, thumbnails, names and slots', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue]);
  await teach(page, 3, red);
  await page.getByTestId('remove-2').click();
  await page.getByTestId('name-3').fill('Rot');
  await page.getByTestId('name-3').press('Enter');
  await untilSaved(page);
  await page.reload();
  await untilReady(page);
  assert.match(
    await page.getByTestId('status').textContent(),
    /3 examples from your last visit are back: Class 1, Rot\./,
  );
  assert.deepEqual(await slotsOf(page), [1, 3]);
  assert.deepEqual([await countOf(page, 1), await countOf(page, 3)], [2, 1]);
  assert.equal(await page.getByTestId('name-3').inputValue(), 'Rot');
  const examples = await openGallery(page, 1);
  await page.waitForFunction(() => document.querySelectorAll('.example canvas[width="96"]').length === 2);
  assert.deepEqual(await areDrawn(examples.locator('canvas')), [true, true]);
  await page.getByTestId('test-file').setInputFiles(red);
  await page.getByTestId('prediction').filter({ hasText: 'Rot' }).waitFor();
  // The file contains the names of the classes.
  assert.match((await savedFile(page)).buffer.toString('latin1'), /Rot/);
});

test('a change right before the page is hidden is saved, and the browser is asked for persistent storage', async (t) => {
  const countRequests = () => {
    window.persistRequests = 0;
    navigator.storage.persist = async () => ++window.persistRequests > 0;
  };
  const { page } = await openReady(t, browser, { init: countRequests });
  assert.equal(await page.evaluate(() => window.persistRequests), 0);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  // The browser sends this event when the visitor switches to another tab. It may close the hidden tab at any time.
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await untilSaved(page);
  assert.equal(await page.evaluate(() => window.persistRequests), 1);
  const [{ version, places }] = await page.evaluate(readStore);
  assert.equal(version, 1);
  assert.deepEqual(places, [
    ['Class 1', 1],
    ['Class 2', 2],
    ['Class 3', 3],
  ]); // prettier-ignore
});

/** Ways in which a browser refuses to store data. Each `init` runs in the page before its scripts. */
const storageTroubles = {
  'is refused': {
    words: /does not let the page store/,
    init: () => {
      indexedDB.open = () => {
        throw new DOMException('made to fail', 'SecurityError');
      };
    },
  },
  'is full': {
    words: /no space left/,
    init: () => {
      IDBObjectStore.prototype.put = function () {
        this.transaction.abort();
      };
      Object.defineProperty(IDBTransaction.prototype, 'error', {
        get: () => new DOMException('made to fail', 'QuotaExceededError'),
      });
    },
  },
};

for (const [what, { words, init }] of Object.entries(storageTroubles)) {
  test(`storage that ${what}: one alert explains it, teaching goes on, and a file saves everything`, async (t) => {
    const { page } = await openReady(t, browser, { init });
    await teach(page, 1, await makePicture(page, 'navy', 'disc'));
    await alertOf(page, words).waitFor();
    assert.equal(await page.getByTestId('save-state').getAttribute('data-state'), 'failed');
    await page.locator('#alert-close').click();
    await teach(page, 2, await makePicture(page, 'darkred', 'bar'));
    const file = await savedFile(page);
    await page.getByTestId('clear-1').click();
    await untilCount(page, 1, 0);
    await page.getByTestId('open-file').setInputFiles(file);
    await untilCount(page, 1, 1);
    // The alert appears only once. When the visitor leaves, the browser asks for confirmation.
    assert.equal(await page.getByTestId('alert').isVisible(), false);
    const dialogEvent = page.waitForEvent('dialog');
    await page.close({ runBeforeUnload: true });
    const dialog = await dialogEvent;
    assert.equal(dialog.type(), 'beforeunload');
    await dialog.dismiss();
  });
}

test('with two tabs, the first one saves; the second one says so, and saves when the first has closed', async (t) => {
  const { page: first, url } = await openReady(t, browser);
  const blue = await makePicture(first, 'navy', 'disc');
  await teach(first, 1, blue);
  await untilSaved(first);
  const second = await first.context().newPage();
  await second.goto(url);
  await untilReady(second);
  await alertOf(second, /already open in another tab/).waitFor();
  assert.equal(await countOf(second, 1), 1);
  await teach(first, 1, blue, 2);
  await untilSaved(first);
  await first.close();
  await untilCount(second, 1, 2);
  await untilSaved(second);
  await teach(second, 1, blue, 3);
  await untilSaved(second);
  await second.reload();
  await untilReady(second);
  assert.equal(await countOf(second, 1), 3);
});

test('after changes in two tabs, nothing is overwritten before the visitor chooses', async (t) => {
  const { page: first, url } = await openReady(t, browser);
  const blue = await makePicture(first, 'navy', 'disc');
  const second = await first.context().newPage();
  await second.goto(url);
  await untilReady(second);
  await teach(second, 2, blue);
  await teach(first, 1, [blue, blue]);
  await untilSaved(first);
  await first.close();
  await alertOf(second, /Which ones do you want to keep/).waitFor();
  const [before] = await second.evaluate(readStore);
  await teach(second, 2, blue, 2);
  assert.deepEqual(await second.evaluate(readStore), [before]);
  await second.getByRole('button', { name: 'Those of the other tab' }).click();
  await untilCount(second, 1, 2);
  assert.equal(await countOf(second, 2), 0);
  await untilSaved(second);
  // A wrong choice can be undone.
  await second.getByTestId('undo').click();
  await untilCount(second, 2, 2);
  await untilSaved(second);
  assert.equal((await second.evaluate(readStore))[0].version, before.version + 1);
});

test('a stored data set that cannot be opened is explained, and is replaced only when the visitor says so', async (t) => {
  const { page } = await openReady(t, browser);
  const blue = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, blue);
  await untilSaved(page);
  await page.evaluate(damageStore);
  const [damaged] = await page.evaluate(readStore);
  await page.reload();
  await untilReady(page);
  await alertOf(page, /cannot be opened: .+\. They stay stored/).waitFor();
  await teach(page, 2, blue);
  // The browser sends this event when the visitor leaves. The page then saves unsaved changes.
  await page.evaluate(() => window.dispatchEvent(new Event('pagehide')));
  assert.deepEqual(await page.evaluate(readStore), [damaged]);
  await page.getByRole('button', { name: 'Replace them' }).click();
  await untilSaved(page);
  await page.reload();
  await untilReady(page);
  assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [0, 1]);
});

test('each network has its own examples', async (t) => {
  const { page, url } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await untilSaved(page);
  const [{ key }] = await page.evaluate(readStore);
  // Moves the record to the key of another network.
  await page.evaluate(async (key) => {
    const database = await new Promise(
      (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
    );
    const store = database.transaction('lessons', 'readwrite').objectStore('lessons');
    const record = await new Promise((resolve) => (store.get(key).onsuccess = ({ target }) => resolve(target.result)));
    store.delete(key);
    await new Promise((resolve) => (store.put(record, 'other-network').onsuccess = resolve));
    database.close();
  }, key);
  await page.goto(url);
  await page
    .getByTestId('status')
    .filter({ hasText: /Ready.*other-network/ })
    .waitFor({ timeout: 30_000 });
  assert.equal(await countOf(page, 1), 0);
  await teach(page, 1, await makePicture(page, 'darkred', 'bar'));
  await untilSaved(page);
  assert.deepEqual((await page.evaluate(readStore)).map((each) => each.key).sort(), [key, 'other-network'].sort());
});

test(
  'examples of the last layer alone, from an earlier version, are kept until the visitor starts over',
  needsData,
  async (t) => {
    const { page, url } = await openReady(t, browser);
    const sizeNow = await embeddingSize(page);
    await page.goto(`${url}?layers=last`);
    await untilReady(page);
    assert.ok((await embeddingSize(page)) < sizeNow);
    await teach(page, 1, await makePicture(page, 'navy', 'disc'));
    await untilSaved(page);
    const file = await savedFile(page);

    await page.goto(url);
    await page.getByTestId('status').filter({ hasText: '1 example from your last visit is back' }).waitFor();
    assert.ok((await embeddingSize(page)) < sizeNow);
    await teach(page, 1, await makePicture(page, 'navy', 'disc'), 2);
    await page.getByTestId('start-over').click();
    await page.getByTestId('confirm-yes').click();
    await untilCount(page, 1, 0);
    await untilSaved(page);

    await page.goto(url);
    await untilReady(page);
    assert.equal(await embeddingSize(page), sizeNow);
    assert.doesNotMatch(await page.getByTestId('status').textContent(), /another network/);
    await teach(page, 2, await makePicture(page, 'darkred', 'bar'));
    await untilSaved(page);

    // An earlier file is not lost either: the page can be switched over, and back.
    await drop(page, file);
    await alertOf(page, 'embeddings of its last layer alone').getByRole('button', { name: 'Switch over' }).click();
    await page.waitForURL(/layers=last/);
    await untilReady(page);
    await drop(page, file);
    await page.getByTestId('status').filter({ hasText: 'Opened examples' }).waitFor();
    await untilCount(page, 1, 1);
    await page.goto(url);
    await page.getByTestId('status').filter({ hasText: '1 example from your last visit is back' }).waitFor();
    assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [0, 1]);
  },
);

test('a saved file restores everything when it is dropped on the page, and undo restores the state before', async (t) => {
  const { page } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await teach(page, 2, await makePicture(page, 'darkred', 'bar'));
  await page.getByTestId('name-1').fill('Blau');
  await page.getByTestId('name-1').press('Enter');
  const file = await savedFile(page);
  assert.match(file.name, /^examples \d{4}-\d\d-\d\d\.tmkn$/);
  await page.getByTestId('start-over').click();
  await page.getByTestId('confirm-no').click();
  assert.equal(await countOf(page, 1), 1);
  await page.getByTestId('start-over').click();
  await page.getByTestId('confirm-yes').click();
  await untilCount(page, 1, 0);
  assert.equal(await page.getByTestId('name-1').inputValue(), 'Class 1');
  await drop(page, file);
  await page.getByTestId('status').filter({ hasText: 'Opened examples' }).waitFor();
  assert.deepEqual(
    [await page.getByTestId('name-1').inputValue(), await countOf(page, 1), await countOf(page, 2)],
    ['Blau', 1, 1],
  );
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 0);
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 1);
  const examples = await openGallery(page, 1);
  await page.waitForFunction(() => document.querySelector('.example canvas').width === 96);
  assert.deepEqual(await areDrawn(examples.locator('canvas')), [true]);
});

test('a file that is damaged, of another network, or not a data set is explained and changes nothing', async (t) => {
  const { page } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  const file = await savedFile(page);
  const damaged = Buffer.from(file.buffer);
  damaged[damaged.length >> 1] ^= 1;
  const text = (value) => Buffer.from(JSON.stringify(value));
  for (const [name, buffer] of [
    ['damaged.tmkn', damaged],
    ['cut.tmkn', file.buffer.subarray(0, 100)],
    ['empty.tmkn', Buffer.alloc(0)],
    [
      'other.json',
      text({
        format: 'teachable-wasm',
        version: 1,
        model: { id: 'other', sha256: '00' },
        embeddingSize: 2,
        classes: [],
      }),
    ],
    ['odd.json', text({ a: [1, 2, 3] })],
  ]) {
    await page.getByTestId('open-file').setInputFiles({ name, mimeType: '', buffer });
    await alertOf(page, `${name}: `).waitFor();
    await page.locator('#alert-close').click();
    assert.equal(await countOf(page, 1), 1);
  }
});

test('after a worker failure, all examples and thumbnails are restored, whether saved or not', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue, blue]);
  await untilSaved(page);
  // Changes after the last save: an example is removed and restored, and a class is renamed.
  const examples = await openGallery(page, 1);
  await examples.first().click();
  await untilCount(page, 1, 2);
  await page.getByTestId('undo').click();
  await untilCount(page, 1, 3);
  await page.getByTestId('name-2').fill('Rot');
  await page.getByTestId('name-2').press('Enter');
  await teach(page, 2, red);
  await breakWorker(page);
  await page.getByTestId('test-file').setInputFiles(red);
  await alertOf(page, 'started again').waitFor();
  await page.getByTestId('prediction').filter({ hasText: 'Rot' }).waitFor({ timeout: 30_000 });
  assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [3, 1]);
  assert.deepEqual(await areDrawn(examples.locator('canvas')), [true, true, true]);
  // The new engine uses the same ids: an example can be removed, and the data set can be saved.
  await examples.first().click();
  await untilCount(page, 1, 2);
  await untilSaved(page);
  await page.reload();
  await untilReady(page);
  assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [2, 1]);
});
