// What stands in the browser's database when the demo page starts: damaged records, other versions, and storage that goes away.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test, { after, before } from 'node:test';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import {
  alertOf,
  countOf,
  makePicture,
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

/** Runs in the page. Changes the only record. `journalOf` returns the values of journal entries. */
async function damageRecord(damage, journalOf) {
  const database = await new Promise(
    (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
  );
  const resultOf = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const transaction = database.transaction(['lessons', 'journal'], 'readwrite');
  const lessons = transaction.objectStore('lessons');
  const [[key], [record]] = await Promise.all([resultOf(lessons.getAllKeys()), resultOf(lessons.getAll())]);
  lessons.put(damage(record), key);
  journalOf().forEach((entry, index) => transaction.objectStore('journal').put(entry, [key, record.version, index]));
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  database.close();
}

/** Runs in the page. Returns the values of a store. */
async function valuesOf(name) {
  const database = await new Promise(
    (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
  );
  const request = database.transaction(name).objectStore(name).getAll();
  const values = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  database.close();
  return values;
}

/** Opens a page with two examples of class 1 and one of class 3, which are saved. */
async function openTaught(t) {
  const { page, url } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue]);
  await teach(page, 3, red);
  await untilSaved(page);
  return { page, url, blue, red };
}

const nothing = '() => []';

const repaired = {
  'NaN as version': { damage: '(record) => ({ ...record, version: NaN })', words: /the version of the record/ },
  'a text as version': { damage: "(record) => ({ ...record, version: 'x' })", words: /the version of the record/ },
  'no version': { damage: '({ file, places }) => ({ file, places })', words: /the version of the record/ },
  'an endless version': { damage: '(record) => ({ ...record, version: Infinity })', words: /the version/ },
  'null as places': { damage: '(record) => ({ ...record, places: null })', words: /the places of some classes/ },
  'a text as places': { damage: "(record) => ({ ...record, places: 'x' })", words: /the places of some classes/ },
  'two classes at one place': {
    damage: '(record) => ({ ...record, places: record.places.map(([name]) => [name, 1]) })',
    words: /the places of some classes/,
  },
  'places that are no numbers': {
    damage: '(record) => ({ ...record, places: record.places.map(([name]) => [name, {}]) })',
    words: /the places of some classes/,
  },
  'damaged journal entries': {
    damage: '(record) => record',
    journal: "() => [null, { changes: 'x' }, { changes: [{ kind: 'add' }, { kind: 'remove', id: 99 }] }]",
    words: /some changes/,
  },
};

test('damaged records are repaired, and their raw form is kept until the visitor discards it', {
  timeout: 120_000,
}, async (t) => {
  const { page, blue } = await openTaught(t);
  let count = 2;
  for (const [what, { damage, journal = nothing, words }] of Object.entries(repaired)) {
    await page.evaluate(`(${damageRecord})(${damage}, ${journal})`);
    await page.reload();
    await untilReady(page);
    const status = await page.getByTestId('status').textContent();
    assert.match(status, new RegExp(`${count + 1} examples from your last visit are back`), what);
    assert.deepEqual(
      [await slotsOf(page), await countOf(page, 1), await countOf(page, 3)],
      [[1, 2, 3], count, 1],
      what,
    );
    await alertOf(page, words).waitFor();
    const [{ damages }] = await page.evaluate(valuesOf, 'damaged');
    assert.match(damages.join(), words, what);
    await teach(page, 1, blue, ++count);
    await untilSaved(page);
    if (count === 3) {
      const button = page.getByRole('button', { name: 'Save the damaged record to a file' });
      const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
      const { 0: saved } = JSON.parse(await readFile(await download.path(), 'utf8'));
      assert.match(saved.damages.join(), words);
      assert.match(Buffer.from(saved.record.file.base64, 'base64').toString('latin1'), /Class 1/);
      // The next visit finds an intact record, and still offers the damaged one.
      await page.reload();
      await untilReady(page);
      assert.equal(await countOf(page, 1), count);
    }
    await page.getByRole('button', { name: 'Discard it' }).click();
    while ((await page.evaluate(valuesOf, 'damaged')).length > 0);
  }
  await page.reload();
  await untilReady(page);
  assert.deepEqual([await countOf(page, 1), await page.getByTestId('alert').isVisible()], [count, false]);
});

