// Rounds of random edits, saves, loads and faults, against a data set in plain JavaScript. A round that fails is shortened to the
// fewest steps that still fail, and printed with its seed. The module's allocations fail at random steps.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { DatasetModel } from '../support/dataset-model.mjs';
import { importTs } from '../support/import-ts.mjs';
import { testSeed } from '../support/seed.mjs';

const roundCount = 500;
const stepCount = 40;
const size = 6;
const failingModule = path.join(root, 'build/wasm/failing');
const { loadKnn } = await importTs('entries/knn.ts');

/** Returns a function that returns numbers of 0 to 1, without 1. */
function makeRandom(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

const labels = ['a', 'b', '__proto__', '', '7', '\ufeffmark', '\u{1f600}', 'x'.repeat(40)];
const formats = ['f32', 'i16', 'i8'];
/** Largest error of a similarity in each format. */
const tolerances = { f32: 2e-6, i16: 1e-4, i8: 2e-2 };

/** Kinds of steps, each with the weight of its choice. */
const kinds = Object.entries({
  add: 12,
  addMany: 4,
  addClass: 2,
  remove: 6,
  move: 4,
  undo: 5,
  rename: 3,
  merge: 1,
  enable: 2,
  clear: 1,
  clearAll: 0.3,
  storage: 1,
  reload: 3,
  exchange: 1,
  predict: 4,
  review: 1,
  map: 1,
  wrong: 6,
  damaged: 2,
  changedWhileSaved: 1,
});
const allWeights = kinds.reduce((sum, [, weight]) => sum + weight, 0);

/** Makes a step as plain data, so that a round can be repeated without some of its steps. */
function makeStep(random) {
  let at = random() * allWeights;
  const [kind] = kinds.find(([, weight]) => (at -= weight) < 0) ?? kinds[0];
  const vector = () => Array.from({ length: size }, () => Math.fround(random() - 0.5));
  return {
    kind,
    vectors: Array.from({ length: kind === 'addMany' ? 1 + Math.floor(random() * 30) : 1 }, vector),
    label: labels[Math.floor(random() * labels.length)],
    other: labels[Math.floor(random() * labels.length)],
    pick: random(),
    pick2: random(),
    // A third of the steps begin while the n-th allocation of the module fails.
    failAfter: random() < 1 / 3 ? Math.floor(random() * 25) : -1,
  };
}

const pickOf = (list, at) => list[Math.floor(at * list.length)];

/** What a call does to the engine and to the model. Returns undefined when the step does nothing in this state. */
function toCall({ kind, vectors, label, other, pick, pick2 }, model, engine) {
  const ids = [...model.examples.keys()];
  const id = pickOf(ids, pick);
  const of = pickOf(model.classes, pick);
  const into = pickOf(model.classes, pick2);
  const floats = Float32Array.from(vectors.flat());
  switch (kind) {
    case 'add':
      return {
        run: () => engine.addExample(floats, label),
        model: () => model.add(vectors[0], label),
        check: (count) => assert.equal(count, model.ids(label).length),
      };
    case 'addMany': {
      const each = vectors.map((_, i) => (i % 2 ? label : other));
      return {
        run: () => engine.addExamples(floats, each),
        model: () => vectors.map((vector, i) => model.add(vector, each[i])),
        check: (got, wanted) => assert.deepEqual(got, wanted),
      };
    }
    case 'addClass':
      return { run: () => engine.addClass(label), model: () => model.addClass(label) };
    case 'remove':
      return id === undefined ? undefined : { run: () => engine.removeExample(id), model: () => model.remove(id) };
    case 'move':
      return id === undefined
        ? undefined
        : { run: () => engine.moveExample(id, label), model: () => model.move(id, label) };
    case 'undo':
      return {
        run: () => engine.undo(),
        model: () => model.undo(),
        check: (got, wanted) => assert.equal(got, wanted),
      };
    case 'rename':
      if (!of || (model.has(label) && label !== of.label)) return undefined;
      return { run: () => engine.renameClass(of.label, label), model: () => model.rename(of.label, label) };
    case 'merge':
      if (!of || of === into) return undefined;
      return { run: () => engine.mergeClasses(of.label, into.label), model: () => model.merge(of.label, into.label) };
    case 'enable':
      if (!of) return undefined;
      return {
        run: () => engine.enableClass(of.label, pick2 < 0.6),
        model: () => model.enable(of.label, pick2 < 0.6),
      };
    case 'clear':
      return of && { run: () => engine.clear(of.label), model: () => model.clear(of.label) };
    case 'clearAll':
      return { run: () => engine.clear(), model: () => model.clearAll() };
    case 'storage': {
      const format = pickOf(formats, pick);
      return { run: () => engine.useStorage(format), model: () => (model.storage = format) };
    }
    case 'reload': {
      const pictures = ids
        .filter((_, i) => i % 3 === 0)
        .map((each) => ({ id: each, bytes: new Uint8Array(each % 50) }));
      return {
        run: async () =>
          engine.loadDataset(await engine.saveDataset({ thumbnails: pictures.toReversed?.() ?? pictures })),
        model: () => model.forget(),
        check: (got) =>
          assert.deepEqual(
            got,
            pictures.sort((a, b) => a.id - b.id),
          ),
      };
    }
    case 'exchange':
      return { run: async () => engine.importJson(await engine.exportJson()), model: () => model.renumber() };
    case 'predict': {
      const wanted = model.similarities(vectors[0]);
      if (wanted.length === 0) return undefined;
      const rule = pick2 < 0.7 ? {} : { rule: 'neighbours', weighting: 'similarity' };
      return {
        run: () => engine.predict(floats, { k: 4, ...rule, smoothing: pick < 0.5 ? 3 : 0 }),
        model: () => wanted.slice(0, 4),
        check: ({ neighbours }) => checkNeighbours(neighbours, wanted, model),
      };
    }
    case 'review':
      return {
        run: () => engine.review(),
        model: () => {},
        check: ({ tested }) => assert.ok(tested <= model.examples.size),
      };
    case 'map':
      return {
        run: () => engine.map(),
        model: () => [...model.examples.keys()].sort((a, b) => a - b),
        check: ({ ids: got, points }, wanted) => {
          assert.deepEqual(got, wanted);
          assert.equal(points.length, 2 * got.length);
          assert.ok(points.every(Number.isFinite));
        },
      };
    case 'wrong':
      return { run: pickOf(wrongCalls(engine, floats, label, model), pick), error: /^bad-(argument|dataset)$/ };
    case 'damaged':
      return {
        run: async () => {
          const file = new Uint8Array(await (await engine.saveDataset()).arrayBuffer());
          const at = Math.floor(pick * file.length);
          file[at] ^= 1 << Math.floor(pick2 * 8);
          await engine.loadDataset(pick2 < 0.3 ? file.subarray(0, at) : file);
        },
        error: /^bad-dataset$/,
      };
    case 'changedWhileSaved':
      return {
        run: async () => {
          const saved = engine.saveDataset();
          const added = engine.addExample(floats, label);
          const [save] = await Promise.allSettled([saved, added]);
          assert.match(save.reason?.code ?? 'bad-argument', /^(bad-argument|out-of-memory)$/);
          return added;
        },
        model: () => model.add(vectors[0], label),
      };
  }
  throw new Error(`There is no step '${kind}'.`);
}

function wrongCalls(engine, floats, label, model) {
  return [
    () => engine.addExample(floats, '\ud83d'),
    () =>
      engine.addExample(
        Float32Array.from(floats, () => 0),
        label,
      ),
    () =>
      engine.addExample(
        Float32Array.from(floats, () => NaN),
        label,
      ),
    () => engine.addExamples(Float32Array.of(...floats, ...new Array(size).fill(0)), [label, label]),
    () => engine.predict(floats, { temperature: 1e39 }),
    () => engine.predict(floats, { k: 0 }),
    () => engine.removeExample(model.nextId),
    () => engine.removeExample(4e9),
    () => engine.moveExample(model.nextId + 5, label),
    () => engine.renameClass('no such class', label),
    () => engine.mergeClasses('no such class', label),
    () => engine.clear('no such class'),
    () => engine.importJson('[["a",[1,2,'),
    () => engine.importJson([['\udc00', [1, 2, 3, 4, 5, 6], [1, 6]]]),
    () => engine.importJson([['a', [0, 0, 0, 0, 0, 0], [1, 6]]]),
    () => engine.loadDataset(new Uint8Array(30)),
    () => engine.saveDataset({ thumbnails: [{ id: model.nextId, bytes: new Uint8Array(3) }] }),
  ];
}

/** Examples in other formats have rounding errors, so an example may be in the place of one that is about as similar. */
function checkNeighbours(neighbours, wanted, model) {
  const tolerance = model.lossy ? tolerances.i8 : tolerances[model.storage];
  assert.equal(neighbours.length, Math.min(4, wanted.length));
  const similarityOf = new Map(wanted.map(({ id, similarity }) => [id, similarity]));
  for (const [rank, { id, label, similarity }] of neighbours.entries()) {
    assert.ok(similarityOf.has(id), `example ${id} may not vote`);
    assert.equal(label, model.examples.get(id).of.label);
    assert.ok(Math.abs(similarity - similarityOf.get(id)) <= tolerance, `${similarity} of ${similarityOf.get(id)}`);
    assert.ok(Math.abs(similarity - wanted[rank].similarity) <= 2 * tolerance, `rank ${rank}`);
  }
}

async function checkState(engine, model) {
  assert.deepEqual(
    Object.entries(await engine.counts()),
    // An object's keys that are whole numbers come first.
    Object.entries(Object.fromEntries(model.classes.map((of) => [`:${of.label}`, model.countOf(of)])))
      .map(([label, count]) => [label.slice(1), count])
      .sort(([a], [b]) => (b === '7') - (a === '7')),
  );
  for (const { label } of model.classes) assert.deepEqual(await engine.exampleIds(label), model.ids(label), label);
}

/** Runs the steps. Throws for the first difference. Returns the number of faults that were injected. */
async function runRound(steps) {
  const engine = await loadKnn({
    embeddingSize: size,
    wasmUrl: pathToFileURL(`${failingModule}/`),
    variant: 'simd',
    worker: false,
  });
  const { failAfterAllocations } = globalThis.failingModule;
  const model = new DatasetModel();
  let faults = 0;
  try {
    for (const [index, step] of steps.entries()) {
      const call = toCall(step, model, engine);
      if (!call) continue;
      let result;
      let error;
      failAfterAllocations(step.failAfter);
      try {
        result = await call.run();
      } catch (thrown) {
        error = thrown;
      }
      const failures = failAfterAllocations(-1);
      faults += failures > 0;
      const where = `step ${index}, ${step.kind}`;
      if (error) {
        const expected = failures > 0 ? /^(out-of-memory|bad-argument|bad-dataset)$/ : call.error;
        assert.match(error.code ?? String(error), expected ?? /^no error$/, `${where}: ${error.stack}`);
      } else {
        assert.equal(call.error, undefined, `${where} should have failed`);
        if (step.kind === 'storage' && model.storage !== 'f32') model.lossy = true;
        const wanted = call.model();
        if (step.kind === 'storage' && model.storage === 'i8') model.lossy = true;
        call.check?.(result, wanted);
      }
      await checkState(engine, model);
    }
  } finally {
    engine.dispose();
  }
  return faults;
}

/** Removes steps as long as the round still fails. */
async function shrink(steps) {
  const fails = async (some) =>
    runRound(some).then(
      () => false,
      () => true,
    );
  for (let length = steps.length >> 1; length >= 1; length >>= 1) {
    for (let start = 0; start < steps.length; ) {
      const fewer = steps.toSpliced?.(start, length) ?? [...steps.slice(0, start), ...steps.slice(start + length)];
      if (await fails(fewer)) steps = fewer;
      else start += length;
    }
  }
  return steps;
}

test(`${roundCount} rounds of random edits, saves, loads and faults agree with a plain model`, async (t) => {
  assert.ok(existsSync(failingModule), 'the module with failing allocations is built (target failing_module of simd)');
  const seed = testSeed();
  const random = makeRandom(seed);
  let faults = 0;
  for (let round = 0; round < roundCount; round++) {
    const steps = Array.from({ length: stepCount }, () => makeStep(random));
    try {
      faults += await runRound(steps);
    } catch (error) {
      const fewest = await shrink(steps);
      const again = await runRound(fewest).catch((thrown) => thrown);
      assert.fail(
        `TEACHABLE_SEED=${seed}, round ${round}: ${error.stack}\n${fewest.length} steps are enough: ${again?.stack}\n${JSON.stringify(fewest, undefined, 1)}`,
      );
    }
  }
  t.diagnostic(`seed ${seed}`);
  t.diagnostic(`trust: ${roundCount * stepCount} edits`);
  t.diagnostic(`trust: ${faults} faults`);
  assert.ok(faults > roundCount, 'the faults were injected');
});
