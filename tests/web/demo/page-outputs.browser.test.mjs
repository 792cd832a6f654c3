// What the demo page does when a class wins: words, sounds, pictures, the show view, and events for the page that embeds it.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { build } from 'esbuild';
import { serve } from '../../../web/dev/serve.mjs';
import { blocksOf } from '../guides/guides.mjs';
import { root, scratchFolder } from '../support/data.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import {
  countOf,
  makePicture,
  openReady,
  startCamera,
  teach,
  untilFrames,
  untilReady,
  untilSaved,
} from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

/** Replaces the voices of the browser, of which a headless one has none, and collects in `spoken` what is said. */
function stubVoices() {
  window.spoken = [];
  window.SpeechSynthesisUtterance = class {
    constructor(text) {
      this.text = text;
    }
  };
  let speaking = false;
  const speechSynthesis = {
    getVoices: () => [{ lang: 'en-US', localService: true, default: true }],
    get speaking() {
      return speaking;
    },
    speak: ({ text }) => {
      window.spoken.push(text);
      speaking = true;
    },
    cancel: () => {
      window.spoken.push('(cancel)');
      speaking = false;
    },
    addEventListener() {},
  };
  Object.defineProperty(window, 'speechSynthesis', { value: speechSynthesis });
}

/** Measures what is sent to the loudspeaker: `heard()` is the loudest sample since the last call of `forget()`. */
function measureSound() {
  const analysers = new Map();
  const samples = new Float32Array(32_768);
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode && this.context instanceof AudioContext) {
      // The longest window, two thirds of a second, so that a busy page misses nothing.
      if (!analysers.has(this.context))
        analysers.set(this.context, new AnalyserNode(this.context, { fftSize: samples.length }));
      connect.call(this, analysers.get(this.context));
    }
    return connect.call(this, target, ...rest);
  };
  const loudest = () => {
    let loudest = 0;
    for (const analyser of analysers.values()) {
      analyser.getFloatTimeDomainData(samples);
      for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
    }
    return loudest;
  };
  let most = 0;
  setInterval(() => (most = Math.max(most, loudest())), 50);
  window.heard = () => most;
  window.isQuiet = () => loudest() < 0.001;
  window.forget = () => (most = 0);
}

/** Collects the events of the page in `events`. */
function collectEvents() {
  window.events = [];
  window.addEventListener('teachable-machine', ({ detail }) => window.events.push(detail));
}

/** Teaches a blue disc as class 1 and a red bar as class 2, and returns both pictures. */
async function teachTwo(page) {
  const disc = await makePicture(page, 'navy', 'disc');
  const bar = await makePicture(page, 'darkred', 'bar');
  await teach(page, 1, disc);
  await teach(page, 2, bar);
  return { disc, bar };
}

const show = (page, picture) => page.getByTestId('test-file').setInputFiles(picture);

const editorOf = async (page, slot) => {
  await page.getByTestId(`output-${slot}`).click();
  await page.getByTestId('output-editor').waitFor();
};

const close = async (page) => {
  await page.getByTestId('output-done').click();
  await page.getByTestId('output-editor').waitFor({ state: 'detached' });
};

const untilStatus = (page, words) => page.getByTestId('output-status').filter({ hasText: words }).waitFor();

const untilHeard = (page) => page.waitForFunction(() => window.heard() > 0.05);

/** Runs in the page. Resolves to true when the picture of class 1 is stored. */
async function storedPicture() {
  const database = await new Promise(
    (resolve) => (indexedDB.open('teachable-machine').onsuccess = ({ target }) => resolve(target.result)),
  );
  const request = database.transaction('projects').objectStore('projects').getAll();
  const records = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  database.close();
  return records.some((each) => (each?.project?.classes?.['Class 1']?.output?.picture.own ?? null) !== null);
}

/** Waits until nothing is played any more, and forgets what was heard. */
async function untilQuiet(page) {
  await page.waitForFunction(() => window.isQuiet());
  await page.evaluate(() => window.forget());
}

