// Each feature of the demo page, in every engine: one visit to the folder of `npm run build:demo`, on a host that sends no headers.
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { scratchFolder } from '../support/data.mjs';
import { drawShape } from '../support/draw.mjs';
import { openEngines } from '../support/engines.mjs';
import { openFirefox } from '../support/firefox.mjs';
import { importTs } from '../support/import-ts.mjs';
import { killLargestPage } from '../support/kill-page.mjs';
import { openBrowser } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';
import { checkRequests, click, openHosted, subPath, untilCount, untilReady, variantOf } from './hosted-page.mjs';

const { writeZip } = await importTs('../demo/zip/write-zip');
const { everyEngine } = openEngines({ Chromium: openBrowser, Firefox: openFirefox, WebKit: openWebKit });

/** What the scene shows, in the order of the classes. */
const things = ['cup', 'cactus', 'books'];

const byTestId = (id) => `[data-testid=${id}]`;

/** Waits until an element has a text. `words` is the source of a regular expression. */
const untilText = (page, selector, words) =>
  page.waitForFunction(
    ([selector, words]) => new RegExp(words).test(document.querySelector(selector)?.textContent ?? ''),
    [selector, words],
  );

/** Waits until the examples are stored in the browser. */
const untilSaved = (page) => page.waitForSelector('#save-state[data-state=saved]');

/** Sets a field, as a visitor does: a value, or true or false for a check box. */
const set = (page, testId, value) =>
  page.evaluate(
    ([testId, value]) => {
      const field = document.querySelector(`[data-testid=${testId}]`);
      field[typeof value === 'boolean' ? 'checked' : 'value'] = value;
      for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
    },
    [testId, value],
  );

const openDrawer = (page, id) => page.evaluate((id) => void (document.getElementById(id).open = true), id);

const countsOf = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.card .count')].map(({ textContent }) => parseInt(textContent, 10)),
  );

const namesOf = (page) => page.evaluate(() => [...document.querySelectorAll('.card .name')].map(({ value }) => value));

/** Does something that loads the page again, and waits until it is ready. */
async function untilReloaded(page, act) {
  await page.evaluate(() => void (globalThis.isOldPage = true));
  await act();
  await page.waitForFunction(() => !globalThis.isOldPage);
  await untilReady(page);
}

/** Shows a thing of the scene: 'cup', 'cactus' or 'books'. */
const showThing = (page, thing) =>
  page.evaluate((thing) => document.querySelector(`#things input[value=${thing}]`).click(), thing);

/** Presses or releases the record button of a class by its key. */
const key = (page, slot, type) =>
  page.evaluate(
    ([slot, type]) =>
      void document
        .querySelector(`[data-testid=record-${slot}]`)
        .dispatchEvent(new KeyboardEvent(type, { key: ' ', bubbles: true, cancelable: true })),
    [slot, type],
  );

const untilCountAtLeast = (page, slot, count) =>
  page.waitForFunction(
    ([slot, count]) => parseInt(document.querySelector(`[data-testid=count-${slot}]`).textContent, 10) >= count,
    [slot, count],
  );

const untilPressed = (page, slot, pressed) =>
  page.waitForSelector(`[data-testid=record-${slot}][aria-pressed=${pressed}]`);

/** Calls `act` and returns the file that the page then gives to the visitor. */
async function saved(page, act) {
  await page.evaluate(() => {
    globalThis.savedFile = undefined;
    // A window that the test drives has no folder for downloads.
    HTMLAnchorElement.prototype.click = () => {};
    const { createObjectURL } = URL;
    URL.createObjectURL = (file) => {
      globalThis.savedFile = file;
      URL.createObjectURL = createObjectURL;
      return createObjectURL.call(URL, file);
    };
  });
  await act();
  await page.waitForFunction(() => globalThis.savedFile !== undefined);
  const base64 = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.replace(/.*,/, ''));
        reader.readAsDataURL(globalThis.savedFile);
      }),
  );
  return Buffer.from(base64, 'base64');
}

