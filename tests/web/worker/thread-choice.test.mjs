// The choice of the number of threads, with times that are given.

import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { makeRandom } from '../support/random.mjs';

const { ThreadChoice } = await importTs('worker/thread-choice.ts');
const { chooseThreads, currentChoice } = await importTs('worker/open.ts');

/** Runs frames that take `timeOf(threads, frame)` milliseconds. Returns the number of threads of each frame. */
function runFrames(choice, count, timeOf) {
  return Array.from({ length: count }, (_, frame) => {
    const threads = choice.count;
    choice.note(timeOf(threads, frame));
    return threads;
  });
}

/** Returns the time of all frames, as a multiple of what they take with the best number of threads. */
function timeBeyondBest(frames, times) {
  const best = Math.min(...Object.values(times)) * frames.length;
  return frames.reduce((sum, threads) => sum + times[threads], 0) / best;
}

const table = [
  // Columns: number of threads at first, milliseconds by number of threads, number that is preferred.
  ['two cores that are reported as four', 4, { 4: 93, 1: 49, 2: 30 }, 2],
  ['one core that is reported as four', 4, { 4: 93, 1: 49, 2: 60 }, 1],
  ['four cores', 4, { 4: 15, 1: 49, 2: 27 }, 4],
  ['three cores', 3, { 3: 18, 1: 49, 2: 27 }, 3],
  ['two cores', 2, { 2: 27, 1: 49 }, 2],
  ['a busy second core', 2, { 2: 60, 1: 49 }, 1],
  ['no gain that is worth a core', 2, { 2: 48, 1: 49 }, 1],
];

for (const [name, all, times, preferred] of table) {
  test(`${name}: ${preferred} of ${all} threads`, () => {
    const choice = new ThreadChoice(all);
    const first = runFrames(choice, all > 2 ? 12 : 8, (threads) => times[threads]);
    assert.deepEqual([...new Set(first)], all > 2 ? [all, 2, 1] : [all, 1], 'all are tried at first');
    assert.equal(choice.preferred, preferred);
    const next = runFrames(choice, 2000, (threads) => times[threads]);
    assert.equal(choice.preferred, preferred);
    assert.ok(timeBeyondBest(next, times) < 1.04, `trials cost ${timeBeyondBest(next, times)}`);
    assert.ok(new Set(next).size > 1, 'others are tried again');
  });
}

test('a program that takes a core away, and gives it back, is noticed within 60 frames', () => {
  const idle = { 2: 7, 1: 11 };
  const busy = { 2: 30, 1: 15 };
  const choice = new ThreadChoice(2);
  runFrames(choice, 100, (threads) => idle[threads]);
  assert.equal(choice.preferred, 2);
  runFrames(choice, 60, (threads) => busy[threads]);
  assert.equal(choice.preferred, 1);
  const frames = runFrames(choice, 1000, (threads) => busy[threads]);
  assert.ok(timeBeyondBest(frames, busy) < 1.05, `${timeBeyondBest(frames, busy)}`);
  // As long as the dearest pause between two trials.
  runFrames(choice, 200, (threads) => idle[threads]);
  assert.equal(choice.preferred, 2);
});

test('a machine that becomes slower as a whole keeps its threads', () => {
  const choice = new ThreadChoice(2);
  runFrames(choice, 50, (threads) => ({ 2: 7, 1: 11 })[threads]);
  const frames = runFrames(choice, 200, (threads) => ({ 2: 14, 1: 22 })[threads]);
  assert.equal(choice.preferred, 2);
  assert.ok(frames.filter((threads) => threads === 1).length < 30);
});

test('noise costs little: one frame of five takes three times as long', () => {
  const { chance } = makeRandom(1);
  const times = { 4: 15, 1: 49, 2: 27 };
  const choice = new ThreadChoice(4);
  runFrames(choice, 12, (threads) => times[threads]);
  const frames = runFrames(choice, 2000, (threads) => times[threads] * (chance(0.2) ? 3 : 1));
  assert.ok(timeBeyondBest(frames, times) < 1.1, `${timeBeyondBest(frames, times)}`);
});

test('a single pause changes nothing', () => {
  const choice = new ThreadChoice(2);
  runFrames(choice, 30, (threads) => ({ 2: 7, 1: 11 })[threads]);
  choice.note(5000);
  runFrames(choice, 12, (threads) => ({ 2: 7, 1: 11 })[threads]);
  assert.equal(choice.preferred, 2);
});

test('the module gets each change, and info() names what computes now', () => {
  const limits = [];
  const open = {
    classifier: { limitThreads: (count) => limits.push(count) },
    choice: { variant: 'simd-threads', threads: 4, reason: 'As a test.' },
    threadChoice: new ThreadChoice(4),
  };
  assert.equal(currentChoice(open), open.choice);
  let used = 4;
  for (let i = 0; i < 30; i++) {
    chooseThreads(open, { 4: 93, 1: 49, 2: 30 }[used]);
    used = limits.at(-1) ?? 4;
  }
  assert.deepEqual(limits, [2, 1, 2]);
  assert.deepEqual(currentChoice(open), {
    variant: 'simd-threads',
    threads: 2,
    reason: 'As a test. With 2 of them, frames are no slower now.',
  });
  const fixed = { ...open, threadChoice: undefined };
  chooseThreads(fixed, 1000);
  assert.equal(currentChoice(fixed), open.choice);
  assert.equal(limits.length, 3);
});
