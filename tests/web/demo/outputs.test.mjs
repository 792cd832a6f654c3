// The outputs without a browser: when a class has won, what is stored, voices, WAV files, and who gets events.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { makeRandom } from '../support/random.mjs';
import { testSeed } from '../support/seed.mjs';

const {
  chooseVoice,
  countSigns,
  emptyProject,
  encodeWav,
  isActive,
  maxPauseMs,
  maxPictureBytes,
  noOutput,
  noteMessage,
  originInAddress,
  ParentLink,
  ProjectState,
  readOutput,
  releaseMs,
  summaryOf,
  Trigger,
  trimSilence,
} = await importTs(
  '../demo/outputs/trigger',
  '../demo/outputs/output',
  '../demo/outputs/summary',
  '../demo/outputs/speech',
  '../demo/outputs/wav',
  '../demo/outputs/midi',
  '../demo/outputs/picture',
  '../demo/outputs/parent-link',
  '../demo/project/project',
);

/** Milliseconds between two frames. */
const frameMs = 40;

/** A trigger, its clock, and what it has reported. */
function makeTrigger(settings = {}) {
  const log = [];
  const trigger = new Trigger({
    settingsOf: (label) => ({ threshold: 0.7, holdMs: 300, ...settings[label] }),
    onStart: (label) => log.push(`start ${label}`),
    onStop: (label) => log.push(`stop ${label}`),
  });
  let now = 1000;
  return {
    trigger,
    log,
    wait: (ms) => (now += ms),
    /** Shows frames that all have the same answer, for so many milliseconds. */
    show(label, ms, confidence = 1) {
      for (const end = now + ms; now < end; now += frameMs) trigger.update(label, confidence, now);
    },
    still: (label, confidence = 1) => trigger.update(label, confidence, now, true),
    /** Returns what was reported since the last call. */
    news: () => log.splice(0),
  };
}

test('a class starts after its hold time, once, and stops after the release time', () => {
  const { show, news, trigger } = makeTrigger();
  show('a', 290);
  assert.deepEqual(news(), []);
  show('a', 1000);
  assert.deepEqual([news(), trigger.active], [['start a'], 'a']);
  show(null, releaseMs - frameMs);
  assert.deepEqual(news(), []);
  show(null, 2 * frameMs);
  assert.deepEqual([news(), trigger.active], [['stop a'], null]);
});

test('a class with less confidence than its threshold does not start', () => {
  const { show, news } = makeTrigger({ a: { threshold: 0.9 }, b: { threshold: 0.5 } });
  show('a', 1000, 0.89);
  assert.deepEqual(news(), []);
  show('a', 400, 0.9);
  assert.deepEqual(news(), ['start a']);
  show('b', 1000, 0.5);
  assert.deepEqual(news(), ['stop a', 'start b']);
});

test('the hold time begins anew when the class loses or falls below its threshold', () => {
  const { show, news } = makeTrigger();
  for (let i = 0; i < 10; i++) {
    show('a', 280);
    show('a', frameMs, 0.6);
    show('a', 280);
    show('b', frameMs);
    show('a', 280);
    show(null, frameMs);
  }
  assert.deepEqual(news(), []);
});

test('a little less confidence than the threshold keeps a class active, but does not start it', () => {
  const { show, news } = makeTrigger();
  show('a', 1000, 0.65);
  assert.deepEqual(news(), []);
  show('a', 400, 0.75);
  show('a', 2000, 0.65);
  assert.deepEqual(news(), ['start a']);
  show('a', 1000, 0.55);
  show('a', 1000, 0.65);
  assert.deepEqual(news(), ['stop a']);
});

test('flicker between two classes starts none, and does not stop the active one', () => {
  for (const holdMs of [0, 100, 300]) {
    const { show, news } = makeTrigger({ a: { holdMs }, b: { holdMs } });
    if (holdMs > 0) {
      for (let i = 0; i < 50; i++) show(i % 2 ? 'a' : 'b', frameMs);
      assert.deepEqual(news(), []);
    }
    show('a', 500);
    for (let i = 0; i < 50; i++) show(i % 2 ? 'a' : 'b', frameMs);
    for (let i = 0; i < 50; i++) show(i % 2 ? 'a' : null, frameMs);
    assert.deepEqual(news(), ['start a'], `hold time ${holdMs}`);
  }
});