/** The steps of the visit, in their order. */
const visit = {
  async 'the scene teaches three classes: by a burst, by taps, and by the timer'({ page }) {
    assert.equal(await page.evaluate(() => document.getElementById('use-camera').hidden), true);
    await page.click(byTestId('start-scene'));
    assert.equal(await page.evaluate(() => document.activeElement.value), 'cup');
    await openDrawer(page, 'recording-options');
    await page.waitForSelector(byTestId('recording-toggle'));
    await set(page, 'recording-perSecond', '10');
    await set(page, 'recording-maxExamples', '10');
    await key(page, 1, 'keydown');
    await untilCount(page, 1, 10);
    await untilPressed(page, 1, false);
    await key(page, 1, 'keyup');
    await set(page, 'recording-toggle', true);
    await showThing(page, 'cactus');
    await click(page, 'record-2');
    await untilPressed(page, 2, true);
    await untilCountAtLeast(page, 2, 4);
    await click(page, 'record-2');
    await untilPressed(page, 2, false);
    await set(page, 'recording-toggle', false);
    await set(page, 'recording-maxExamples', '0');
    await set(page, 'recording-delaySeconds', '3');
    await set(page, 'recording-durationSeconds', '2');
    await showThing(page, 'books');
    await click(page, 'record-3');
    await untilText(page, byTestId('countdown'), '3');
    await page.waitForSelector('.countdown[data-recording]');
    await untilCountAtLeast(page, 3, 4);
    await untilPressed(page, 3, false);
    for (const name of ['delaySeconds', 'durationSeconds', 'perSecond']) await set(page, `recording-${name}`, '0');
  },

  async 'each thing is recognised, also in the zoomed preview'({ page }) {
    for (const [index, thing] of things.entries()) {
      await showThing(page, thing);
      await untilText(page, byTestId('prediction'), `Class ${index + 1}`);
    }
    await set(page, 'recording-zoom', '1.2');
    await page.waitForSelector('#preview[data-zoomed]');
    await untilText(page, byTestId('prediction'), 'Class 3');
    await set(page, 'recording-zoom', '1');
  },

  async 'a class that wins says words, plays a sound, shows an emoji, also in the show view, and sends an event'({
    page,
  }) {
    await page.evaluate(() => {
      // Browsers of tests have no voices and no loudspeaker.
      globalThis.outputs = [];
      globalThis.SpeechSynthesisUtterance = class {
        constructor(text) {
          this.text = text;
        }
      };
      const speak = ({ text }) => globalThis.outputs.push(`says ${text}`);
      const getVoices = () => [{ lang: 'en-US', localService: true, default: true }];
      Object.defineProperty(globalThis, 'speechSynthesis', { value: { getVoices, speak, cancel() {} } });
      Object.defineProperty(AudioContext.prototype, 'state', { value: 'running' });
      const { start } = AudioScheduledSourceNode.prototype;
      AudioScheduledSourceNode.prototype.start = function (...args) {
        globalThis.outputs.push('plays');
        return start.apply(this, args);
      };
      addEventListener('teachable-machine', ({ detail: { type, label } }) => {
        if (type !== 'prediction') globalThis.outputs.push(`${type} ${label}`);
      });
    });
    await click(page, 'output-1');
    await page.waitForSelector(byTestId('output-editor'));
    for (const part of ['speech', 'sound', 'picture']) await set(page, `output-${part}-on`, true);
    await set(page, 'output-words', 'A cup');
    await set(page, 'output-emoji', '☕');
    await click(page, 'output-done');
    await page.evaluate(() => void globalThis.outputs.splice(0));
    await page.click(byTestId('show-view'));
    await page.waitForSelector('[data-show]');
    await showThing(page, 'cup');
    await page.waitForFunction(() =>
      ['start Class 1', 'says A cup', 'plays'].every((each) => globalThis.outputs.includes(each)),
    );
    await untilText(page, byTestId('output-stage'), '☕');
    await click(page, 'show-exit');
    await page.waitForFunction(() => !document.querySelector('[data-show]'));
    await showThing(page, 'cactus');
    await page.waitForFunction(() => globalThis.outputs.includes('stop Class 1'));
    await untilText(page, byTestId('output-stage'), '^$');
  },

  async 'map, confusion matrix, lines of confidence, times, benchmark and diagnostics'({ page }) {
    const total = (await countsOf(page)).reduce((sum, count) => sum + count);
    await openDrawer(page, 'map');
    await page.waitForSelector(`[data-testid=map-canvas][data-examples="${total}"]:not([data-frame=""])`);
    await openDrawer(page, 'review');
    await page.waitForSelector(`${byTestId('confusion')} [data-right=true]`);
    await page.evaluate(() => document.querySelector('[data-testid=confusion] [data-right=true]').click());
    await page.waitForSelector(`${byTestId('confusion-examples')} canvas:not([data-blank])`);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.sparkline')].every((line) => Number(line.dataset.points) > 3),
    );
    await openDrawer(page, 'technical-details');
    await page.waitForFunction(() => Number(document.querySelector('.step-times')?.dataset.frames) > 5);
    await click(page, 'benchmark');
    await page.waitForSelector(`${byTestId('benchmark-result')} .step-times[data-frames="100"]`);
    await click(page, 'copy-diagnostics');
    await untilText(page, byTestId('diagnostics-state'), '\\S');
    for (const id of ['map', 'review', 'technical-details'])
      await page.evaluate((id) => void (document.getElementById(id).open = false), id);
  },

  async 'settings: threshold, neighbours and steadiness'({ page }) {
    await openDrawer(page, 'settings');
    await set(page, 'unknown', '95');
    await showThing(page, 'books');
    await set(page, 'recording-zoom', '4');
    await untilText(page, byTestId('prediction'), 'Unknown');
    await set(page, 'recording-zoom', '1');
    await set(page, 'unknown', '0');
    await set(page, 'neighbours-count', '3');
    await set(page, 'smoothing', '0');
    await untilText(page, byTestId('prediction'), 'Class 3');
  },

  async 'classes are turned off and moved, examples are moved and removed, and each is undone'({ page }) {
    const before = await countsOf(page);
    await click(page, 'switch-3');
    await page.waitForFunction(() => !/Class 3/.test(document.querySelector('[data-testid=prediction]').textContent));
    await click(page, 'switch-3');
    await untilText(page, byTestId('prediction'), 'Class 3');
    await click(page, 'down-1');
    assert.deepEqual(await namesOf(page), ['Class 2', 'Class 1', 'Class 3']);
    await click(page, 'up-1');
    await click(page, 'thumbnails-1');
    await page.waitForSelector(`${byTestId('gallery-1')} .example canvas:not([data-blank])`);
    const clickExample = () => page.evaluate(() => document.querySelector('[data-testid=gallery-1] .example').click());
    await set(page, 'click-action-1', '=Class 2');
    await clickExample();
    await untilCount(page, 2, before[1] + 1);
    await click(page, 'undo');
    await untilCount(page, 2, before[1]);
    await set(page, 'click-action-1', '');
    await clickExample();
    await untilCount(page, 1, before[0] - 1);
    await click(page, 'undo');
    await untilCount(page, 1, before[0]);
    await page.click(byTestId('leave-scene'));
    await page.waitForSelector('#preview[data-kind=none]');
    assert.equal(await page.evaluate(() => document.querySelector('[data-testid=prediction]').hidden), true);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'start-scene');
  },

  async 'the project as one HTML file, and as code'({ page }) {
    await openDrawer(page, 'takeaway');
    await page.waitForSelector(byTestId('takeaway-code'));
    await untilText(page, byTestId('takeaway-code'), "from 'teachable-wasm'");
    await click(page, 'takeaway-copy');
    await untilText(page, byTestId('takeaway-code-status'), '\\S');
    const html = (await saved(page, () => click(page, 'takeaway-download'))).toString();
    assert.match(html.slice(0, 200), /^<!doctype html>/);
    assert.match(html.slice(-200), /<\/html>\s*$/);
    assert.ok(html.length > 4e6, String(html.length));
  },

  async 'pictures and projects as archives, which open again; a project is made, copied, deleted and brought back'(
    visitor,
  ) {
    const { page, scratch } = visitor;
    const before = await countsOf(page);
    const total = before.reduce((sum, count) => sum + count);
    const menu = async (id) => {
      await click(page, 'project-button');
      await page.waitForSelector(byTestId('project-choice'));
      await click(page, id);
    };
    const pictures = path.join(scratch, 'pictures.zip');
    await writeFile(pictures, await saved(page, () => menu('export-pictures')));
    const everything = await saved(page, () => menu('export-all'));
    assert.ok(everything.includes('projects.json'));
    await untilReloaded(page, () => menu('project-duplicate'));
    assert.deepEqual(await countsOf(page), before);
    await untilReloaded(page, () => menu('project-delete'));
    assert.deepEqual(await countsOf(page), before, 'the original is open again');
    // The offer to undo comes after the page is ready: the list of projects is read once more for it.
    await page.waitForSelector('#alert-actions button');
    await untilReloaded(page, () => page.evaluate(() => document.querySelector('#alert-actions button').click()));
    await untilText(page, byTestId('project-button'), 'copy');
    await untilReloaded(page, () => menu('project-new'));
    assert.deepEqual(await countsOf(page), [0, 0, 0]);

    // The pictures that were saved, an archive of Teachable Machine with one class, and a folder.
    await page.setInputFiles(byTestId('open-file'), pictures);
    await untilText(page, byTestId('status'), `Added ${total} of ${total}`);
    const archive = path.join(scratch, 'Stripes-samples.zip');
    const samples = [0, 1].map((n) => ({ path: `${n}.bmp`, bytes: drawShape('stripes', n) }));
    const zip = await writeZip([...samples, { path: 'manifest.json', bytes: Buffer.from('{}') }]);
    await writeFile(archive, Buffer.from(await zip.arrayBuffer()));
    await page.setInputFiles(byTestId('open-file'), archive);
    await untilText(page, byTestId('status'), 'Added 2 of 2 pictures to Stripes');
    await click(page, 'project-button');
    await page.waitForSelector(byTestId('import-folder'));
    await page.evaluate(
      (bytes) => {
        // Drivers can choose files only.
        const input = document.getElementById('import-folder');
        const file = new File([new Uint8Array(bytes)], '0.bmp', { type: 'image/bmp' });
        Object.defineProperty(file, 'webkitRelativePath', { value: 'Shapes/Discs/0.bmp' });
        Object.defineProperty(input, 'files', { value: [file], configurable: true });
        input.dispatchEvent(new Event('change'));
        delete input.files;
      },
      [...drawShape('disc', 0)],
    );
    await untilText(page, byTestId('status'), 'Added 1 of 1 pictures to Discs');
    assert.deepEqual(await countsOf(page), [...before, 2, 1]);
    assert.deepEqual((await namesOf(page)).slice(-2), ['Stripes', 'Discs']);
  },

  async 'another language, after which everything is back'({ page }) {
    const before = await countsOf(page);
    await untilReloaded(page, () => set(page, 'language', 'de'));
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    assert.deepEqual(await countsOf(page), before);
    await untilReloaded(page, () => set(page, 'language', 'en'));
  },

  async 'a network from a file is taught with the pictures'({ page, scratch, folder }) {
    const before = await countsOf(page);
    const models = path.join(folder, 'lib/models');
    const name = (await readdir(models)).find((each) => each.endsWith('.tflite'));
    const file = path.join(scratch, 'mine.tflite');
    // The same network under another checksum.
    await writeFile(file, Buffer.concat([await readFile(path.join(models, name)), Buffer.alloc(16)]));
    await openDrawer(page, 'settings');
    await untilReloaded(page, () => page.setInputFiles(byTestId('network-file'), file));
    await openDrawer(page, 'settings');
    await untilText(page, byTestId('network-list'), 'mine\\.tflite');
    await untilText(page, '#alert', 'Teach it with the');
    await page.evaluate(() => document.querySelector('#alert-actions button').click());
    for (const [index, count] of before.entries()) await untilCount(page, index + 1, count);
  },

  async 'a full disk loses nothing'({ page, scratch }) {
    const [first] = await countsOf(page);
    await page.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (...args) {
        const request = put.apply(this, args);
        if (!globalThis.isFull) return request;
        const value = new DOMException('made to fail', 'QuotaExceededError');
        Object.defineProperty(this.transaction, 'error', { value });
        this.transaction.abort();
        return request;
      };
      globalThis.isFull = true;
    });
    const picture = path.join(scratch, 'disc.bmp');
    await writeFile(picture, drawShape('disc', 3));
    await page.setInputFiles(byTestId('files-1'), picture);
    await untilCount(page, 1, first + 1);
    await untilText(page, '#alert', 'no space left');
    await page.waitForSelector('#save-state[data-state=failed]');
    await page.evaluate(() => void (globalThis.isFull = false));
    await untilSaved(page);
  },

  async 'a killed tab and an embedding page: everything is back, and the parent hears what is recognised'(visitor) {
    const { page, engine, context, url } = visitor;
    const before = await countsOf(page);
    if (engine === 'WebKit')
      // Its driver ends when a page crashes.
      await page.close();
    else {
      const crashed = engine === 'Chromium' && page.waitForEvent('crash');
      await killLargestPage();
      await (crashed || assert.rejects(page.evaluate(() => document.title)));
    }
    const parent = await context.newPage();
    await parent.goto(`${url}parent/parent.html`);
    await parent.waitForFunction(() => globalThis.messages.some(({ type }) => type === 'subscribed'));
    await parent.waitForFunction(() => {
      const inside = document.querySelector('iframe').contentDocument;
      return inside.querySelector('#dataset-tools:not([hidden])') !== null;
    });
    assert.deepEqual(
      await parent.evaluate(() =>
        [...document.querySelector('iframe').contentDocument.querySelectorAll('.card .count')].map(({ textContent }) =>
          parseInt(textContent, 10),
        ),
      ),
      before,
    );
    await parent.evaluate(() =>
      document.querySelector('iframe').contentDocument.querySelector('[data-testid=start-scene]').click(),
    );
    await parent.waitForFunction(() =>
      ['prediction', 'start'].every((wanted) => globalThis.messages.some(({ type }) => type === wanted)),
    );
  },
};