const spoken = (page) => page.evaluate(() => window.spoken.splice(0));

const startsAndStops = (page) =>
  page.evaluate(() =>
    window.events.filter(({ type }) => type !== 'prediction').map(({ type, label }) => `${type} ${label}`),
  );

const untilStarted = (page, ...wanted) =>
  page.waitForFunction(
    (wanted) =>
      window.events
        .filter(({ type }) => type !== 'prediction')
        .map(({ type, label }) => `${type} ${label}`)
        .join() === wanted,
    wanted.join(),
  );

/** A WAV file with a tone of this length. */
function makeTone(seconds) {
  const samples = new Int16Array(22 + seconds * 8000);
  const bytes = Buffer.from(samples.buffer);
  bytes.write('RIFF    WAVEfmt ');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(8000, 24);
  bytes.writeUInt32LE(16_000, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(bytes.length - 44, 40);
  for (let i = 22; i < samples.length; i++) samples[i] = 20_000 * Math.sin(i / 3);
  return { name: `tone-${seconds}.wav`, mimeType: 'audio/wav', buffer: bytes };
}

/** An animation of two pictures, 1 × 1 pixels each: red, then green. */
const animation = {
  name: 'blink.gif',
  mimeType: 'image/gif',
  buffer: Buffer.concat([
    Buffer.from('GIF89a'),
    Buffer.from([1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 255, 0]),
    Buffer.from([0x21, 0xff, 11]),
    Buffer.from('NETSCAPE2.0'),
    Buffer.from([3, 1, 0, 0, 0]),
    ...[0x44, 0x4c].map((code) =>
      Buffer.from([0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, code, 1, 0]),
    ),
    Buffer.from([0x3b]),
  ]),
};

test('by keyboard: a class gets words and an emoji, and both come when it wins, but not when the sound is off', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser, { init: stubVoices });
  const { disc, bar } = await teachTwo(page);
  assert.equal(await page.getByTestId('sound-switch').isVisible(), false);
  await page.getByTestId('output-1').focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('output-editor').waitFor();
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.type('A blue disc');
  await page.getByTestId('output-picture-on').press('Space');
  await page.getByTestId('output-emoji').fill('🔵');
  await page.getByTestId('output-sample').filter({ hasText: '🔵' }).waitFor();
  await page.getByTestId('output-try').press('Enter');
  await page.waitForFunction(() => window.spoken.length > 0);
  assert.deepEqual(await spoken(page), ['A blue disc']);
  await page.keyboard.press('Escape');
  await page.getByTestId('output-editor').waitFor({ state: 'detached' });
  assert.equal(await page.getByTestId('output-1').textContent(), 'When it wins: says “A blue disc”, shows 🔵');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'output-1');

  const stage = page.getByTestId('output-stage');
  await show(page, disc);
  await stage.getByRole('img', { name: 'Class 1' }).filter({ hasText: '🔵' }).waitFor();
  assert.deepEqual(await spoken(page), ['(cancel)', 'A blue disc']);
  await show(page, bar);
  await page.waitForFunction(() => document.getElementById('output-stage').childElementCount === 0);

  const sound = page.getByRole('switch', { name: 'Sound' });
  assert.equal(await sound.getAttribute('aria-checked'), 'true');
  await sound.press('Space');
  assert.equal(await sound.getAttribute('aria-checked'), 'false');
  await spoken(page);
  await show(page, disc);
  await stage.filter({ hasText: '🔵' }).waitFor();
  assert.deepEqual(await spoken(page), []);
});

test('without words of their own, classes are spoken by their names, and a new word ends the old one', async (t) => {
  const { page } = await openReady(t, browser, { init: stubVoices });
  const { disc, bar } = await teachTwo(page);
  await page.getByTestId('name-2').fill('Bar');
  await page.getByTestId('name-2').press('Enter');
  for (const slot of [1, 2]) {
    await editorOf(page, slot);
    await page.getByTestId('output-speech-on').check();
    await close(page);
  }
  await show(page, bar);
  await page.waitForFunction(() => window.spoken.at(-1) === 'Bar');
  await show(page, disc);
  await page.waitForFunction(() => window.spoken.at(-1) === 'Class 1');
  assert.deepEqual(await spoken(page), ['Bar', '(cancel)', 'Class 1']);
});

