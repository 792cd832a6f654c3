// Tests how the teaching benchmark draws episodes, measures answers and draws curves.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { spread, toSvg } from '../../bench/teaching/curves-svg.mjs';
import { embedPictures } from '../../bench/teaching/embed-pictures.mjs';
import { answerAll, drawEpisodes, fromShares, shots, uneven } from '../../bench/teaching/episodes.mjs';
import { calibrationError, comparedShots, measure } from '../../bench/teaching/measures.mjs';
import { packageRule } from '../../bench/teaching/package-rule.mjs';
import { toMarkdown } from '../../bench/teaching/report.mjs';
import { toSets } from '../../bench/teaching/sets.mjs';
import { keptRule, startTfjs } from '../../bench/teaching/tfjs-rule.mjs';
import { root, scratchFolder } from '../support/data.mjs';

const { loadKnn } = await import(path.join(root, 'web/dist/knn.js'));

const folders = [
  'signs',
  'trash',
  'dtd',
  ...['hand-near-far', 'rps-w', 'rps-c'].flatMap((set) => [`${set}/teach`, `${set}/test`]),
];

/** Pictures of all sets: 12 classes with 30 pictures, and clutter. */
const pictures = [
  ...folders.flatMap((folder) =>
    Array.from({ length: 12 * 30 }, (_, i) => `${folder}/class-${i % 12}/${String(i).padStart(3, '0')}.jpg`),
  ),
  ...Array.from({ length: 8 }, (_, i) => `clutter/${i}.jpg`),
];

/** Returns embeddings of two numbers: the class decides the angle. Clutter is opposite to all classes. */
function embeddingsOf(names) {
  const values = new Float32Array(2 * names.length);
  names.forEach((name, row) => {
    const match = /class-(\d+)/.exec(name);
    const angle = match ? (Number(match[1]) / 12) * 1.5 + 0.001 * (row % 7) : 3.9;
    values.set([Math.cos(angle), Math.sin(angle)], 2 * row);
  });
  return { values, width: 2 };
}

test('toSets() finds the pictures of each set, and names a set without pictures', () => {
  const { sets, clutter } = toSets(pictures);
  assert.equal(sets.length, 8);
  assert.equal(clutter.length, 8);
  const crossed = sets.find(({ name }) => name === 'rps-w → rps-c');
  assert.ok(pictures[crossed.teach.get('class-3')[0]].startsWith('rps-w/teach/class-3/'));
  assert.ok(pictures[crossed.test.get('class-3')[0]].startsWith('rps-c/test/class-3/'));
  assert.throws(() => toSets(pictures.filter((name) => !name.startsWith('trash'))), /no pictures of trash/);
});

test('drawEpisodes() repeats itself, never tests a taught picture, and takes both halves from where they belong', () => {
  const { sets } = toSets(pictures);
  for (const set of sets) {
    const episodes = drawEpisodes(set, { seed: 5, count: 4 });
    assert.deepEqual(drawEpisodes(set, { seed: 5, count: 4 }), episodes);
    assert.notDeepEqual(drawEpisodes(set, { seed: 6, count: 4 }), episodes);
    for (const { teach, test: tested, often } of episodes) {
      assert.equal(teach.length, 10);
      assert.equal(often.filter(Boolean).length, 5);
      const taught = new Set(teach.flat());
      assert.equal(taught.size, 10 * 20);
      assert.equal(new Set(tested.flat()).size, tested.flat().length);
      assert.ok(tested.flat().every((row) => !taught.has(row)));
      tested.forEach((rows, c) => {
        assert.equal(rows.length, set.test ? 30 : 10);
        const labels = new Set([...rows, ...teach[c]].map((row) => pictures[row].split('/').at(-2)));
        assert.equal(labels.size, 1);
      });
    }
  }
});

test('answerAll() teaches the wanted number of examples of each class, and passes clutter on', async () => {
  const { sets, clutter } = toSets(pictures);
  const episodes = new Map([['signs', drawEpisodes(sets[0], { seed: 1, count: 4 })]]);
  const counts = [];
  let testCount = 0;
  const rule = ({ labels, classCount, tests, width }) => {
    counts.push(
      Array.from({ length: classCount }, (_, c) => labels.filter((label) => label === c).length).sort((a, b) => a - b),
    );
    testCount = tests.length / width;
    const classes = new Int32Array(testCount);
    return { classes, confidences: classes.map(() => 1), unknown: classes.map((_, i) => (i >= 100 ? 1 : 0)) };
  };
  const results = await answerAll(rule, episodes, embeddingsOf(pictures), clutter);
  const half = (count) => new Array(5).fill(count);
  assert.deepEqual(counts.slice(0, 7), [
    ...shots.map((n) => [...half(n), ...half(n)]),
    [...half(uneven.few), ...half(uneven.many)],
  ]);
  const [outcome] = results.even.get('signs').get(5);
  assert.equal(outcome.correct.length, 100);
  assert.equal(outcome.correct.filter(Boolean).length, 10);
  assert.deepEqual(outcome.clutterUnknown, [true, true]);
  assert.ok(!outcome.unknown.includes(true));
});

