// How recordings run on the demo page, without a browser: options, presses, pace, stillness, zoom and order.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { testSeed } from '../support/seed.mjs';

const {
  defaultRecording,
  dragged,
  emptyProject,
  inOrder,
  Pace,
  Presses,
  ProjectState,
  readProject,
  readRecording,
  RecordingSettings,
  rectangleOf,
  Stillness,
  stillSimilarity,
  styleOf,
  withinPicture,
  withMoved,
} = await importTs(
  '../demo/project/project',
  '../demo/projects/project-record',
  '../demo/recording/options',
  '../demo/recording/order',
  '../demo/recording/pace',
  '../demo/recording/presses',
  '../demo/recording/settings',
  '../demo/recording/stillness',
  '../demo/recording/zoom',
);

/** Returns a clock that stands still until `pass(ms)` is called. */
function makeClock() {
  let now = 5000;
  let waiting = [];
  return {
    now: () => now,
    after(ms, then) {
      const entry = { at: now + ms, then };
      waiting.push(entry);
      return () => (waiting = waiting.filter((each) => each !== entry));
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        now = next.at;
        waiting = waiting.filter((each) => each !== next);
        next.then();
      }
      now = end;
    },
    get waiting() {
      return waiting.length;
    },
  };
}

/** Returns presses, their clock, and the events so far as short texts. */
function makePresses(options = {}) {
  const current = { ...defaultRecording, ...options };
  const clock = makeClock();
  const events = [];
  const presses = new Presses(() => current, clock, {
    onCountdown: (slot, seconds) => events.push(`${slot} in ${seconds}`),
    onStart: (slot) => events.push(`${slot} starts`),
    onRemaining: (slot, seconds) => events.push(`${slot} for ${seconds}`),
    onStop: (slot, hasStarted) => events.push(`${slot} ${hasStarted ? 'stops' : 'is cancelled'}`),
  });
  return { presses, clock, current, take: () => events.splice(0) };
}

test('stored options are read part by part, and damaged parts get their default', () => {
  for (const value of [undefined, null, 5, 'x', [], { zoom: null }, { zoom: { scale: NaN, x: 0, y: 0 } }])
    assert.deepEqual(readRecording(value), defaultRecording);
  const whole = {
    perSecond: 5,
    maxExamples: 25,
    delaySeconds: 3,
    durationSeconds: 4,
    toggle: true,
    facing: 'environment',
    deviceId: 'abc',
    mirror: false,
    zoom: { scale: 2, x: 0.25, y: 0.75 },
  };
  assert.deepEqual(readRecording(structuredClone(whole)), whole);
  const damaged = { ...whole, perSecond: 1e9, maxExamples: '25', delaySeconds: -1, durationSeconds: NaN, toggle: 1 };
  assert.deepEqual(readRecording({ ...damaged, deviceId: 'x'.repeat(1000), mirror: 'yes', facing: 5 }), {
    ...defaultRecording,
    zoom: whole.zoom,
  });
  // A part at the edge, or larger than the picture, is moved into it.
  assert.deepEqual(readRecording({ zoom: { scale: 9, x: -1, y: 2 } }).zoom, { scale: 4, x: 0.125, y: 0.875 });
  assert.deepEqual(readRecording({ zoom: { scale: 0.1, x: 0, y: 0 } }).zoom, { scale: 1, x: 0.5, y: 0.5 });
});

test('a recording runs while its button is held, and two can be held at once', () => {
  const { presses, take } = makePresses();
  presses.press(1);
  presses.press(2);
  presses.release(1);
  presses.release(1);
  assert.deepEqual([presses.isActive(1), presses.isActive(2)], [false, true]);
  presses.release(2);
  presses.release(7);
  assert.deepEqual(take(), ['1 starts', '2 starts', '1 stops', '2 stops']);
});