test('a device without voices, a blocked microphone and a missing one are explained', async (t) => {
  const { page } = await openReady(t, browser);
  await editorOf(page, 1);
  await page.getByTestId('output-try').click();
  await untilStatus(page, 'Nothing is chosen yet');
  await page.getByTestId('output-speech-on').check();
  await page.getByTestId('output-try').click();
  await untilStatus(page, 'This device has no voice of its own');
  await page.getByTestId('output-sound-on').check();
  for (const [name, words] of [
    ['NotAllowedError', 'The microphone is blocked'],
    ['NotFoundError', 'No microphone was found'],
  ]) {
    await page.evaluate((name) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('made to fail', name));
    }, name);
    await page.getByTestId('output-record').click();
    await untilStatus(page, words);
  }
});

test('built-in and own sounds reach the loudspeaker, and files that are no sounds are refused', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser, { init: measureSound });
  const { disc, bar } = await teachTwo(page);
  await editorOf(page, 1);
  await page.getByTestId('output-sound-on').check();
  await page.getByTestId('output-sound').selectOption('coin');
  await untilHeard(page);
  const choose = (file) => page.getByTestId('output-sound-file').setInputFiles(file);
  await choose({ name: 'text.mp3', mimeType: 'audio/mpeg', buffer: Buffer.from('no sound') });
  await untilStatus(page, 'text.mp3 is not a sound that this browser can play');
  await choose({ name: 'long.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(2_000_000) });
  await untilStatus(page, 'long.wav has 2 MB. A sound can have at most 1 MB');
  await choose(makeTone(31));
  await untilStatus(page, 'tone-31.wav is 31 seconds long');
  await untilQuiet(page);
  await choose(makeTone(1));
  await untilHeard(page);
  assert.equal(await page.getByTestId('output-sound').inputValue(), 'own');
  await close(page);
  assert.match(await page.getByTestId('output-1').textContent(), /plays tone-1\.wav/);
  await show(page, bar);
  await untilQuiet(page);
  await show(page, disc);
  await untilHeard(page);
  await untilQuiet(page);
  await editorOf(page, 1);
  await page.getByTestId('output-sound').selectOption('bell');
  await close(page);
  await untilQuiet(page);
  await show(page, bar);
  await show(page, disc);
  await untilHeard(page);
});

test('a sound is recorded from the microphone, and is a WAV file afterwards', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t, browser, { init: measureSound });
  await editorOf(page, 1);
  await page.getByTestId('output-sound-on').check();
  await page.getByTestId('output-record').click();
  await untilStatus(page, 'Recording. It ends after 5 seconds');
  // The fake microphone beeps twice a second.
  await page.waitForFunction(() => {
    const scale = document.querySelector('.output-level-fill').style.transform;
    return parseFloat(scale.replace('scaleX(', '')) > 0.1;
  });
  await page.getByTestId('output-record').click();
  await untilStatus(page, 'Recorded.');
  await untilHeard(page);
  assert.equal(await page.locator('[data-testid=output-sound] option:checked').textContent(), 'Your own: recording');
  assert.equal(await page.getByTestId('output-record').textContent(), 'Record');
});

