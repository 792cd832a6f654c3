// The settings of the demo page that need no browser: the threshold that is suggested, and the state of the project.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { randomOf } from '../support/seed.mjs';

const { suggestThreshold, ProjectState, emptyProject } = await importTs(
  '../demo/settings/suggest-threshold',
  '../demo/project/project',
);

/** Returns rows of a class: a direction with noise, so that two rows have about the similarity 1 / (1 + noise ** 2). */
function makeClass(random, noise, count = 10, size = 256) {
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const direction = Float32Array.from({ length: size }, gauss);
  return Array.from({ length: count }, () => direction.map((value) => value + noise * gauss()));
}

test('the suggested threshold is the usual one, unless the examples of a class differ much', () => {
  const random = randomOf(7);
  assert.equal(suggestThreshold([makeClass(random, 0.3), makeClass(random, 0.3)], 28), 28);
  // A similarity of 0.2 within a class makes the usual threshold too strict.
  const suggested = suggestThreshold([makeClass(random, 2), makeClass(random, 2)], 28);
  assert.ok(suggested > 10 && suggested < 22, String(suggested));
});

test('too few, equal and empty examples give a threshold, too', () => {
  assert.equal(suggestThreshold([], 28), 28);
  assert.equal(suggestThreshold([[new Float32Array([1, 2])], []], 28), 28);
  assert.equal(suggestThreshold([[new Float32Array(4), new Float32Array(4)]], 28), 0);
  const row = new Float32Array([1, 2, 3]);
  assert.equal(suggestThreshold([[row, row.slice()]], 52), 52);
});

test('the project tells its listeners of every change, and a class keeps its settings when it is renamed', () => {
  const state = new ProjectState(emptyProject('', 'Mine'));
  const seen = [];
  const stop = state.onChange(({ name, settings }) => seen.push([name, settings.neighbours]));
  state.rename('Yours');
  state.changeSettings({ neighbours: 3 });
  stop();
  state.changeSettings({ neighbours: 4 });
  assert.deepEqual(seen, [
    ['Yours', 0],
    ['Yours', 3],
  ]);
  state.changeClass('__proto__', { enabled: false });
  state.setOrder(['b', '__proto__']);
  assert.deepEqual(state.classSettings('constructor'), { enabled: true });
  assert.equal(state.classSettings('__proto__').enabled, false);
  state.renameClass('__proto__', 'cup');
  assert.equal(state.classSettings('cup').enabled, false);
  assert.equal(state.classSettings('__proto__').enabled, true);
  assert.deepEqual(state.current.order, ['b', 'cup']);
});
