// Projects of the demo page: several by name, with examples of their own, over reloads, tabs and errors of the browser's database.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser } from '../support/open-page.mjs';
import { alertOf, countOf, makePicture, openReady, teach, untilCount, untilReady, untilSaved } from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Opens the menu of the projects. */
async function openMenu(page) {
  await page.getByTestId('project-button').click();
  await page.getByTestId('project-choice').first().waitFor();
}

/** Returns the names in the list of projects. The menu must be open. */
const listed = (page) => page.getByTestId('project-choice').locator('.project-name').allTextContents();

/** Does something that reloads the page, and waits until it is ready again. */
async function untilReloaded(page, act) {
  await Promise.all([page.waitForEvent('framenavigated'), act()]);
  await untilReady(page);
}

/** Gives the open project a name, in the open menu. */
async function rename(page, name) {
  await page.getByTestId('project-name').fill(name);
  await page.getByTestId('project-name').press('Enter');
  await page.getByTestId('project-button').filter({ hasText: name }).waitFor();
}

/** Runs in the page. Resolves to the stored record of the project with this name. */
async function storedProject(name) {
  const database = await new Promise(
    (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
  );
  const request = database.transaction('projects').objectStore('projects').getAll();
  const records = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  database.close();
  return records.find((each) => each?.project?.name === name);
}

/** Waits until a project with this name is stored. */
async function untilStored(page, name) {
  await page.waitForFunction(`(${storedProject})(${JSON.stringify(name)})`);
}

test('projects are made, renamed, opened again with their examples, and listed with the last opened first', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue]);
  await untilSaved(page);
  assert.equal(await page.getByTestId('project-button').textContent(), 'My project');
  await openMenu(page);
  await rename(page, 'Blue things');
  await openMenu(page);
  await untilReloaded(page, () => page.getByTestId('project-new').click());
  assert.equal(await page.getByTestId('project-button').textContent(), 'Project 2');
  assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [0, 0]);
  await teach(page, 2, red);
  await untilSaved(page);
  await openMenu(page);
  assert.deepEqual(await listed(page), ['Project 2', 'Blue things']);
  await rename(page, 'Red ones');
  // The next visit opens what was opened last; so does a reload.
  await untilStored(page, 'Red ones');
  await untilReloaded(page, () => page.reload());
  assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [0, 1]);
  await openMenu(page);
  await untilReloaded(page, () => page.getByTestId('project-choice').filter({ hasText: 'Blue things' }).click());
  assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [2, 0]);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await untilReady(other);
  assert.equal(await other.getByTestId('project-button').textContent(), 'Blue things');
  await openMenu(page);
  assert.deepEqual(await listed(page), ['Blue things', 'Red ones']);
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'project-button');
  assert.equal(await page.getByTestId('project-menu').isHidden(), true);
});

test('a copy has all examples, also those that wait in the journal, and goes its own way', async (t) => {
  const { page } = await openReady(t, browser);
  const picture = await makePicture(page, 'navy', 'disc');
  await teach(page, 1, [picture, picture, picture]);
  await openMenu(page);
  await untilReloaded(page, () => page.getByTestId('project-duplicate').click());
  assert.equal(await page.getByTestId('project-button').textContent(), 'My project (copy)');
  assert.equal(await countOf(page, 1), 3);
  await teach(page, 1, picture, 4);
  await untilSaved(page);
  await openMenu(page);
  await untilReloaded(page, () => page.getByTestId('project-choice').nth(1).click());
  assert.equal(await countOf(page, 1), 3);
});