test('an own animation is kept and shown, and stands still for those who want less motion', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser);
  const { disc, bar } = await teachTwo(page);
  await editorOf(page, 1);
  await page.getByTestId('output-picture-on').check();
  const choose = (file) => page.getByTestId('output-picture-file').setInputFiles(file);
  await choose({ name: 'text.gif', mimeType: 'image/gif', buffer: Buffer.from('no picture') });
  await untilStatus(page, 'text.gif is not a picture that this browser can show');
  // What follows the end of a GIF file is ignored.
  await choose({ ...animation, buffer: Buffer.concat([animation.buffer, Buffer.alloc(5_000_000)]) });
  await untilStatus(page, 'blink.gif has 5 MB. A picture can have at most 4 MB');
  await choose(animation);
  await page.getByTestId('output-forget').waitFor();
  await close(page);
  await untilSaved(page);
  await page.waitForFunction(`(${storedPicture})()`);
  await page.reload();
  await untilReady(page);
  const picture = page.getByTestId('output-stage').getByRole('img', { name: 'Class 1' });
  await show(page, disc);
  await page.waitForFunction(() => document.querySelector('#output-stage img')?.naturalWidth === 1);
  assert.equal(await picture.count(), 1);
  await show(page, bar);
  await picture.waitFor({ state: 'detached' });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await show(page, disc);
  await picture.waitFor();
  assert.equal(await picture.evaluate((element) => element.tagName), 'CANVAS');
});

test('a large photo is made smaller, so that it can be kept', async (t) => {
  const { page } = await openReady(t, browser);
  const file = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(3000, 1500);
    canvas.getContext('2d').fillRect(0, 0, 3000, 1500);
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer())];
  });
  await editorOf(page, 1);
  await page.getByTestId('output-picture-on').check();
  await page
    .getByTestId('output-picture-file')
    .setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(file) });
  await page.waitForFunction(() => document.querySelector('.output-sample img')?.naturalWidth === 1280);
});

test('threshold and hold time decide when a class starts', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t, browser, { init: collectEvents });
  await editorOf(page, 1);
  await page.getByTestId('output-hold').fill('1500');
  await close(page);
  await startCamera(page);
  // A class alone has all the confidence from its first example on.
  await page.keyboard.press('1');
  await untilStarted(page, 'start Class 1');
  const [first, start] = await page.evaluate(() => [
    window.events.find(({ label }) => label === 'Class 1'),
    window.events.find(({ type }) => type === 'start'),
  ]);
  assert.equal(first.type, 'prediction');
  assert.ok(start.timeMs - first.timeMs >= 1500, `after ${start.timeMs - first.timeMs} ms`);
  await page.getByTestId('stop-camera').click();
  await untilStarted(page, 'start Class 1', 'stop Class 1');
  await page.getByTestId('clear-1').click();

  await teachTwo(page);
  const between = await makePicture(page, 'navy', 'bar');
  await page.getByTestId('settings').locator('summary').click();
  await page.getByTestId('unknown').fill('0');
  const setThreshold = async (percent) => {
    for (const slot of [1, 2]) {
      await editorOf(page, slot);
      await page.getByTestId('output-threshold').fill(String(percent));
      await close(page);
    }
  };
  await setThreshold(100);
  await page.evaluate(() => window.events.splice(0));
  await show(page, between);
  await page.waitForFunction(() => window.events.length > 0);
  const { label, confidence } = await page.evaluate(() => window.events.at(-1));
  assert.ok(confidence >= 0.3 && confidence < 1, String(confidence));
  assert.deepEqual(await startsAndStops(page), []);
  // The picture is judged again.
  await setThreshold(30);
  await page.waitForFunction((label) => {
    const last = window.events.findLast(({ type }) => type !== 'prediction');
    return last?.type === 'start' && last.label === label;
  }, label);
});

test('the show view fills the screen with camera and winner, by keyboard', { timeout: 60_000 }, async (t) => {
  const { page } = await openReady(t, browser, {
    init: () => {
      window.locks = 0;
      navigator.wakeLock.request = async () => {
        window.locks++;
        return { release: async () => void window.locks-- };
      };
    },
  });
  const { disc } = await teachTwo(page);
  await startCamera(page);
  await page.getByTestId('show-view').focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.fullscreenElement !== null);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'show-exit');
  assert.equal(await page.evaluate(() => window.locks), 1);
  await page.getByTestId('prediction').filter({ hasText: '%' }).waitFor();
  assert.equal(await page.evaluate(() => document.getElementById('video').paused), false);
  await page.keyboard.press('1');
  await untilFrames(page, 3);
  assert.equal(await countOf(page, 1), 1, 'the keys that record have no effect');
  assert.equal(await page.getByTestId('output-1').evaluate((button) => button.closest('[inert]') !== null), true);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.fullscreenElement && !('show' in document.documentElement.dataset));
  assert.equal(await page.evaluate(() => document.activeElement.id), 'show-view');
  assert.equal(await page.evaluate(() => window.locks), 0);
  assert.equal(await page.locator('[inert]').count(), 0);
  await show(page, disc);
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
});

