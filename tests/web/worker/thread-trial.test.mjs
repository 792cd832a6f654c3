// The choice of the number of threads, with times that are given.

import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { ThreadTrial } = await importTs('worker/thread-trial.ts');
const { tryThreads } = await importTs('worker/open.ts');

/** Runs a trial whose frames take `timeOf(threads, frame)` milliseconds. Returns what was tried, and the number that is kept. */
function tryOut(count, timeOf) {
  const trial = new ThreadTrial(count);
  const tried = [];
  for (let frame = 0; !trial.isOver; frame++) {
    assert.ok(frame < 100, 'the trial ends');
    tried.push(trial.count);
    trial.note(timeOf(trial.count, frame));
  }
  return { tried: [...new Set(tried)], frames: tried.length, kept: trial.count };
}

const table = [
  // Columns: number of threads at first, milliseconds by number of threads, number that is kept.
  ['two cores that are reported as four', 4, { 4: 93, 1: 49, 2: 30 }, 2],
  ['one core that is reported as four', 4, { 4: 93, 1: 49, 2: 60 }, 1],
  ['four cores', 4, { 4: 15, 1: 49, 2: 27 }, 4],
  ['three cores', 3, { 3: 18, 1: 49, 2: 27 }, 3],
  ['two cores', 2, { 2: 27, 1: 49 }, 2],
  ['a busy second core', 2, { 2: 60, 1: 49 }, 1],
  ['no gain that is worth a core', 2, { 2: 48, 1: 49 }, 1],
  ['steps that are small, one by one', 4, { 4: 45, 1: 49, 2: 47 }, 4],
];

for (const [name, count, times, kept] of table) {
  test(`${name}: ${kept} of ${count} threads`, () => {
    const result = tryOut(count, (threads) => times[threads]);
    assert.equal(result.kept, kept);
    assert.deepEqual(result.tried, count > 2 ? [count, 1, 2] : [count, 1]);
    assert.ok(result.frames <= 15, `${result.frames} frames`);
  });
}

test('slow frames among fast ones, and the first after each change, are not counted', () => {
  const times = { 4: 15, 1: 49, 2: 27 };
  let last = 0;
  const { kept } = tryOut(4, (threads, frame) => {
    const isFirst = threads !== last;
    last = threads;
    return isFirst ? 1 : times[threads] * (frame % 3 === 0 ? 10 : 1);
  });
  assert.equal(kept, 4);
});

test('after the end, nothing changes', () => {
  const trial = new ThreadTrial(2);
  while (!trial.isOver) trial.note(trial.count === 2 ? 20 : 40);
  for (let i = 0; i < 20; i++) trial.note(1000);
  assert.equal(trial.count, 2);
});

/**
 * Runs frames with a module whose threads' workers are free again one frame after the threads have ended. Returns the classifier,
 * and the numbers of threads of all frames.
 */
function runFrames(times, { failsAt } = {}) {
  const unusedWorkers = [];
  let used = 4;
  const classifier = {
    useThreads(count) {
      if (count === failsAt) throw new Error('made to fail');
      assert.ok(unusedWorkers.length >= count - 1, 'the new threads find workers');
      unusedWorkers.length -= count - 1;
      ended = used - 1;
      used = count;
    },
  };
  let ended = 0;
  const open = {
    module: { PThread: { unusedWorkers } },
    classifier,
    choice: { variant: 'simd-threads', threads: 4, reason: 'As a test.' },
    trial: { wanted: new ThreadTrial(4), used: 4 },
  };
  const frames = [];
  for (let i = 0; i < 40; i++) {
    frames.push(used);
    tryThreads(open, times[used]);
    if (i % 2 === 1) {
      unusedWorkers.push(...Array(ended).fill({}));
      ended = 0;
    }
  }
  return { open, frames };
}

test('all threads end before others start, and info() names the number that is kept', () => {
  for (const [times, kept] of [
    [{ 4: 93, 1: 49, 2: 30 }, 2],
    [{ 4: 15, 1: 49, 2: 27 }, 4],
    [{ 4: 93, 1: 49, 2: 93 }, 1],
  ]) {
    const { open, frames } = runFrames(times);
    assert.equal(frames.at(-1), kept);
    assert.equal(open.choice.threads, kept);
    assert.equal(open.trial, undefined);
    assert.equal(
      /^As a test\. With \d of them, the first frames were no slower\.$/.test(open.choice.reason),
      kept !== 4,
    );
  }
});

test('threads that fail to start again end the trial with one thread', () => {
  const { open, frames } = runFrames({ 4: 15, 1: 49, 2: 27 }, { failsAt: 2 });
  assert.equal(frames.at(-1), 1);
  assert.equal(open.choice.threads, 1);
  assert.match(open.choice.reason, /^One thread alone: made to fail/);
});
