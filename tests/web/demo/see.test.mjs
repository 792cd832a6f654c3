// What the page shows about the recognition, as far as it needs no browser: the map, the matrix, the lines, times and diagnostics.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { randomOf } from '../support/seed.mjs';

const see = await importTs(
  '../demo/see/ring-buffer',
  '../demo/see/step-times',
  '../demo/see/map-layout',
  '../demo/see/confusion-matrix',
  '../demo/see/confidence-history',
  '../demo/see/diagnostics-text',
);

test('a ring buffer keeps the last values in their order', () => {
  const buffer = new see.RingBuffer(3);
  assert.deepEqual(buffer.toArray(), []);
  for (const [value, wanted] of [
    [1, [1]],
    [2, [1, 2]],
    [3, [1, 2, 3]],
    [4, [2, 3, 4]],
    [5, [3, 4, 5]],
    [6, [4, 5, 6]],
    [7, [5, 6, 7]],
  ]) {
    buffer.add(value);
    assert.deepEqual(buffer.toArray(), wanted);
    assert.equal(buffer.length, wanted.length);
  }
  buffer.clear();
  buffer.add(8);
  assert.deepEqual(buffer.toArray(), [8]);
});

test('percentiles are values of the list', () => {
  assert.equal(see.percentile([], 0.5), 0);
  assert.equal(see.percentile([7], 0.95), 7);
  assert.equal(see.percentile([3, 1, 2], 0.5), 2);
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.equal(see.percentile(hundred, 0.5), 50);
  assert.equal(see.percentile(hundred, 0.95), 95);
  assert.equal(see.percentile(hundred, 0), 1);
  assert.equal(see.percentile(hundred, 1), 100);
});

test('the steps of a frame add up to the time of the call and of the page', () => {
  const timings = { pixelsMs: 2, preprocessMs: 3, networkMs: 10, answerMs: 1 };
  const times = see.toFrameTimes(timings, 20, 4);
  assert.deepEqual(times, { grab: 2, preprocess: 3, network: 7, neighbours: 1, messages: 7, page: 4 });
  assert.equal(
    Object.values(times).reduce((sum, ms) => sum + ms),
    24,
  );
  // Clocks of two threads may differ a little.
  assert.equal(see.toFrameTimes(timings, 12, 0).messages, 0);
});

test('the summary has the rate and the percentiles of the last frames, without pauses', () => {
  const times = new see.StepTimes(10);
  assert.deepEqual([times.summary().frames, times.summary().framesPerSecond, times.summary().total.p95], [0, 0, 0]);
  const frame = (ms) => ({ grab: ms, preprocess: 0, network: 10, neighbours: 0, messages: 0, page: 0 });
  for (let i = 0; i < 15; i++) times.add(frame(i), i * 50);
  // A minute later.
  for (let i = 0; i < 5; i++) times.add(frame(100), 60_000 + i * 50);
  const { frames, framesPerSecond, steps, total } = times.summary();
  assert.equal(frames, 10);
  assert.equal(framesPerSecond, 20);
  assert.deepEqual(steps.network, { p50: 10, p95: 10 });
  assert.deepEqual(steps.grab, { p50: 14, p95: 100 });
  assert.deepEqual(total, { p50: 24, p95: 110 });
});

const size = { width: 400, height: 300, margin: 20 };
const mapOf = (...points) => ({ ids: points.map((_, i) => 10 + i), points: Float32Array.from(points.flat()) });

test('a map fits into the canvas with one scale for both axes', () => {
  const layout = see.layOut(mapOf([0, 0], [2, 0], [2, 1]), size);
  // 360 pixels for 2 units, and the second axis points up.
  assert.deepEqual([...layout.places], [20, 240, 380, 240, 380, 60]);
  assert.deepEqual(layout.toCanvas([1, 0.5]), { x: 200, y: 150 });
});