test('where there is no full screen, the show view fills the window, upright and across', {
  timeout: 60_000,
}, async (t) => {
  const { page } = await openReady(t, browser, {
    init: () => {
      delete Element.prototype.requestFullscreen;
    },
  });
  const { disc } = await teachTwo(page);
  await editorOf(page, 1);
  await page.getByTestId('output-picture-on').check();
  await page.getByTestId('output-emoji').fill('🔵');
  await close(page);
  await show(page, disc);
  await page.getByTestId('show-view').click();
  const boxOf = (selector) => page.locator(selector).boundingBox();
  for (const [width, height] of [
    [1280, 720],
    [844, 390],
    [390, 844],
    [320, 568],
  ]) {
    await page.setViewportSize({ width, height });
    assert.deepEqual(await boxOf('#preview'), { x: 0, y: 0, width, height });
    const [camera, output, winner] = [await boxOf('#picture'), await boxOf('#output-stage'), await boxOf('#winner')];
    assert.ok(Math.abs(camera.width - camera.height) < 1);
    for (const box of [camera, output, winner]) {
      assert.ok(box.x >= 0 && box.x + box.width <= width + 0.5, `${width} × ${height}: ${JSON.stringify(box)}`);
      assert.ok(box.y >= 0 && box.y + box.height <= height + 0.5, `${width} × ${height}: ${JSON.stringify(box)}`);
    }
    if (width > height) assert.ok(output.x >= camera.width && winner.x >= camera.width);
    else assert.ok(output.y >= camera.height - 1 && winner.y >= output.y + output.height - 1);
  }
  await page.getByTestId('show-exit').click();
  assert.equal(await page.locator('[data-show]').count(), 0);
});

test('every built-in sound can be heard, is not too loud, and differs from all others', async (t) => {
  const folder = await scratchFolder(t);
  await build({
    stdin: {
      contents: "export * from './built-in-sounds.ts'; export * from './sound-names.ts';",
      resolveDir: path.join(root, 'web/demo/outputs'),
    },
    bundle: true,
    format: 'esm',
    outfile: path.join(folder, 'sounds.js'),
  });
  const { page } = await openPage(t, browser, { path: 'pages/blank.html', serving: { folders: { '/made/': folder } } });
  const sounds = await page.evaluate(async () => {
    const { lengthOf, playBuiltIn, soundNames } = await import('/made/sounds.js');
    const rate = 24_000;
    const rendered = [];
    for (const name of soundNames) {
      const length = lengthOf(name);
      const context = new OfflineAudioContext(1, Math.ceil((length + 0.2) * rate), rate);
      playBuiltIn(name, context.destination, 0.05);
      const samples = (await context.startRendering()).getChannelData(0);
      const loudest = (from, to) =>
        samples.slice(from, to).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      rendered.push({
        name,
        length,
        samples: Array.from({ length: rate / 2 }, (_, index) => samples[index] ?? 0),
        peak: loudest(0),
        before: loudest(0, 0.04 * rate),
        after: loudest(Math.ceil((length + 0.1) * rate)),
      });
    }
    return rendered;
  });
  assert.ok(sounds.length >= 8);
  for (const { name, length, peak, before, after } of sounds) {
    assert.ok(length > 0.05 && length < 2.5, `${name} takes ${length} s`);
    assert.ok(peak > 0.2 && peak <= 1, `${name} has a peak of ${peak}`);
    assert.ok(before < 0.001 && after < 0.001, `${name} is not silent before and after: ${before}, ${after}`);
  }
  const energy = ({ samples }) => samples.reduce((sum, sample) => sum + sample ** 2, 0);
  for (const [index, one] of sounds.entries()) {
    for (const two of sounds.slice(index + 1)) {
      const common = one.samples.reduce((sum, sample, at) => sum + sample * two.samples[at], 0);
      const likeness = Math.abs(common) / Math.sqrt(energy(one) * energy(two));
      assert.ok(likeness < 0.5, `${one.name} and ${two.name} are alike: ${likeness}`);
    }
  }
});

