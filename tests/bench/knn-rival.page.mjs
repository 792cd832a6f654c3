// Runs in the page. Compares @tensorflow-models/knn-classifier with compat/knn-classifier of this package: the same calls with the
// same embeddings, in alternation. Then measures the module's classifier alone with more examples than the other can hold.

const size = 1024;
const k = 10;
const classCount = 10;

/** Park and Miller's generator with a fixed seed, so that the embeddings are the same each time. */
function makeRandom() {
  let state = 20240607;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Makes embeddings like those of a MobileNet: no negative values, many zeros, around `centreCount` centres. */
function makeEmbeddings(count, centreCount) {
  const random = makeRandom();
  const normal = () => random() + random() + random() + random() - 2;
  const centres = Array.from({ length: centreCount }, () =>
    Float32Array.from({ length: size }, () => Math.max(0, 1.5 * normal() - 0.3)),
  );
  const all = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const centre = centres[Math.floor(random() * centreCount)];
    for (let j = 0; j < size; j++) all[i * size + j] = Math.max(0, centre[j] + 0.5 * normal());
  }
  return all;
}

const rowOf = (all, i) => all.subarray(i * size, (i + 1) * size);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function milliseconds(body) {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

/** Returns the median time of each body, in ms. In each round, every body is repeated until 20 ms have passed. */
async function inTurns(bodies, rounds) {
  const times = bodies.map(() => []);
  for (const body of bodies) await body();
  for (let round = 0; round < rounds; round++) {
    for (const [index, body] of bodies.entries()) {
      let [runs, passed] = [0, 0];
      while (passed < 20) {
        passed += await milliseconds(body);
        runs++;
      }
      times[index].push(passed / runs);
    }
  }
  return times.map(median);
}

/** Returns the indices of the k highest cosine similarities by a plain scan in double precision. */
function exactNearest(all, count, query) {
  const norms = (row) => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  const scores = [];
  for (let i = 0; i < count; i++) {
    const row = rowOf(all, i);
    let dot = 0;
    for (let j = 0; j < size; j++) dot += row[j] * query[j];
    scores.push({ i, cosine: dot / norms(row) });
  }
  return scores
    .sort((a, b) => b.cosine - a.cosine || a.i - b.i)
    .slice(0, k)
    .map(({ i }) => i);
}

/** Options of a prediction. The module has no defaults, so run() gets them. */
let options;

/** Makes the module's classifier and adds `count` examples in batches. */
function fill(module, storage, all, count) {
  const classifier = new module.Classifier(1);
  classifier.useStorage(storage);
  const batch = 1000;
  for (let first = 0; first < count; first += batch) {
    const rows = Math.min(batch, count - first);
    classifier.addEmbeddings(
      all.subarray(first * size, (first + rows) * size),
      size,
      Array.from({ length: rows }, (_, i) => String((first + i) % classCount)),
    );
  }
  return classifier;
}

function overlap(classifier, all, count, queries) {
  let same = 0;
  for (const query of queries) {
    const found = new Set(classifier.predictEmbedding(query, options).neighbours.map(({ id }) => id));
    // Ids count from 0 in the order in which examples were added.
    same += exactNearest(all, count, query).filter((i) => found.has(i)).length;
  }
  return same / (queries.length * k);
}

/**
 * Returns the WebAssembly memory of both packages, in bytes, after `count` examples were added one by one and one prediction was
 * made. It includes the module, rows, copies and the allocator's overhead. WebAssembly memory never shrinks, so this is measured
 * before everything else.
 */
async function wholeMemory(tf, theirs, ours, createModule, all, count) {
  const their = theirs.create();
  for (let i = 0; i < count; i++) {
    const tensor = tf.tensor1d(rowOf(all, i));
    their.addExample(tensor, i % classCount);
    tensor.dispose();
  }
  const query = tf.tensor1d(rowOf(all, count));
  await their.predictClass(query, k);
  const theirBytes = tf.backend().wasm.HEAPU8.byteLength;
  query.dispose();
  their.dispose();

  const module = await createModule({});
  const our = new ours.KNNClassifier({}, async () => module);
  // Examples are kept outside the module until it has started.
  await our.predictClass(rowOf(all, 0)).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve));
  for (let i = 0; i < count; i++) our.addExample(rowOf(all, i), i % classCount);
  await our.predictClass(rowOf(all, count), k);
  const ourBytes = module.heapBytes();
  our.dispose();
  return { count, what: 'memory', theirs: theirBytes, ours: ourBytes };
}