test('a deleted project comes back by Undo, and later from the list of deleted ones, until it is removed for good', async (t) => {
  const { page } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await untilSaved(page);
  await openMenu(page);
  // It is the only one, so a new one takes its place.
  await untilReloaded(page, () => page.getByTestId('project-delete').click());
  assert.equal(await countOf(page, 1), 0);
  const undo = alertOf(page, 'Deleted the project My project.').getByRole('button', { name: 'Undo' });
  await untilReloaded(page, () => undo.click());
  assert.equal(await countOf(page, 1), 1);
  await openMenu(page);
  await untilReloaded(page, () => page.getByTestId('project-delete').click());
  await untilReloaded(page, () => page.reload());
  assert.equal(await page.getByTestId('alert').isHidden(), true);
  await openMenu(page);
  await page.getByTestId('deleted-projects').locator('summary').click();
  await untilReloaded(page, () => page.getByRole('button', { name: 'Restore My project', exact: true }).click());
  assert.equal(await countOf(page, 1), 1);
  await openMenu(page);
  await untilReloaded(page, () => page.getByTestId('project-delete').click());
  await openMenu(page);
  await page.getByTestId('deleted-projects').locator('summary').click();
  await page.getByRole('button', { name: 'Remove My project for good' }).click();
  await page.getByTestId('confirm-yes').click();
  await page.getByTestId('deleted-projects').waitFor({ state: 'hidden' });
  const keys = await page.evaluate(async () => {
    const database = await new Promise(
      (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
    );
    const transaction = database.transaction(['lessons', 'journal']);
    const requests = ['lessons', 'journal'].map((name) => transaction.objectStore(name).getAllKeys());
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
    return requests.flatMap(({ result }) => result.map((key) => [key].flat()[0]));
  });
  assert.ok(
    keys.every((key) => key.includes(' / project ')),
    String(keys),
  );
});

test('examples of an earlier version of the page are the first project', async (t) => {
  const { page } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await untilSaved(page);
  // Earlier versions had no such store.
  await page.goto(`${page.url()}icon.svg`);
  await page.evaluate(async () => {
    const open = (version, upgrade) =>
      new Promise((resolve) => {
        const request = indexedDB.open('teachable-machine', version);
        request.onupgradeneeded = () => upgrade(request.result);
        request.onsuccess = () => resolve(request.result);
      });
    const database = await open();
    database.close();
    (await open(database.version + 1, (each) => each.deleteObjectStore('projects'))).close();
    sessionStorage.clear();
  });
  await page.goBack();
  await untilReady(page);
  assert.deepEqual([await countOf(page, 1), await page.getByTestId('project-button').textContent()], [1, 'My project']);
  await openMenu(page);
  assert.deepEqual(await listed(page), ['My project']);
});

test('a killed tab loses neither name nor examples', async (t) => {
  const { page } = await openReady(t, browser);
  await openMenu(page);
  await untilReloaded(page, () => page.getByTestId('project-new').click());
  await openMenu(page);
  await rename(page, 'Kept');
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await untilSaved(page);
  await untilStored(page, 'Kept');
  const session = await page.context().newCDPSession(page);
  // The renderer ends without any event in the page, and nothing answers the call.
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => {});
  await crashed;
  const next = await page.context().newPage();
  await next.goto(page.url());
  await untilReady(next);
  assert.deepEqual([await next.getByTestId('project-button').textContent(), await countOf(next, 1)], ['Kept', 1]);
});

test('when the browser has no space for the settings, the visitor is told, and a later try stores them', async (t) => {
  const failWrites = () => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...args) {
      const request = put.apply(this, args);
      if (this.name === 'projects' && window.isFull) {
        Object.defineProperty(this.transaction, 'error', {
          value: new DOMException('made to fail', 'QuotaExceededError'),
        });
        this.transaction.abort();
      }
      return request;
    };
  };
  const { page } = await openReady(t, browser, { init: failWrites });
  await page.evaluate(() => (window.isFull = true));
  await openMenu(page);
  await rename(page, 'Too much');
  await page.getByTestId('project-note').filter({ hasText: 'no space left' }).waitFor();
  // The page goes on, and examples are stored.
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await untilSaved(page);
  await page.evaluate(() => (window.isFull = false));
  await page.getByTestId('project-note').waitFor({ state: 'hidden' });
  await untilStored(page, 'Too much');
});

test('a damaged record is repaired and kept, and the visitor is told', async (t) => {
  const { page } = await openReady(t, browser);
  await openMenu(page);
  await rename(page, 'Broken');
  await untilStored(page, 'Broken');
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await untilSaved(page);
  await page.evaluate(async () => {
    const database = await new Promise(
      (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
    );
    const transaction = database.transaction('projects', 'readwrite');
    const store = transaction.objectStore('projects');
    const reading = store.get('');
    reading.onsuccess = () =>
      store.put({ ...reading.result, project: { ...reading.result.project, settings: 'x', order: null } }, '');
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
  });
  await untilReloaded(page, () => page.reload());
  const alert = alertOf(page, 'some settings, the order of the classes');
  await alert.waitFor();
  assert.deepEqual([await countOf(page, 1), await page.getByTestId('project-button').textContent()], [1, 'Broken']);
  await alert.getByRole('button', { name: 'Discard it' }).click();
  await page.waitForFunction(async () => {
    const database = await new Promise(
      (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
    );
    const counting = database.transaction('damaged').objectStore('damaged').count();
    const count = await new Promise((resolve) => (counting.onsuccess = () => resolve(counting.result)));
    database.close();
    return count === 0;
  });
  await untilReloaded(page, () => page.reload());
  assert.equal(await page.getByTestId('alert').isHidden(), true);
});

test('of two tabs with the same project, one stores; other projects are free', async (t) => {
  const { page } = await openReady(t, browser);
  const second = await page.context().newPage();
  await second.goto(page.url());
  await untilReady(second);
  await second.getByTestId('project-note').filter({ hasText: 'another tab' }).waitFor();
  await openMenu(second);
  await second.getByTestId('project-new').click();
  // Nothing of it is stored twice: the new project belongs to the second tab.
  await second.getByTestId('project-button').filter({ hasText: 'Project 2' }).waitFor();
  await untilReady(second);
  await teach(second, 1, await makePicture(second, 'darkred', 'bar'));
  await untilSaved(second);
  assert.equal(await second.getByTestId('project-note').isHidden(), true);
  await teach(page, 2, await makePicture(page, 'navy', 'disc'));
  await untilSaved(page);
  assert.deepEqual([await countOf(page, 1), await countOf(page, 2)], [0, 1]);
  await untilReloaded(second, () => second.reload());
  assert.deepEqual([await countOf(second, 1), await countOf(second, 2)], [1, 0]);
  await untilCount(page, 2, 1);
});