test('with toggle, one press starts and the next one stops; a press on another class stops the first', () => {
  const { presses, take } = makePresses({ toggle: true });
  presses.press(1);
  presses.release(1);
  assert.deepEqual([take(), presses.isActive(1)], [['1 starts'], true]);
  presses.press(1);
  presses.release(1);
  assert.deepEqual([take(), presses.isActive(1)], [['1 stops'], false]);
  presses.press(1);
  presses.press(2);
  assert.deepEqual(take(), ['1 starts', '1 stops', '2 starts']);
  presses.stopAll();
  assert.deepEqual(take(), ['2 stops']);
});

test('"in 3 s, for 2 s" counts down, records, and stops by itself', () => {
  const { presses, clock, take } = makePresses({ delaySeconds: 3, durationSeconds: 2 });
  presses.press(4);
  presses.release(4);
  assert.deepEqual(take(), ['4 in 3']);
  clock.pass(2999);
  assert.deepEqual(take(), ['4 in 2', '4 in 1']);
  clock.pass(1);
  assert.deepEqual(take(), ['4 starts', '4 for 2']);
  clock.pass(1999);
  assert.deepEqual([take(), presses.isActive(4)], [['4 for 1'], true]);
  clock.pass(1);
  assert.deepEqual([take(), presses.isActive(4), clock.waiting], [['4 stops'], false, 0]);
});

test('a press during the countdown or the recording ends it, and nothing happens later', () => {
  const { presses, clock, take } = makePresses({ delaySeconds: 3, durationSeconds: 2 });
  presses.press(1);
  clock.pass(1500);
  presses.press(1);
  assert.deepEqual(take(), ['1 in 3', '1 in 2', '1 is cancelled']);
  presses.press(1);
  clock.pass(3500);
  presses.press(1);
  assert.deepEqual(take().slice(-2), ['1 for 2', '1 stops']);
  clock.pass(60_000);
  assert.deepEqual([take(), clock.waiting], [[], 0]);
});

test('a delay without a length records until the next press, and a length without a delay starts at once', () => {
  const delayed = makePresses({ delaySeconds: 3 });
  delayed.presses.press(1);
  delayed.presses.release(1);
  delayed.clock.pass(60_000);
  assert.deepEqual(delayed.take().slice(-1), ['1 starts']);
  delayed.presses.press(1);
  assert.deepEqual(delayed.take(), ['1 stops']);
  const fixed = makePresses({ durationSeconds: 4 });
  fixed.presses.press(1);
  assert.deepEqual(fixed.take(), ['1 starts', '1 for 4']);
});

test('a recording that is stopped while it starts has no further seconds', () => {
  const clock = makeClock();
  const events = [];
  const presses = new Presses(() => ({ ...defaultRecording, durationSeconds: 4 }), clock, {
    onCountdown() {},
    onStart: (slot) => presses.stop(slot),
    onRemaining: () => events.push('remaining'),
    onStop: () => events.push('stop'),
  });
  presses.press(1);
  clock.pass(9000);
  assert.deepEqual([events, clock.waiting], [['stop'], 0]);
});

/** Returns the times of the frames that become examples, in milliseconds. `frames`: the times at which frames come. */
function timesTaken(options, frames) {
  const clock = makeClock();
  const pace = new Pace(() => ({ ...defaultRecording, ...options }), clock);
  pace.start(1);
  let passed = 0;
  return frames.filter((at) => {
    clock.pass(at - passed);
    passed = at;
    return pace.take(1);
  });
}

test('the rate holds for cameras of any speed, with frames that come early or late', () => {
  const seed = testSeed();
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (const perSecond of [10, 5, 2, 1]) {
    for (const framesPerSecond of [15, 24, 30, 60]) {
      const interval = 1000 / framesPerSecond;
      const frames = Array.from({ length: framesPerSecond * 20 }, (_, n) => (n + 0.4 * random()) * interval);
      const taken = timesTaken({ perSecond }, frames);
      const found = (taken.length - 1) / ((taken.at(-1) - taken[0]) / 1000);
      assert.ok(
        Math.abs(found / perSecond - 1) < 0.06,
        `seed ${seed}: ${found} examples per second in place of ${perSecond}, at ${framesPerSecond} frames`,
      );
      assert.equal(taken[0], frames[0]);
      const gaps = taken.slice(1).map((at, index) => at - taken[index]);
      assert.ok(Math.min(...gaps) >= 500 / perSecond, `seed ${seed}: two examples after ${Math.min(...gaps)} ms`);
    }
  }
});

