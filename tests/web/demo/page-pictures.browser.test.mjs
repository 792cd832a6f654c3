// Pictures of the demo page in folders and archives: opened, skipped, stopped, saved, and taught again.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { openBrowser } from '../support/open-page.mjs';
import { alertOf, drop, makePicture, openReady, teach, untilCount, untilReady, untilSaved } from './demo-page.mjs';

const { openZip, writeZip } = await importTs('../demo/zip/read-zip', '../demo/zip/write-zip');
const limits = { entries: 1000, fileBytes: 1 << 24, totalBytes: 1 << 26 };

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

const status = (page, words) => page.getByTestId('status').filter({ hasText: words });

/** Returns names and example counts of all classes, in the order of the page. */
const classesOf = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.card')].map(
      (card) => `${card.querySelector('.name').value} ${parseInt(card.querySelector('.count').textContent, 10)}`,
    ),
  );

async function openMenu(page) {
  await page.getByTestId('project-button').click();
  await page.getByTestId('project-choice').first().waitFor();
}

/** Saves a file by a button of the menu, and returns it. */
async function saved(page, button) {
  await openMenu(page);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(button).click()]);
  return {
    name: download.suggestedFilename(),
    mimeType: 'application/zip',
    buffer: await readFile(await download.path()),
  };
}

async function zipOf(name, files) {
  const zip = await writeZip(files);
  return { name, mimeType: 'application/zip', buffer: Buffer.from(await zip.arrayBuffer()) };
}

test('an archive becomes classes, what is skipped is named, and one Undo takes all back', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  const zip = await zipOf('pets.zip', [
    { path: 'Cat/0.png', bytes: blue.buffer },
    { path: 'Cat/1.png', bytes: blue.buffer },
    { path: 'Dog/old/0.png', bytes: red.buffer },
    { path: 'Dog/broken.jpg', bytes: Buffer.from('no picture') },
    { path: 'Dog/notes.txt', bytes: Buffer.from('text') },
    { path: 'beside.png', bytes: red.buffer },
    { path: '__MACOSX/Cat/._0.png', bytes: Buffer.from('x') },
  ]);
  await drop(page, zip);
  await status(page, 'Added 3 of 6 pictures to Cat, Dog.').waitFor();
  assert.deepEqual(await classesOf(page), ['Cat 2', 'Dog 1']);
  const alert = await alertOf(page, 'Skipped 3 of 6 files.').textContent();
  assert.match(alert, /Dog\/notes\.txt: This is no picture\./);
  assert.match(alert, /beside\.png: It lies beside/);
  assert.match(alert, /Dog\/broken\.jpg: /);
  assert.doesNotMatch(alert, /MACOSX/);
  assert.equal(await page.getByTestId('import-progress').count(), 0);
  await untilSaved(page);
  await page.getByTestId('undo').click();
  await status(page, 'Undone: opening of pets.zip').waitFor();
  assert.deepEqual((await classesOf(page)).sort(), ['Class 1 0', 'Class 2 0', 'Class 3 0']);
});

test('archives that cannot be read change nothing and say why', async (t) => {
  const { page } = await openReady(t, browser);
  await drop(page, { name: 'a.zip', mimeType: '', buffer: Buffer.from('not a zip') });
  await alertOf(page, 'a.zip: This is no zip file').waitFor();
  await drop(page, await zipOf('b.tm', [{ path: 'manifest.json', bytes: Buffer.from('{}') }]));
  await alertOf(page, 'b.tm contains no pictures.').waitFor();
  assert.deepEqual(await classesOf(page), ['Class 1 0', 'Class 2 0', 'Class 3 0']);
});