const unreadable = {
  null: '() => null',
  'a number': '() => 7',
  'a list': '() => [1, 2]',
  'no fields': '() => ({})',
  'a text as file': "(record) => ({ ...record, file: 'x' })",
  'an empty file': '(record) => ({ ...record, file: new Blob([]) })',
  'a file of something else': "(record) => ({ ...record, file: new Blob(['something else']) })",
  'the form of a newer version': '(record) => ({ ...record, format: 2 })',
};

test('records that cannot be read are explained, stay stored, can be saved to a file, and can be replaced', {
  timeout: 180_000,
}, async (t) => {
  const { page, blue } = await openTaught(t);
  for (const [what, damage] of Object.entries(unreadable)) {
    await page.evaluate(`(${damageRecord})(${damage}, ${nothing})`);
    const stored = JSON.stringify(await page.evaluate(valuesOf, 'lessons'));
    await page.reload();
    await untilReady(page);
    await alertOf(page, /cannot be opened: .+\. They stay stored, and new examples are not saved/).waitFor();
    assert.equal(await page.getByTestId('save-state').getAttribute('data-state'), 'unreadable', what);
    await teach(page, 2, blue);
    assert.equal(JSON.stringify(await page.evaluate(valuesOf, 'lessons')), stored, what);
    if (what === 'null') {
      const button = page.getByRole('button', { name: 'Save the stored ones to a file' });
      const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
      assert.ok(await readFile(await download.path()), what);
      // The alert is gone. The next visit shows it again.
      await page.reload();
      await untilReady(page);
    }
    await teach(page, 1, [blue, blue]);
    await page.getByRole('button', { name: 'Replace them' }).click();
    await untilSaved(page);
    assert.equal(await page.getByTestId('alert').isVisible(), false, what);
  }
  await page.reload();
  await untilReady(page);
  assert.deepEqual([await countOf(page, 1), await page.getByTestId('alert').isVisible()], [2, false]);
});

/** Other forms of the database. Each runs before the page's scripts, in a page of the same address. */
const databases = {
  'of the first version of the page': { version: 1, stores: ['lessons'] },
  'without any store': { version: 1, stores: [] },
  'of a much later version': { version: 77, stores: ['lessons', 'other'] },
};

for (const [what, { version, stores }] of Object.entries(databases)) {
  test(`a database ${what} is used`, async (t) => {
    const { page, url } = await openPage(t, browser, { path: 'icon.svg' });
    await page.evaluate(
      ([version, stores]) =>
        new Promise((resolve) => {
          const request = indexedDB.open('teachable-machine', version);
          request.onupgradeneeded = () => {
            for (const name of stores) request.result.createObjectStore(name);
          };
          request.onsuccess = () => resolve(request.result.close());
        }),
      [version, stores],
    );
    const address = new URL('/', url).href;
    await page.goto(address);
    await untilReady(page);
    await teach(page, 1, await makePicture(page, 'navy', 'disc'));
    await untilSaved(page);
    await page.goto(address);
    await untilReady(page);
    assert.deepEqual([await countOf(page, 1), await page.getByTestId('alert').isVisible()], [1, false]);
  });
}

test('when the browser clears the data while the page is open, everything is stored again', async (t) => {
  const { page, blue } = await openTaught(t);
  for (const clear of [
    () =>
      page.evaluate(
        () => new Promise((resolve) => (indexedDB.deleteDatabase('teachable-machine').onsuccess = resolve)),
      ),
    async () => {
      const session = await page.context().newCDPSession(page);
      await session.send('Storage.clearDataForOrigin', {
        origin: new URL(page.url()).origin,
        storageTypes: 'indexeddb',
      });
    },
  ]) {
    await clear();
    const count = (await countOf(page, 1)) + 1;
    await teach(page, 1, blue, count);
    await untilSaved(page);
    assert.equal(await page.getByTestId('alert').isVisible(), false);
    await page.reload();
    await untilReady(page);
    assert.deepEqual([await countOf(page, 1), await countOf(page, 3)], [count, 1]);
  }
});