test('whatever the answers are, starts and stops alternate, and a class that has started stays for a while', () => {
  const seed = testSeed();
  const random = makeRandom(seed);
  const labels = ['a', 'b', 'c'];
  let starts = 0;
  for (let round = 0; round < 100; round++) {
    const holdMs = random.pick([0, 100, 300]);
    let now = 0;
    let active = null;
    let startedAt = 0;
    let mayEnd = false;
    const trigger = new Trigger({
      settingsOf: () => ({ threshold: 0.5, holdMs }),
      onStart(label) {
        assert.equal(active, null);
        [active, startedAt] = [label, now];
        starts++;
      },
      onStop(label) {
        assert.equal(label, active);
        assert.ok(mayEnd || now - startedAt >= releaseMs, `${now - startedAt} ms, seed ${seed}`);
        active = null;
      },
    });
    for (let step = 0; step < 100; step++) {
      const label = random.chance(0.2) ? null : random.pick(labels);
      mayEnd = random.chance(0.05);
      if (mayEnd) {
        if (random.chance(0.5)) trigger.clear();
        else now += maxPauseMs;
      }
      for (let frame = random.below(15); frame >= 0; frame--) {
        now += frameMs;
        trigger.update(label, random.next(), now);
        assert.equal(trigger.active, active);
        mayEnd = false;
      }
    }
  }
  assert.ok(starts > 200, `only ${starts} starts with seed ${seed}`);
});

test('a steady other class takes over', () => {
  const { show, news } = makeTrigger({ b: { holdMs: 0 } });
  show('a', 500);
  show('b', releaseMs - frameMs);
  assert.deepEqual(news(), ['start a']);
  show('b', 3 * frameMs);
  assert.deepEqual(news(), ['stop a', 'start b']);
});

test('after a pause everything starts anew, and the pause does not count as hold time', () => {
  const { show, news, wait } = makeTrigger({ a: { holdMs: 3000 } });
  show('a', 100);
  wait(maxPauseMs + 1);
  show('a', 100);
  assert.deepEqual(news(), []);
  show('a', 3000);
  assert.deepEqual(news(), ['start a']);
  wait(maxPauseMs + 1);
  show('a', 100);
  assert.deepEqual(news(), ['stop a']);
});

test('a slow device with one answer in two seconds works, too', () => {
  const { show, news, wait } = makeTrigger();
  for (const label of ['a', 'a', 'a', 'b', 'b', 'b']) {
    show(label, frameMs);
    wait(2000);
  }
  assert.deepEqual(news(), ['start a', 'stop a', 'start b']);
});

test('a still picture starts and stops classes at once, and the same answer again changes nothing', () => {
  const { still, news, wait } = makeTrigger();
  still('a');
  still('a');
  wait(60_000);
  still('a');
  assert.deepEqual(news(), ['start a']);
  still('b');
  assert.deepEqual(news(), ['stop a', 'start b']);
  still('a', 0.5);
  assert.deepEqual(news(), ['stop b']);
  still('a');
  still(null);
  assert.deepEqual(news(), ['start a', 'stop a']);
});

test('without any input, the active class stops at once', () => {
  const { show, news, trigger } = makeTrigger();
  show('a', 500);
  trigger.clear();
  trigger.clear();
  assert.deepEqual(news(), ['start a', 'stop a']);
  show('a', 290);
  assert.deepEqual(news(), []);
});

test('a class that is removed while it is active stops, and one that is renamed goes on', () => {
  const { show, news, trigger } = makeTrigger();
  show('a', 500);
  trigger.rename('a', 'z');
  show('z', 500);
  trigger.keepOnly((label) => label === 'z');
  assert.deepEqual([news(), trigger.active], [['start a'], 'z']);
  trigger.keepOnly(() => false);
  assert.deepEqual([news(), trigger.active], [['stop z'], null]);
  // A class that was about to start is forgotten, and a new one of that name begins with its whole hold time.
  show('b', 280);
  trigger.keepOnly(() => false);
  show('b', 280);
  assert.deepEqual(news(), []);
  show('b', 280);
  assert.deepEqual(news(), ['start b']);
});

// What is stored -------------------------------------------------------------------------------------------------------

const gif = { name: 'cat.gif', type: 'image/gif', data: new Uint8Array([71, 73, 70]) };
const wav = { name: 'meow.wav', type: 'audio/wav', data: new Uint8Array(100) };
const whole = {
  speech: { on: true, words: 'Hello' },
  sound: { on: true, name: 'coin', own: wav },
  picture: { on: false, emoji: '🐱', own: gif },
  midi: { on: true, note: 64, channel: 16 },
  threshold: 0.55,
  holdMs: 1200,
};

test('an output is plain data that comes back from storage as it was', () => {
  assert.deepEqual(readOutput(structuredClone(whole)), whole);
  assert.deepEqual(readOutput({}), noOutput);
  assert.equal(isActive(noOutput), false);
});