test('a folder becomes classes; a stopped import keeps what was added', async (t) => {
  const { page } = await openReady(t, browser);
  const { buffer } = await makePicture(page, 'navy', 'disc');
  const folder = await mkdtemp(path.join(tmpdir(), 'pictures-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const name of ['left', 'right']) await mkdir(path.join(folder, name));
  for (let n = 0; n < 3; n++) await writeFile(path.join(folder, 'left', `${n}.png`), buffer);
  for (let n = 0; n < 40; n++) await writeFile(path.join(folder, 'right', `${n}.png`), buffer);
  await openMenu(page);
  // The button goes away with the last picture, so the page presses it after the first one.
  await page.evaluate(() => {
    new MutationObserver((_, observer) => {
      const counts = [...document.querySelectorAll('.count')].map(({ textContent }) => parseInt(textContent, 10));
      if (!counts.some((count) => count > 0)) return;
      observer.disconnect();
      document.querySelector('[data-testid=import-stop]').click();
    }).observe(document.getElementById('classes'), { childList: true, subtree: true, characterData: true });
  });
  await page.getByTestId('import-folder').setInputFiles(folder);
  await status(page, 'Stopped.').waitFor();
  const classes = await classesOf(page);
  const total = classes.reduce((sum, each) => sum + Number(each.split(' ').at(-1)), 0);
  assert.ok(total > 0 && total < 43, String(classes));
  await page.getByTestId('undo').click();
  await status(page, 'Undone').waitFor();
  assert.deepEqual((await classesOf(page)).sort(), ['Class 1 0', 'Class 2 0', 'Class 3 0']);
});

test('pictures that were saved open as the same classes, in the size of the network or whole', async (t) => {
  const { page } = await openReady(t, browser);
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await page.getByTestId('name-1').fill('a/b');
  await page.getByTestId('name-1').press('Enter');
  await teach(page, 1, [blue, blue]);
  await page.locator('#settings > summary').click();
  await page.getByTestId('picture-sizes').filter({ hasText: 'Pictures of this project: 2' }).waitFor();
  await page.getByTestId('keep-full-pictures').check();
  await teach(page, 2, red);
  await untilSaved(page);
  const file = await saved(page, 'export-pictures');
  const { entries } = await openZip(new Blob([file.buffer]), limits);
  assert.deepEqual(
    entries.map((each) => each.path),
    ['a_b/001.jpg', 'a_b/002.jpg', 'Class 2/001.jpg'],
  );
  const sizes = await page.evaluate(
    (files) =>
      Promise.all(
        files.map(async (bytes) => {
          const { width, height } = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          return `${width} x ${height}`;
        }),
      ),
    await Promise.all(entries.map(async (each) => [...(await each.read())])),
  );
  assert.deepEqual(sizes, ['224 x 224', '224 x 224', '200 x 200']);
  await openMenu(page);
  await Promise.all([page.waitForEvent('framenavigated'), page.getByTestId('project-new').click()]);
  await untilReady(page);
  await page.getByTestId('open-file').setInputFiles(file);
  await status(page, 'Added 3 of 3').waitFor();
  assert.deepEqual(await classesOf(page), ['a/b 2', 'Class 2 1']);
});

test('all projects are saved to one file and come back from it in another browser', async (t) => {
  const { page } = await openReady(t, browser);
  await teach(page, 1, await makePicture(page, 'navy', 'disc'));
  await openMenu(page);
  await page.getByTestId('project-name').fill('First');
  await page.getByTestId('project-name').press('Enter');
  await untilSaved(page);
  await openMenu(page);
  await Promise.all([page.waitForEvent('framenavigated'), page.getByTestId('project-new').click()]);
  await untilReady(page);
  const picture = await makePicture(page, 'darkred', 'bar');
  await teach(page, 2, [picture, picture]);
  const file = await saved(page, 'export-all');
  await status(page, 'Saved 2 projects').waitFor();
  const { entries } = await openZip(new Blob([file.buffer]), limits);
  assert.deepEqual(entries.map((each) => each.path).sort(), [
    'First/examples.tmkn',
    'First/project.json',
    'Project 2/examples.tmkn',
    'Project 2/project.json',
    'projects.json',
  ]);
  const { page: next } = await openReady(t, browser);
  await drop(next, file);
  await alertOf(next, 'Added: Project 2, First.').waitFor();
  assert.deepEqual(await classesOf(next), ['Class 1 0', 'Class 2 0', 'Class 3 0']);
  for (const [name, slot, count] of [
    ['First', 1, 1],
    ['Project 2', 2, 2],
  ]) {
    // prettier-ignore
    await openMenu(next);
    const choice = next.getByTestId('project-choice').filter({ hasText: name });
    await Promise.all([next.waitForEvent('framenavigated'), choice.click()]);
    await untilReady(next);
    await untilCount(next, slot, count);
  }
});

test('when the page starts again with the same network, its examples are back and nothing is offered', async (t) => {
  const { page } = await openReady(t, browser, { path: '?layers=last' });
  const [blue, red] = [await makePicture(page, 'navy', 'disc'), await makePicture(page, 'darkred', 'bar')];
  await teach(page, 1, [blue, blue]);
  await teach(page, 2, red);
  await untilSaved(page);
  await page.locator('#settings > summary').click();
  await page.locator('#network-list option').first().waitFor({ state: 'attached' });
  await Promise.all([
    page.waitForEvent('framenavigated'),
    page.evaluate(() => document.getElementById('network-list').dispatchEvent(new Event('change'))),
  ]);
  await untilReady(page);
  await untilCount(page, 1, 2);
  assert.equal(await page.getByTestId('alert').isHidden(), true);
});