test('examples on one place, and no examples, are in the middle', () => {
  for (const point of [
    [0, 0],
    [0.3, -0.7],
  ])
    assert.deepEqual([...see.layOut(mapOf(point, point), size).places], [200, 150, 200, 150]);
  const empty = see.layOut(mapOf(), size);
  assert.equal(empty.places.length, 0);
  assert.deepEqual(empty.toCanvas([5, 5]), { x: 200, y: 150 });
  assert.equal(see.nearestTo(empty, { x: 200, y: 150 }, 20), -1);
  for (const key of ['ArrowLeft', 'Home', 'End', 'PageDown']) assert.equal(see.moveBy(empty, -1, key), -1);
});

test('a pointer means the nearest example within reach', () => {
  const layout = see.layOut(mapOf([0, 0], [2, 0], [2, 1]), size);
  assert.equal(see.nearestTo(layout, { x: 30, y: 235 }, 20), 0);
  assert.equal(see.nearestTo(layout, { x: 375, y: 80 }, 21), 2);
  assert.equal(see.nearestTo(layout, { x: 200, y: 150 }, 20), -1);
});

test('keys move to the next example in their direction', () => {
  // 0 at the left, 1 right of it, 2 above 1, 3 on the place of 1.
  const layout = see.layOut(mapOf([0, 0], [1, 0], [1, 1], [1, 0]), size);
  const moves = [
    [-1, 'ArrowRight', 0],
    [0, 'ArrowRight', 1],
    [0, 'ArrowUp', 2],
    [0, 'ArrowLeft', 0],
    [1, 'ArrowUp', 2],
    [2, 'ArrowDown', 1],
    [1, 'PageDown', 2],
    [2, 'PageDown', 3],
    [3, 'PageDown', 3],
    [3, 'PageUp', 2],
    [0, 'PageUp', 0],
    [2, 'Home', 0],
    [0, 'End', 3],
    [0, 'Enter', undefined],
    [0, 'constructor', undefined],
  ];
  for (const [from, key, wanted] of moves) assert.equal(see.moveBy(layout, from, key), wanted, `${from} ${key}`);
});

test('every example of a map can be reached by keys', () => {
  const random = randomOf(3);
  const layout = see.layOut(mapOf(...Array.from({ length: 60 }, () => [random(), random()])), size);
  const reached = new Set([0]);
  for (const from of reached)
    for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'])
      reached.add(see.moveBy(layout, from, key));
  assert.equal(reached.size, 60);
});

test('the map in words names the nearest class and the examples that lie astray', () => {
  const map = mapOf([0, 0], [0.2, 0], [5, 0], [5.2, 0], [9, 0], [4.9, 0.1]);
  const words = see.describeClasses(map, ['a', 'a', 'b', 'b', '__proto__', 'a']);
  assert.deepEqual(words, [
    { label: 'a', count: 3, nearest: 'b', astray: 1 },
    { label: 'b', count: 2, nearest: 'a', astray: 0 },
    { label: '__proto__', count: 1, nearest: 'b', astray: 0 },
  ]);
  assert.deepEqual(see.describeClasses(mapOf([1, 1], [2, 2]), ['a', undefined]), [
    { label: 'a', count: 1, nearest: null, astray: 0 },
  ]);
  assert.deepEqual(see.describeClasses(mapOf(), []), []);
});

test('the matrix has a row and a column for each class, in the order of the page', () => {
  const confusion = [
    { label: 'cup', takenFor: 'cup', count: 3, ids: [1, 2, 3] },
    { label: 'cup', takenFor: 'hand', count: 1, ids: [4] },
    { label: 'hand', takenFor: 'hand', count: 2, ids: [7, 9] },
    { label: 'new', takenFor: 'cup', count: 1, ids: [8] },
  ];
  const rows = see.toMatrix(confusion, ['hand', 'unused', 'cup']);
  assert.deepEqual(
    rows.map(({ label, tested }) => [label, tested]),
    [
      ['hand', 2],
      ['cup', 4],
      ['new', 1],
    ],
  );
  assert.deepEqual(
    rows.map(({ cells }) => cells.map(({ ids }) => ids.length)),
    [
      [2, 0, 0],
      [1, 3, 0],
      [0, 1, 0],
    ],
  );
  assert.deepEqual(rows[1].cells[0], { label: 'cup', takenFor: 'hand', ids: [4], share: 0.25, isRight: false });
  assert.equal(rows[2].cells[2].share, 0);
  assert.deepEqual(see.toMatrix([], ['a']), []);
});