test('when the browser has no space left, the visitor is told, and everything is stored when there is space again', async (t) => {
  const { page, url } = await openPage(t, browser, { path: 'icon.svg' });
  const { origin } = new URL(url);
  const session = await page.context().newCDPSession(page);
  // Set before the first access, because Chromium remembers for a while how much space there was.
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  await page.goto(`${origin}/`);
  await untilReady(page);
  const blue = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, blue);
  await alertOf(page, /no space left/).waitFor();
  assert.equal(await page.getByTestId('save-state').getAttribute('data-state'), 'failed');
  await teach(page, 1, blue, 2);
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await untilSaved(page);
  await page.reload();
  await untilReady(page);
  assert.equal(await countOf(page, 1), 2);
});

test('a database that another tab blocks keeps nobody from teaching, and everything is stored later', {
  timeout: 90_000,
}, async (t) => {
  const { page, url } = await openPage(t, browser, { path: 'icon.svg' });
  // A connection that is not closed blocks the page's stores.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const request = indexedDB.open('teachable-machine', 1);
        request.onupgradeneeded = () => request.result.createObjectStore('lessons');
        request.onsuccess = () => {
          window.connection = request.result;
          resolve();
        };
      }),
  );
  const second = await page.context().newPage();
  await second.addInitScript(() => {
    // What the page waits for the database, and between two tries, takes a tenth of the time.
    const { setTimeout } = window;
    window.setTimeout = (work, ms, ...args) => setTimeout(work, ms >= 2000 ? ms / 10 : ms, ...args);
  });
  await second.goto(new URL('/', url).href);
  await untilReady(second);
  await alertOf(second, /does not let the page store/).waitFor();
  await teach(second, 1, await makePicture(second, 'navy', 'disc'));
  await page.close();
  await untilSaved(second);
  await second.reload();
  await untilReady(second);
  await untilCount(second, 1, 1);
});

test('Firefox stores each example at once, repairs a damaged record, and goes on', { timeout: 120_000 }, async (t) => {
  const firefox = await openFirefox();
  t.after(() => firefox.close());
  const { page } = await openPage(t, firefox);
  const untilText = (selector, words) =>
    page.waitForFunction(
      (selector, words) => new RegExp(words).test(document.querySelector(selector)?.textContent ?? ''),
      selector,
      words,
    );
  const untilStored = () => page.waitForSelector('#save-state[data-state=saved]');
  const addPicture = () =>
    page.evaluate(async () => {
      const canvas = new OffscreenCanvas(100, 100);
      canvas.getContext('2d').fillRect(20, 20, 50, 30);
      const transfer = new DataTransfer();
      transfer.items.add(new File([await canvas.convertToBlob()], 'a.png', { type: 'image/png' }));
      const input = document.querySelector('[data-testid=files-1]');
      input.files = transfer.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
  await untilText('#status', 'Ready');
  await addPicture();
  await untilText('[data-testid=count-1]', '^1 example$');
  await untilStored();
  const damage = '(record) => ({ ...record, version: NaN, places: [[7, 7], null] })';
  await page.evaluate(`(${damageRecord})(${damage}, ${nothing})`);
  await page.reload();
  await untilText('#status', 'Ready.*1 example from your last visit is back');
  await untilText('#alert-text', 'the version of the record, the places of some classes');
  await addPicture();
  await untilText('[data-testid=count-1]', '^2 examples$');
  await untilStored();
  await page.reload();
  await untilText('#status', 'Ready.*2 examples from your last visit are back');
});