test('answerAll() teaches mirrored pictures too, but does not test them', async () => {
  const { sets } = toSets(pictures);
  const episodes = new Map([['signs', drawEpisodes(sets[0], { seed: 1, count: 1 })]]);
  const plain = embeddingsOf(pictures);
  const tasks = [];
  const rule = (task) => {
    tasks.push(task);
    return { classes: new Int32Array(100), confidences: new Float32Array(100) };
  };
  await answerAll(rule, episodes, plain);
  await answerAll(rule, episodes, { ...plain, mirrored: plain.values.map((value) => -value) });
  const [without, both] = [tasks[2], tasks[shots.length + 1 + 2]];
  assert.deepEqual([...both.examples], [...without.examples, ...without.examples.map((value) => -value)]);
  assert.deepEqual([...both.labels], [...without.labels, ...without.labels]);
  assert.deepEqual(both.tests, without.tests);
});

test('fromShares() takes the largest share of each row, and the first of equal ones', () => {
  const { classes, confidences } = fromShares([0.2, 0.5, 0.3, 0.4, 0.2, 0.4], 3);
  assert.deepEqual([...classes], [1, 0]);
  assert.deepEqual([...confidences], [0.5, 0.4]);
});

test('calibrationError() is the weighted distance of confidence and accuracy', () => {
  assert.equal(calibrationError([{ correct: [true, true], confidences: [1, 1] }]), 0);
  const half = { correct: [true, false], confidences: [0.9, 0.9] };
  assert.ok(Math.abs(calibrationError([half]) - 0.4) < 1e-12);
  const sure = { correct: [true, true, true, true], confidences: [0.5, 0.5, 0.5, 0.5] };
  assert.ok(Math.abs(calibrationError([half, sure]) - (2 * 0.4 + 4 * 0.5) / 6) < 1e-12);
});

/** Returns results in which each set has this share of wrong answers. */
function resultsWith(sets, wrongOf) {
  const outcome = (name) => ({
    correct: Array.from({ length: 100 }, (_, i) => i >= wrongOf(name)),
    confidences: new Array(100).fill(1),
    unknown: Array.from({ length: 100 }, (_, i) => i < (name === 'dtd' ? 30 : 2)),
    clutterUnknown: [true, true, true, false],
  });
  return {
    even: new Map(sets.map(({ name }) => [name, new Map(shots.map((n) => [n, [outcome(name), outcome(name)]]))])),
    uneven: new Map(sets.map(({ name }) => [name, [outcome(name)]])),
  };
}

test('measure() compares errors with the anchor; two crossed sets count as one', () => {
  const { sets } = toSets(pictures);
  const anchor = resultsWith(sets, () => 40);
  const own = resultsWith(sets, (name) => (name === 'rps-w → rps-c' ? 40 : name === 'rps-c → rps-w' ? 0 : 10));
  const { ratios, accuracy, uneven: unevenly, unknown, calibration } = measure(own, anchor, sets);
  const [mean, geometric] = [(6 * 10 + 20) / 7 / 40, Math.exp((6 * Math.log(0.25) + Math.log(0.5)) / 7)];
  for (const n of comparedShots) {
    assert.ok(Math.abs(ratios.get(n).mean - mean) < 1e-9);
    assert.ok(Math.abs(ratios.get(n).geometric - geometric) < 1e-9);
    const [low, high] = ratios.get(n).meanInterval;
    assert.ok(low <= mean && mean <= high && low < high, `${low} to ${high}`);
  }
  assert.ok(Math.abs(accuracy.get(5).mean - (1 - 0.4 * mean)) < 1e-9);
  assert.ok(Math.abs(unevenly - (1 - 0.4 * mean)) < 1e-9);
  assert.ok(Math.abs(calibration.pooled - 100 / 8 / 100) < 0.01);
  assert.equal(unknown.get(5).rejected, 0.75);
  assert.deepEqual(unknown.get(5).worst, ['dtd', 0.3]);
});

test('measure() gives a rule that equals the anchor a ratio of 1 without doubt', () => {
  const { sets } = toSets(pictures);
  const anchor = resultsWith(sets, (name) => name.length);
  const { ratios } = measure(anchor, anchor, sets);
  assert.deepEqual(ratios.get(10), { mean: 1, geometric: 1, meanInterval: [1, 1], geometricInterval: [1, 1] });
});

test('the report names the set on which a rule loses most', () => {
  const { sets } = toSets(pictures);
  const anchor = resultsWith(sets, () => 40);
  const worse = resultsWith(sets, (name) => (name === 'trash' ? 55 : 30));
  const results = [
    { title: 'anchor', predict: { unknownThreshold: 0.4 }, isPlain: true, ...measure(anchor, anchor, sets) },
    { title: 'other', predict: { unknownThreshold: 0.4 }, ...measure(worse, anchor, sets) },
  ];
  const text = toMarkdown(results, { sets, seed: 1, episodeCount: 2, models: [], tfjs: '1', picture: 'x.svg' });
  assert.match(text, /\| other \| .* \| 15\.0 \(trash, n = 1\) \|/);
  assert.match(text, /\| other, below 0\.4 \| 5 \| 75\.0 \|.*\| 30\.0 \(dtd\) \|/);
});