test('without a rate every frame is taken, and a slow camera has no burst afterwards', () => {
  const frames = Array.from({ length: 10 }, (_, n) => n * 33);
  assert.deepEqual(timesTaken({}, frames), frames);
  // 3 seconds without a frame.
  assert.deepEqual(timesTaken({ perSecond: 2 }, [0, 33, 3000, 3033, 3066, 3300, 3500, 3800]), [0, 3000, 3300, 3800]);
});

test('a recording ends after its number of examples', () => {
  const frames = Array.from({ length: 100 }, (_, n) => n * 33);
  assert.equal(timesTaken({ maxExamples: 25 }, frames).length, 25);
  const pace = new Pace(() => ({ ...defaultRecording, maxExamples: 2 }), makeClock());
  assert.deepEqual([pace.take(1), pace.isComplete(1)], [false, false]);
  pace.start(1);
  assert.deepEqual([pace.take(1), pace.isComplete(1), pace.take(1), pace.isComplete(1)], [true, false, true, true]);
  pace.start(1);
  assert.equal(pace.take(1), true);
});

/** Returns an embedding at this angle from another direction. */
const at = (radians) => Float32Array.of(3 * Math.cos(radians), 3 * Math.sin(radians));

test('a recording that stands still gives a hint, once in a while, and one of a moving thing gives none', () => {
  const clock = makeClock();
  const stillness = new Stillness(clock);
  const run = (seconds, angleOf) => {
    stillness.start();
    let hints = 0;
    for (let n = 0; n < seconds * 30; n++) {
      clock.pass(1000 / 30);
      if (stillness.add(at(angleOf(n)))) hints++;
    }
    return hints;
  };
  const limit = Math.acos(stillSimilarity);
  assert.equal(
    run(0.9, () => 0),
    0,
    'too short',
  );
  assert.equal(
    run(3, (n) => n * limit * 0.05),
    0,
    'moves',
  );
  assert.equal(
    run(3, (n) => (n % 2) * limit * 0.9),
    1,
    'still',
  );
  assert.equal(
    run(3, () => 0),
    0,
    'soon after a hint',
  );
  assert.equal(
    run(10, () => 0),
    1,
    'later',
  );
  // A turn of half a second within a still recording makes it worth its time.
  clock.pass(10_000);
  assert.equal(
    run(2, (n) => (n % 25 < 15 ? 0 : limit * 2)),
    0,
  );
});

test('examples that come slowly are compared, too', () => {
  const clock = makeClock();
  const stillness = new Stillness(clock);
  const hints = [];
  for (let n = 0; n < 6; n++) {
    clock.pass(1000);
    hints.push(stillness.add(at(0)));
  }
  assert.deepEqual(hints, [false, false, false, true, false, false]);
});

test('the rectangle lies within the part that the network sees, and its centre is that of the zoom', () => {
  const wide = { width: 640, height: 480 };
  assert.deepEqual(rectangleOf(defaultRecording.zoom, wide, 'center'), { x: 80, y: 0, width: 480, height: 480 });
  assert.deepEqual(rectangleOf(defaultRecording.zoom, wide, 'squash'), { x: 0, y: 0, width: 640, height: 480 });
  assert.deepEqual(rectangleOf({ scale: 2, x: 0.25, y: 0.25 }, wide, 'center'), {
    x: 80,
    y: 0,
    width: 240,
    height: 240,
  });
  assert.deepEqual(rectangleOf({ scale: 2, x: 0.75, y: 0.5 }, wide, 'squash'), {
    x: 320,
    y: 120,
    width: 320,
    height: 240,
  });
  assert.deepEqual(rectangleOf({ scale: 4, x: 0.5, y: 0.5 }, { width: 1, height: 2 }, 'center'), {
    x: 0,
    y: 1,
    width: 1,
    height: 1,
  });
  const seed = testSeed();
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 500; round++) {
    const size = { width: 1 + Math.floor(random() * 2000), height: 1 + Math.floor(random() * 2000) };
    const zoom = { scale: 1 + 3 * random(), x: random(), y: random() };
    const { x, y, width, height } = rectangleOf(zoom, size, round % 2 ? 'center' : 'squash');
    const isInside = x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height;
    assert.ok(
      isInside && width >= 1 && height >= 1,
      `seed ${seed}: ${JSON.stringify({ size, zoom, x, y, width, height })}`,
    );
    if (round % 2) assert.equal(width, height);
  }
});

