// Calls that overlap, under a scheduler with a seed: it decides when each message arrives, when a call is aborted, and when the
// classifier is disposed of.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test, { after, before } from 'node:test';
import { makeFakeModule } from '../support/fake-module.mjs';
import { importTs } from '../support/import-ts.mjs';
import { runRounds } from '../support/random.mjs';
import { testSeed } from '../support/seed.mjs';
import { fakeModel } from '../support/worker-double.mjs';

const { load, serve, makeHost } = await importTs('entries/index.ts', 'worker/host.ts', 'shared/rpc.ts');

/** Messages that wait for the scheduler, in order. */
let toWorker = [];
let toPage = [];
/** Workers that have not ended. */
const running = new Set();

/** A worker whose messages arrive when the scheduler delivers them. */
class ScheduledWorker extends EventTarget {
  #inside = new EventTarget();

  constructor() {
    super();
    running.add(this);
    const module = makeFakeModule();
    const port = {
      postMessage: (message, transfer) => this.#queue(toPage, this, structuredClone(message, { transfer })),
      addEventListener: (...args) => this.#inside.addEventListener(...args),
    };
    serve(
      port,
      makeHost(
        async () => module,
        () => running.delete(this),
      ),
    );
  }

  #queue(queue, target, data) {
    if (running.has(this)) queue.push(() => target.dispatchEvent(new MessageEvent('message', { data })));
  }

  postMessage(message, transfer) {
    this.#queue(toWorker, this.#inside, structuredClone(message, { transfer }));
  }

  terminate() {
    running.delete(this);
  }
}

const usualWorker = globalThis.Worker;
before(() => {
  globalThis.Worker = ScheduledWorker;
});
after(() => {
  globalThis.Worker = usualWorker;
});

/** One step: a few microtasks, a message in one direction, or a turn of the event loop. */
const steps = [
  () => null,
  () => toWorker.shift()?.(),
  () => Promise.resolve(),
  () => toPage.shift()?.(),
  () => new Promise(setImmediate),
];

/** Takes steps until the promise settles. */
async function untilSettled(promise, onStep = () => {}) {
  let settled = false;
  const end = () => {
    settled = true;
  };
  promise.then(end, end);
  for (let step = 0; !settled; step++) {
    assert.ok(step < 100_000, 'the promise never settles');
    onStep(step);
    await steps[step % steps.length]();
  }
  return promise;
}

async function open(options) {
  toWorker = [];
  toPage = [];
  return untilSettled(load({ model: fakeModel, ...options }));
}

const picture = (value) => ({ data: new Uint8Array(4).fill(value), width: 1, height: 1 });
const countsOf = async (classifier) => JSON.stringify(Object.entries(await untilSettled(classifier.counts())));
const outcome = (promise) =>
  promise.then(
    () => 'done',
    (error) => {
      assert.equal(error.name, 'ClassifierError', error.stack);
      return error.code;
    },
  );

/** Calls that can be aborted, and the classes afterwards: an unchanged state is [["a",1]]. */
const calls = {
  embed: [(c, signal) => c.embed(picture(1), { signal }), '[["a",1]]'],
  classify: [(c, signal) => c.classify(picture(1), 1, { signal }), '[["a",1]]'],
  predict: [(c, signal) => c.predict(picture(1), { signal }), '[["a",1]]'],
  embedMany: [(c, signal) => c.embedMany([picture(1), picture(2), picture(3)], { signal }), '[["a",1]]'],
  addExample: [(c, signal) => c.addExample(picture(1), 'b', { signal }), '[["a",1],["b",1]]'],
  addExamples: [(c, signal) => c.addExamples(new Float32Array(6), ['b', 'b'], { signal }), '[["a",1],["b",2]]'],
  observe: [(c, signal) => c.observe(picture(1), { label: 'b', signal }), '[["a",1],["b",1]]'],
  importJson: [(c, signal) => c.importJson([['z', [1, 2, 3], [1, 3]]], { signal }), '[["z",1]]'],
  saveDataset: [(c, signal) => c.saveDataset({ signal }), '[["a",1]]'],
};

test('a call that is aborted at any await rejects without effect, or has its whole effect', async (t) => {
  let aborts = 0;
  for (const [name, [call, changed]] of Object.entries(calls)) {
    for (let at = 0; ; at++) {
      const classifier = await open();
      await untilSettled(classifier.addExample(picture(9), 'a'));
      const controller = new AbortController();
      let wasAborted = false;
      const result = await untilSettled(outcome(call(classifier, controller.signal)), (step) => {
        if (step !== at) return;
        wasAborted = true;
        controller.abort();
      });
      const counts = await countsOf(classifier);
      const where = `${name}, aborted at step ${at}: ${result}`;
      assert.equal(counts, result === 'done' ? changed : '[["a",1]]', where);
      assert.ok(result === 'done' || result === 'aborted', where);
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0, where);
      classifier.dispose();
      if (!wasAborted) break;
      aborts++;
    }
  }
  t.diagnostic(`${aborts} aborts`);
  assert.ok(aborts > 50);
});