/** Returns the speed of a plain copy of as many bytes as a scan of `count` rows reads, in GB/s of bytes read. */
async function copySpeed(count) {
  const [from, to] = [new Uint8Array(count * size).fill(1), new Uint8Array(count * size)];
  const [time] = await inTurns([() => to.set(from)], 5);
  return (count * size) / time / 1e6;
}

/** Runs all measurements. `maxCount`: number of examples in the maxCount store. */
export async function run({ variant, maxCount, defaults }) {
  options = { ...defaults, rule: 'neighbours', k };
  const tf = await import('/theirs/tfjs.js');
  const theirs = await import('/theirs/knn-classifier.js');
  const ours = await import('/lib/compat/knn-classifier.js');
  const { default: createModule } = await import(`/lib/wasm/${variant}/teachable.js`);
  const module = await createModule({});
  const all = makeEmbeddings(maxCount + 40, 100);
  const queries = Array.from({ length: 40 }, (_, i) => rowOf(all, maxCount + i));
  let turn = 0;
  const nextQuery = () => queries[turn++ % queries.length];
  const memory = await wholeMemory(tf, theirs, ours, createModule, all, 10_000);
  const rows = [];

  for (const count of [1000, 10_000]) {
    const [their, our] = [theirs.create(), ours.create({ variant })];
    // Loads the module, so that filling does not include the load.
    our.addExample(rowOf(all, 0), 'first');
    await our.predictClass(rowOf(all, 0));
    our.clearAllClasses();
    const tensors = Array.from({ length: count }, (_, i) => tf.tensor1d(rowOf(all, i)));
    const filling = [
      await milliseconds(() => tensors.forEach((tensor, i) => their.addExample(tensor, i % classCount))),
      await milliseconds(() => {
        for (let i = 0; i < count; i++) our.addExample(rowOf(all, i), i % classCount);
      }),
    ];
    const tensorQueries = queries.map((query) => tf.tensor1d(query));
    const predict = await inTurns(
      [() => their.predictClass(tensorQueries[turn++ % queries.length], k), () => our.predictClass(nextQuery(), k)],
      9,
    );
    // The first example is added to a store of `count` examples, the later ones to slightly larger stores.
    const extra = tf.tensor1d(queries[0]);
    const adding = [[], []];
    for (let i = 0; i < 15; i++) {
      adding[0].push(await milliseconds(() => their.addExample(extra, 0)));
      adding[1].push(
        (await milliseconds(() => {
          for (let j = 0; j < 20; j++) our.addExample(queries[j], 0);
        })) / 20,
      );
    }
    rows.push({ count, what: 'fill', theirs: filling[0], ours: filling[1] });
    rows.push({ count, what: 'predict', theirs: predict[0], ours: predict[1] });
    rows.push({ count, what: 'add one more', theirs: median(adding[0]), ours: median(adding[1]) });
    their.dispose();
    our.dispose();
    for (const tensor of [...tensors, ...tensorQueries, extra]) tensor.dispose();
  }

  const engine = [];
  for (const [storage, bytes] of [
    ['f32', 4],
    ['i16', 2],
    ['i8', 1],
  ]) {
    for (const count of [1000, 10_000, maxCount]) {
      const filled = { classifier: undefined };
      const fillMs = await milliseconds(() => {
        filled.classifier = fill(module, storage, all, count);
      });
      const { classifier } = filled;
      const memory = classifier.exampleBytes() / (count * size * bytes);
      const [predictMs] = await inTurns([() => classifier.predictEmbedding(nextQuery(), options)], 9);
      const addMs =
        (await milliseconds(() => {
          for (let i = 0; i < 200; i++) classifier.addEmbedding(queries[i % 40], '0');
        })) / 200;
      for (let i = 0; i < 100; i++) classifier.undo();
      classifier.delete();
      // A new classifier without the added examples, because those are the queries themselves.
      const again = fill(module, storage, all, count);
      const same =
        storage === 'f32' ? overlap(again, all, count, queries.slice(0, count > 10_000 ? 4 : 20)) : undefined;
      again.delete();
      engine.push({
        storage,
        count,
        fillMs,
        addMs,
        predictMs,
        memory,
        overlap: same,
        scanned: (count * size) / predictMs / 1e6,
      });
    }
  }
  return {
    rows,
    memory,
    engine,
    copy: { 10000: await copySpeed(10_000), [maxCount]: await copySpeed(maxCount) },
    versions: { tfjs: tf.version_core, knn: theirs.version },
  };
}