test('a line has the confidences of the last 10 seconds', () => {
  const history = new see.ConfidenceHistory();
  assert.equal(history.add({ a: 0.2 }, 0), true);
  assert.equal(history.add({ a: 0.3 }, 20), false);
  assert.equal(history.add({ a: 0.4, b: 0.6 }, 5000), true);
  assert.deepEqual(history.line('a', 10_000), [
    { age: 1, confidence: 0.2 },
    { age: 0.5, confidence: 0.4 },
  ]);
  assert.deepEqual(
    history.line('b', 5000).map(({ confidence }) => confidence),
    [0, 0.6],
  );
  assert.deepEqual(
    history.line('toString', 5000).map(({ confidence }) => confidence),
    [0, 0],
  );
  assert.equal(history.line('a', 12_000).length, 1);
  history.clear();
  assert.deepEqual(history.line('a', 5000), []);
  assert.equal(history.add({ a: 1 }, 5001), true);
  for (let at = 6000; at < 60_000; at += 50) history.add({ a: 1 }, at);
  assert.equal(history.line('a', 60_000).length, 100);
});

test('diagnostics say what runs, and nothing about what was taught', () => {
  const info = {
    variant: 'relaxed-threads',
    reason: 'The page is isolated.',
    threads: 4,
    worker: true,
    isolated: true,
    readsCanvases: true,
    model: {
      title: 'My secret network',
      id: 'secret',
      format: 'tflite',
      inputType: 'int8',
      inputWidth: 224,
      inputHeight: 224,
      layers: 'two',
      embeddingSize: 1792,
      multiplyAdds: 12345,
    },
    heapBytes: 2 ** 25,
    usedBytes: 2 ** 24,
    exampleBytes: 2 ** 20,
    loadTimings: { moduleMs: 12.34, modelMs: 56, prepareMs: 7 },
  };
  const times = new see.StepTimes();
  for (const ms of [1, 2, 3])
    times.add({ grab: ms, preprocess: 1, network: 8, neighbours: 1, messages: 1, page: 2 }, ms * 100);
  const facts = {
    info,
    times: times.summary(),
    benchmark: null,
    classCount: 3,
    exampleCount: 70,
    browser: 'Test/1',
    language: 'de',
    processors: 2,
    screen: '390 x 844, ratio 3',
    isolated: true,
    serviceWorker: false,
    storage: { usage: 2 ** 21, quota: 2 ** 30 },
  };
  const text = see.diagnosticsText(facts);
  for (const part of [
    'relaxed-threads, threads: 4',
    'The page is isolated.',
    'tflite, int8, 224 x 224',
    '16.0 MiB of 32.0 MiB',
    'Classes: 3, examples: 70',
    'Browser storage: 2.0 MiB of 1024.0 MiB',
    'Frames: 3, 10.0 per second, p50 15.0 ms, p95 16.0 ms',
    '  network: p50 8.0 ms, p95 8.0 ms',
    'Service worker: no',
  ])
    assert.ok(text.includes(part), `${part}\n${text}`);
  assert.doesNotMatch(text, /secret|Benchmark/i);
  const without = see.diagnosticsText({ ...facts, info: null, storage: null, times: new see.StepTimes().summary() });
  assert.match(without, /Engine: not running/);
  assert.match(without, /Browser storage: unknown/);
  assert.match(without, /Frames: none/);
  assert.match(see.diagnosticsText({ ...facts, benchmark: facts.times }), /Benchmark: 3, 10.0 per second/);
});