test('a load that is aborted at any await leaves no worker', async () => {
  let aborts = 0;
  for (let at = 0; ; at++) {
    running.clear();
    toWorker = [];
    toPage = [];
    const controller = new AbortController();
    const { signal } = controller;
    let wasAborted = false;
    let loaded;
    const loading = load({ model: fakeModel, signal, onProgress: () => {} }).then(
      (classifier) => (loaded = classifier),
    );
    const result = await untilSettled(outcome(loading), (step) => {
      if (step !== at) return;
      wasAborted = true;
      controller.abort();
    });
    assert.equal(result, loaded ? 'done' : 'aborted');
    assert.equal(running.size, loaded ? 1 : 0, `step ${at}`);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    loaded?.dispose();
    if (!wasAborted) break;
    aborts++;
  }
  assert.ok(aborts > 5, `${aborts} aborts`);
});

test('dispose() at any await of any call, and of a load that others wait for, settles every call', async () => {
  for (const [name, [call]] of Object.entries(calls)) {
    for (let at = 0; ; at++) {
      const classifier = await open();
      await untilSettled(classifier.addExample(picture(9), 'a'));
      let wasDisposed = false;
      const both = [call(classifier), classifier.counts()].map(outcome);
      const results = await untilSettled(Promise.all(both), (step) => {
        if (step !== at) return;
        wasDisposed = true;
        classifier.dispose();
      });
      for (const result of results) assert.ok(['done', 'disposed'].includes(result), `${name}, step ${at}: ${result}`);
      classifier.dispose();
      await assert.rejects(classifier.counts(), { code: 'disposed' });
      if (!wasDisposed) break;
    }
  }
});

/** Calls of the random test: how to make one, and its effect on the classes. */
const random = {
  add: (c, rng, signal) => {
    const label = rng.pick(['a', 'b', 'c']);
    return [c.addExample(picture(rng.below(255)), label, { signal }), (classes) => add(classes, label, 1)];
  },
  addMany: (c, rng, signal) => {
    const label = rng.pick(['a', 'd']);
    return [c.addExamples(new Float32Array(6), [label, label], { signal }), (classes) => add(classes, label, 2)];
  },
  observe: (c, rng, signal) => {
    const label = rng.pick(['a', 'b']);
    return [c.observe(picture(rng.below(255)), { label, signal }), (classes) => add(classes, label, 1)];
  },
  predict: (c, rng, signal) => [c.predict(picture(rng.below(255)), { signal }), () => {}],
  embed: (c, rng, signal) => [c.embed(picture(rng.below(255)), { signal }), () => {}],
  clear: (c, rng) => {
    const label = rng.pick(['a', 'b']);
    return [c.clear(label), (classes) => classes.delete(label)];
  },
  rename: (c, rng) => {
    const label = `n${rng.below(1e9)}`;
    return [
      c.renameClass('a', label),
      (classes) => {
        classes.set(label, classes.get('a'));
        classes.delete('a');
      },
    ];
  },
  import: (c, _rng, signal) => [
    c.importJson([['z', [1, 2, 3], [1, 3]]], { signal }),
    (classes) => {
      classes.clear();
      classes.set('z', 1);
    },
  ],
  save: (c, _rng, signal) => [c.saveDataset({ signal }), () => {}],
  fail: (c) => [c.addExample(new Float32Array(5), 'a'), () => assert.fail('an embedding of another size was taken')],
};

function add(classes, label, count) {
  classes.set(label, (classes.get(label) ?? 0) + count);
}

test('overlapping calls give the state of the calls that succeeded, in the order in which they were made', async (t) => {
  const seed = testSeed();
  const outcomes = {};
  const rounds = await runRounds(seed, 300, async (rng) => {
    const classifier = await open();
    const controllers = [];
    const made = [];
    const begin = () => {
      const controller = new AbortController();
      controllers.push(controller);
      const [promise, effect] = rng.pick(Object.values(random))(classifier, rng, controller.signal);
      made.push({ result: outcome(promise), effect });
    };
    for (let step = 0; step < 150; step++) {
      if (rng.chance(0.15)) begin();
      if (rng.chance(0.03) && controllers.length > 0) rng.pick(controllers).abort();
      await rng.pick(steps)();
    }
    const disposes = rng.chance(0.2);
    if (disposes) classifier.dispose();
    const results = await untilSettled(Promise.all(made.map(({ result }) => result)));
    const classes = new Map();
    for (const [index, result] of results.entries()) {
      outcomes[result] = (outcomes[result] ?? 0) + 1;
      assert.ok(
        ['done', 'aborted', 'bad-argument', 'bad-dataset', ...(disposes ? ['disposed'] : [])].includes(result),
        result,
      );
      if (result === 'done') made[index].effect(classes);
    }
    const sorted = (entries) => JSON.stringify([...entries].sort());
    if (!disposes)
      assert.equal(sorted(Object.entries(await untilSettled(classifier.counts()))), sorted(classes.entries()));
    for (const { signal } of controllers) assert.equal(getEventListeners(signal, 'abort').length, 0);
    classifier.dispose();
  });
  t.diagnostic(`${rounds} rounds with the seed ${seed}: ${JSON.stringify(outcomes)}`);
  assert.ok(outcomes.done > 100 && outcomes.aborted > 10 && outcomes.disposed > 0);
});