/** A page that embeds the demo page, and keeps the messages that it gets. */
const parentPage = `<!doctype html><script>messages = []; addEventListener('message', ({ data }) => messages.push(data));</script>
<iframe src="${subPath}?events" width="800" height="600"></iframe>`;

/** Time after which a step has failed. The waits in it have no limits of their own. */
const stepTimeoutMs = 60_000;

/** Resolves as a step does, and rejects with its name when it takes too long. */
async function within(limitMs, name, step) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`"${name}" takes more than ${limitMs} ms.`)), limitMs);
  });
  await Promise.race([step, tooLate]).finally(() => clearTimeout(timer));
}

everyEngine('one visit uses every feature', { timeout: 240_000 }, async (t, browser, engine) => {
  const parents = await scratchFolder(t);
  await writeFile(path.join(parents, 'parent.html'), parentPage);
  const opened = await openHosted(t, browser, { folders: { '/parent/': parents } });
  const { page, requests } = opened;
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  assert.match(await variantOf(page), /^(?:simd|relaxed)$/);
  for (const [name, step] of Object.entries(visit)) {
    const start = performance.now();
    await within(stepTimeoutMs, name, step({ ...opened, engine }));
    t.diagnostic(`${((performance.now() - start) / 1000).toFixed(1)} s: ${name}`);
  }
  checkRequests(
    requests.filter((each) => !each.startsWith('/parent/')),
    { hasCache: false },
  );
});