test("TensorFlow.js' classifier and this package predict separate classes correctly", {
  timeout: 120_000,
}, async (t) => {
  const { sets, clutter } = toSets(pictures);
  const episodes = new Map([['signs', drawEpisodes(sets[0], { seed: 1, count: 1 })]]);
  const embeddings = embeddingsOf(pictures);
  const classifier = await loadKnn({ embeddingSize: embeddings.width, variant: 'simd', threads: 1 });
  t.after(() => classifier.dispose());
  const own = await answerAll(
    packageRule(classifier, { predict: { rule: 'neighbours', unknownThreshold: 0.9 } }),
    episodes,
    embeddings,
    clutter,
  );
  const { ruleOf } = await startTfjs();
  const theirs = await answerAll(ruleOf(3), episodes, embeddings);
  for (const results of [own, theirs]) {
    const [outcome] = results.even.get('signs').get(10);
    assert.ok(!outcome.correct.includes(false));
    assert.ok(outcome.confidences.every((confidence) => confidence === 1));
  }
  const [outcome] = own.even.get('signs').get(1);
  assert.deepEqual(outcome.clutterUnknown, [true, true]);
  assert.ok(!outcome.unknown.includes(true));
  assert.equal(theirs.even.get('signs').get(1)[0].unknown.length, 0);
});

test('packageRule() predicts with the calibration of review()', async (t) => {
  const classifier = await loadKnn({ embeddingSize: 2, variant: 'simd', threads: 1 });
  t.after(() => classifier.dispose());
  // Ten examples of each class, the least with which review() calibrates.
  const steps = Array.from({ length: 10 }, (_, step) => step / 20);
  const task = {
    examples: Float32Array.from([...steps.flatMap((step) => [1, step]), ...steps.flatMap((step) => [step, 1])]),
    labels: Int32Array.from({ length: 20 }, (_, index) => Math.floor(index / 10)),
    tests: Float32Array.of(1, 0.05),
  };
  const predict = { rule: 'neighbours', k: 3 };
  const plain = await packageRule(classifier, { predict })(task);
  const reviewed = await packageRule(classifier, { predict, review: true })(task);
  const { temperature, prior, sharpness } = await classifier.review(predict);
  const [{ confidences }] = await classifier.predictMany(task.tests, { ...predict, temperature, prior, sharpness });
  const expected = confidences[0];
  assert.equal(reviewed.confidences[0], expected);
  assert.notEqual(reviewed.confidences[0], plain.confidences[0]);
});

test('keptRule() asks the rule only once, and again for other tasks', async (t) => {
  const folder = await scratchFolder(t);
  let asked = 0;
  const rule = () => ({ classes: [++asked], confidences: [1] });
  const answers = [];
  for (const what of ['one', 'one', 'two']) {
    const kept = await keptRule(rule, folder, what);
    answers.push((await kept.rule({})).classes[0], (await kept.rule({})).classes[0]);
    await kept.keep();
  }
  assert.deepEqual(answers, [1, 2, 1, 2, 3, 4]);
});

test('embedPictures() keeps embeddings until the network gives other ones or the pictures change', async (t) => {
  const folder = await scratchFolder(t);
  const files = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const file = path.join(folder, `${i}.jpg`);
      await writeFile(file, Uint8Array.of(i));
      return file;
    }),
  );
  let embedded = 0;
  let factor = 1;
  const open = async () => ({
    embeddingSize: 2,
    model: { id: 'fake' },
    embed: async ([byte]) => {
      embedded += 1;
      return Float32Array.of(byte * factor, 1);
    },
    dispose() {},
  });
  const embed = async (pictures) => {
    embedded = 0;
    const result = await embedPictures(path.join(folder, 'kept/own'), open, pictures, () => {});
    return { embedded, last: result.values.at(-2), model: result.model };
  };
  assert.deepEqual(await embed(files), { embedded: 20, last: 19, model: 'fake' });
  const again = await embed(files);
  assert.deepEqual([again.last, again.embedded < 10], [19, true]);
  factor = 2;
  assert.equal((await embed(files)).last, 38);
  assert.deepEqual(await embed(files.slice(0, 10)), { embedded: 10, last: 18, model: 'fake' });
  assert.equal((await readFile(path.join(folder, 'kept/own.f32'))).byteLength, 10 * 2 * 4);
});

test('the curves have one point for each number of examples, and labels that do not overlap', () => {
  const accuracy = new Map(shots.map((n) => [n, { mean: 0.5 + 0.01 * n, halfWidth: 0.02 }]));
  const rows = ['a < b & c', 'other'].map((title) => ({ title, accuracy }));
  const svg = toSvg(rows);
  assert.equal(svg.match(/<circle /g).length, 2 * shots.length);
  assert.match(svg, />a &lt; b &amp; c</);
  assert.ok(!svg.includes('NaN'));
  const [first, second, third] = spread([100, 50, 101]);
  assert.ok(second < first && third - first >= 17);
});