test('what is damaged in a stored output becomes the default, and the rest stays', () => {
  for (const value of [undefined, null, 3, 'text']) assert.equal(readOutput(value), undefined);
  const damaged = (changes) => readOutput({ ...whole, ...changes });
  assert.deepEqual(damaged({ threshold: NaN, holdMs: 'x' }), { ...whole, threshold: 0.7, holdMs: 300 });
  assert.deepEqual(damaged({ threshold: 7, holdMs: -1 }), { ...whole, threshold: 1, holdMs: 0 });
  assert.deepEqual(damaged({ sound: { on: 1, name: 'constructor', own: {} } }).sound, noOutput.sound);
  assert.deepEqual(damaged({ midi: { on: true, note: 300, channel: 0 } }).midi, { on: true, note: 127, channel: 1 });
  assert.equal(damaged({ speech: { on: true, words: 'x'.repeat(9999) } }).speech.words.length, 200);
  for (const own of [
    { ...gif, type: 'image/svg+xml' },
    { ...gif, type: 'text/html' },
    { ...gif, data: [1, 2] },
    { ...gif, data: new Uint8Array() },
    { ...gif, data: new Uint8Array(maxPictureBytes + 1) },
  ])
    assert.equal(damaged({ picture: { ...whole.picture, own } }).picture.own, null);
});

test('the project keeps the output of a class under its new name', () => {
  const project = new ProjectState(emptyProject('', ''));
  project.changeClass('a', { output: whole });
  project.renameClass('a', '__proto__');
  assert.equal(project.classSettings('__proto__').output, whole);
  assert.equal(project.classSettings('a').output, undefined);
});

test('the summary says what an output does', () => {
  assert.equal(summaryOf(noOutput, 'Cat'), '');
  assert.equal(summaryOf(whole, 'Cat'), 'says “Hello”, plays meow.wav, sends note 64');
  const { speech, sound, picture } = noOutput;
  assert.equal(
    summaryOf({ ...noOutput, speech: { ...speech, on: true }, sound: { ...sound, on: true } }, 'Cat'),
    'says “Cat”, plays Bell',
  );
  assert.equal(summaryOf({ ...noOutput, picture: { ...picture, on: true, emoji: '🐱' } }, 'Cat'), 'shows 🐱');
  // Nothing is chosen yet.
  assert.equal(isActive({ ...noOutput, picture: { ...picture, on: true } }), false);
});

// Players --------------------------------------------------------------------------------------------------------------

test('the voice is of this device, in the language of the page, and from the preferred region', () => {
  const voice = (lang, { localService = true, isDefault = false } = {}) => ({ lang, localService, default: isDefault });
  const remote = voice('de-DE', { localService: false });
  const [american, british, german] = [voice('en-US'), voice('en_GB'), voice('de-DE')];
  const all = [remote, american, british, german];
  assert.equal(chooseVoice(all, 'de', []), german);
  assert.equal(chooseVoice(all, 'en', ['en-GB', 'de']), british);
  assert.equal(chooseVoice(all, 'en', ['fr']), american);
  const chosen = voice('en-AU', { isDefault: true });
  assert.equal(chooseVoice([...all, chosen], 'en', []), chosen);
  assert.equal(chooseVoice(all, 'es', []), american);
  assert.equal(chooseVoice([remote], 'de', []), undefined);
  assert.equal(chooseVoice([], 'de', []), undefined);
});

test('a WAV file has its header, and the loudest sample decides the loudness', () => {
  const file = encodeWav(Float32Array.of(0, 0.25, -0.5), 24_000);
  const view = new DataView(file.buffer);
  assert.equal(Buffer.from(file.subarray(0, 16)).toString(), `RIFF${String.fromCharCode(42, 0, 0, 0)}WAVEfmt `);
  assert.deepEqual([view.getUint32(24, true), view.getUint32(28, true), view.getUint32(40, true)], [24_000, 48_000, 6]);
  assert.deepEqual(
    [44, 46, 48].map((offset) => Math.round((view.getInt16(offset, true) / 0x7fff) * 100)),
    [0, 45, -90],
  );
});

test('silence at both ends of a recording is removed', () => {
  const samples = new Float32Array(24_000);
  samples.fill(0.3, 10_000, 12_000);
  samples.fill(0.005, 0, 9000);
  assert.equal(trimSilence(samples, 24_000).length, 2000 + 2 * 1200);
  assert.equal(trimSilence(new Float32Array(100).fill(0.001), 24_000).length, 0);
  assert.equal(trimSilence(new Float32Array(100).fill(-0.5), 24_000).length, 100);
});

test('MIDI notes are sent on their channel', () => {
  assert.deepEqual(noteMessage({ note: 60, channel: 1 }, true), [0x90, 60, 100]);
  assert.deepEqual(noteMessage({ note: 61, channel: 16 }, false), [0x8f, 61, 0]);
});