test('the preview shows the part, and a drag moves the picture with the finger, mirrored or not', () => {
  assert.deepEqual(styleOf({ scale: 1, x: 0.5, y: 0.5 }, true), { scale: '', translate: '' });
  assert.deepEqual(styleOf({ scale: 2, x: 0.25, y: 0.5 }, false), { scale: '2', translate: '50.000% 0.000%' });
  assert.deepEqual(styleOf({ scale: 2, x: 0.25, y: 0.75 }, true), { scale: '2', translate: '-50.000% -50.000%' });
  const start = { scale: 2, x: 0.5, y: 0.5 };
  assert.deepEqual(dragged(start, 0.2, -0.1, false), { scale: 2, x: 0.4, y: 0.55 });
  assert.deepEqual(dragged(start, 0.2, 0, true), { scale: 2, x: 0.6, y: 0.5 });
  assert.deepEqual(dragged(start, 5, 5, false), { scale: 2, x: 0.25, y: 0.25 });
  assert.deepEqual(withinPicture({ scale: 1, x: 0, y: 1 }), { scale: 1, x: 0.5, y: 0.5 });
});

test('classes come in the chosen order, new ones last by their slot', () => {
  const classes = ['a', 'b', 'c', 'd'].map((label, index) => ({ label, slot: 4 - index }));
  const labels = (order) => inOrder(classes, order).map(({ label }) => label);
  assert.deepEqual(labels([]), ['d', 'c', 'b', 'a']);
  assert.deepEqual(labels(['b', 'gone', 'a']), ['b', 'a', 'd', 'c']);
  assert.deepEqual(withMoved(['a', 'b', 'c'], 'a', 2), ['b', 'c', 'a']);
  assert.deepEqual(withMoved(['a', 'b', 'c'], 'c', -5), ['c', 'a', 'b']);
  assert.equal(withMoved(['a', 'b', 'c'], 'c', 9), undefined);
  assert.equal(withMoved(['a'], 'x', 0), undefined);
});

test('options and order belong to the project: they come back with a stored one, and each change is told once', () => {
  const project = new ProjectState(emptyProject('', ''));
  const settings = new RecordingSettings(project);
  const told = [];
  settings.follow(({ perSecond, zoom }) => told.push([perSecond, zoom.scale]));
  settings.change({ perSecond: 5 });
  settings.change({ perSecond: 5 });
  project.rename('other');
  settings.change({ zoom: { scale: 2, x: 0.5, y: 0.5 } });
  project.setOrder(['b', 'a']);
  // Read as the next visit reads it.
  const damages = [];
  const stored = readProject(structuredClone(project.current), '', damages);
  assert.deepEqual(damages, []);
  project.open(emptyProject('second', ''));
  project.open(stored);
  assert.deepEqual(told, [
    [0, 1],
    [5, 1],
    [5, 2],
    [0, 1],
    [5, 2],
  ]);
  project.renameClass('a', 'c');
  const classes = ['b', 'c'].map((label, index) => ({ label, slot: 2 - index }));
  assert.deepEqual(
    inOrder(classes, project.current.order).map(({ label }) => label),
    ['b', 'c'],
  );
});