/** The parent page of the guide, with the page of this address in its frame. */
async function parentOf(machine) {
  const file = 'web/guides/events.md';
  const blocks = blocksOf({ file, text: await readFile(path.join(root, file), 'utf8') });
  const { code } = blocks.find(({ language }) => language === 'html');
  assert.ok(code.includes('/machine/index.html'));
  const log = `<script>window.messages = []; addEventListener('message', ({ data }) => messages.push(data));</script>`;
  return code.replace('/machine/index.html', machine).replace('<script', `${log}<script`);
}

/** Opens the parent of the guide, and the page in its frame. `machine` is the address of the page; '' means the same origin. */
async function openParent(t, machine = '') {
  const folder = await scratchFolder(t);
  await writeFile(path.join(folder, 'parent.html'), await parentOf(`${machine || '/'}index.html`));
  const { page } = await openPage(t, browser, {
    path: 'parent/parent.html',
    serving: { csp: null, isolated: false, folders: { '/parent/': folder } },
  });
  const frame = await (await page.locator('iframe').elementHandle()).contentFrame();
  await untilReady(frame);
  const typesOf = () => page.evaluate(() => window.messages.map(({ type }) => type));
  return { page, frame, typesOf };
}

/** Shows a new picture in the frame's page until its class starts. */
async function winIn(frame) {
  const { disc } = await teachTwo(frame);
  await show(frame, disc);
  await frame.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
}

test('the page of the guide hears of a winner in its frame', { timeout: 60_000 }, async (t) => {
  const { page, frame, typesOf } = await openParent(t);
  await page.waitForFunction(() => window.messages.some(({ type }) => type === 'subscribed'));
  await winIn(frame);
  await page.getByText('Now: Class 1').waitFor();
  assert.deepEqual(await typesOf(), ['hello', 'subscribed', 'start']);
  const { source, version, confidence } = await page.evaluate(() => window.messages[2]);
  assert.deepEqual([source, version], ['teachable-machine', 1]);
  assert.ok(confidence > 0.5);
  for (const slot of [1, 2]) await frame.getByTestId(`remove-${slot}`).click();
  await page.getByText('Nothing', { exact: true }).waitFor();
});

for (const [button, answer] of [
  ['Allow', 'subscribed'],
  ['Do not allow', 'refused'],
]) {
  test(`a page of another origin hears nothing until the visitor has decided: ${button}`, {
    timeout: 60_000,
  }, async (t) => {
    const other = await serve({ port: 0, isolated: false });
    t.after(() => other.close());
    const { page, frame, typesOf } = await openParent(t, other.url);
    const question = frame.getByTestId('ask-parent');
    await question.filter({ hasText: new URL(page.url()).origin }).waitFor();
    assert.deepEqual(await typesOf(), ['hello']);
    await question.getByRole('button', { name: button, exact: true }).click();
    await page.waitForFunction((answer) => window.messages.some(({ type }) => type === answer), answer);
    await winIn(frame);
    if (answer === 'subscribed') await page.getByText('Now: Class 1').waitFor();
    else {
      // What the frame sends is in order, so a start would come before this answer.
      await page.evaluate(() =>
        document
          .querySelector('iframe')
          .contentWindow.postMessage({ source: 'teachable-machine', version: 1, type: 'unsubscribe' }, '*'),
      );
      await page.waitForFunction(() => window.messages.at(-1).type === 'unsubscribed');
      assert.deepEqual(await typesOf(), ['hello', 'refused', 'unsubscribed']);
    }
  });
}