test('the size of an emoji follows from the number of signs that are seen', () => {
  for (const [text, count] of [
    ['👩‍👩‍👧', 1],
    ['❤️', 1],
    ['🐱🐶', 2],
    ['Yes', 3],
    ['', 0],
  ])
    assert.equal(countSigns(text), count, text);
});

// Events ---------------------------------------------------------------------------------------------------------------

const own = 'https://here.example';
const other = 'https://other.example';
const request = (type, more = {}) => ({ source: 'teachable-machine', version: 1, type, ...more });
const started = { source: 'teachable-machine', version: 1, type: 'start', label: 'a', confidence: 1, timeMs: 0 };

/** A link, the messages that it posted, and a function with which the visitor answers its question. */
function makeLink({ allowed = [] } = {}) {
  const posted = [];
  const questions = [];
  const link = new ParentLink({
    ownOrigin: own,
    allowed,
    ask: (origin) => new Promise((answer) => questions.push({ origin, answer })),
    post: ({ type, reason, events }, origin) => posted.push([type, reason ?? events?.join() ?? '', origin]),
  });
  return { link, questions, news: () => posted.splice(0) };
}

test('a parent of the same origin gets the events that it asks for', async () => {
  const { link, questions, news } = makeLink();
  assert.deepEqual(news(), [['hello', '', '*']]);
  link.send(started);
  assert.deepEqual(news(), []);
  await link.receive(request('subscribe', { events: ['start', 'nonsense'] }), own);
  link.send(started);
  link.send({ ...started, type: 'prediction' });
  assert.deepEqual(news(), [
    ['subscribed', 'start', own],
    ['start', '', own],
  ]);
  await link.receive(request('unsubscribe'), own);
  link.send(started);
  assert.deepEqual([news(), questions], [[['unsubscribed', '', own]], []]);
});

test('a parent of another origin gets nothing until the visitor allows it', async () => {
  const { link, questions, news } = makeLink();
  news();
  const subscribing = link.receive(request('subscribe'), other);
  link.send(started);
  assert.deepEqual(news(), []);
  questions[0].answer(true);
  await subscribing;
  link.send(started);
  assert.deepEqual(news(), [
    ['subscribed', 'start,stop', other],
    ['start', '', other],
  ]);
  await link.receive(request('subscribe'), other);
  assert.deepEqual(
    questions.map(({ origin }) => origin),
    [other],
    'the visitor is asked once',
  );
});

test('a parent that the visitor refuses gets nothing, and the question does not come again', async () => {
  const { link, questions, news } = makeLink();
  news();
  const subscribing = link.receive(request('subscribe'), other);
  questions[0].answer(false);
  await subscribing;
  await link.receive(request('subscribe'), other);
  link.send(started);
  assert.deepEqual(news(), [
    ['refused', 'visitor', other],
    ['refused', 'visitor', other],
  ]);
  assert.equal(questions.length, 1);
});

test('an answer that comes after another request has no effect', async () => {
  const { link, questions, news } = makeLink();
  news();
  const subscribing = link.receive(request('subscribe'), other);
  await link.receive(request('unsubscribe'), other);
  questions[0].answer(true);
  await subscribing;
  link.send(started);
  assert.deepEqual(news(), [['unsubscribed', '', other]]);
});

test('origins that the host names need no question', async () => {
  const { link, questions, news } = makeLink({ allowed: [other] });
  news();
  await link.receive(request('subscribe'), other);
  assert.deepEqual([news(), questions], [[['subscribed', 'start,stop', other]], []]);
});

test('messages for others, other versions and origins without a name are not answered with events', async () => {
  const { link, questions, news } = makeLink();
  news();
  for (const data of [null, 'text', {}, request('nonsense'), { ...request('subscribe'), source: 'other' }])
    await link.receive(data, own);
  for (const origin of ['null', '', 'file://']) await link.receive(request('subscribe'), origin);
  link.send(started);
  assert.deepEqual([news(), questions], [[], []]);
  await link.receive(request('subscribe', { version: 2 }), own);
  link.send(started);
  assert.deepEqual(news(), [['refused', 'version', own]]);
});

test('the address of the page names the origin that gets events', () => {
  for (const [search, origin] of [
    ['', null],
    ['?variant=simd', null],
    ['?events', own],
    ['?events=&variant=simd', own],
    [`?events=${other}/some/page`, other],
    ['?events=*', null],
    ['?events=null', null],
    ['?events=javascript:alert(1)', null],
    ['?events=file:///etc', null],
  ])
    assert.equal(originInAddress(search, own), origin, search);
});
