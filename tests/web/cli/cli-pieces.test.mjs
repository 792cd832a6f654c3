// Tests the parts of the Node command that need no network: folder scan, progress line, confusion matrix, picture journal.
import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { scratchFolder } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';

const {
  scanFolder,
  ProgressLine,
  toConfusionMatrix,
  toText,
  widthOf,
  toSvg,
  readJournal,
  JournalWriter,
  Output,
  drawEpisode,
  measureCurve,
  toOutlook,
  toCurveText,
  randomFrom,
  shuffled,
} = await importTs(
  '../cli/folder-scan.ts',
  '../cli/progress-line.ts',
  '../cli/confusion-matrix.ts',
  '../cli/confusion-text.ts',
  '../cli/confusion-svg.ts',
  '../cli/picture-journal.ts',
  '../cli/output.ts',
  '../cli/learning-curve.ts',
  '../cli/learning-curve-text.ts',
  '../cli/random.ts',
);

/** Writes empty files of these names. */
async function put(folder, names) {
  for (const name of names) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), '');
  }
}

test('scanFolder() lists pictures by label, in an order independent of the file system', async (t) => {
  const folder = await scratchFolder(t);
  await put(folder, [
    'cat/b.JPG',
    'cat/a.png',
    'cat/more/c.bmp',
    'Dog/1.jpeg',
    'cat/notes.txt',
    '.git/x.png',
    'cat/.hidden.png',
    'zebra/only.md',
  ]);
  const { pictures, skipped, emptyLabels } = await scanFolder(folder);
  assert.deepEqual(pictures, [
    { label: 'Dog', path: 'Dog/1.jpeg' },
    { label: 'cat', path: 'cat/a.png' },
    { label: 'cat', path: 'cat/b.JPG' },
    { label: 'cat', path: 'cat/more/c.bmp' },
  ]);
  assert.deepEqual(skipped, []);
  assert.deepEqual(emptyLabels, ['zebra']);
});

test('scanFolder() names pictures that cannot be used', async (t) => {
  const folder = await scratchFolder(t);
  await put(folder, ['loose.jpg', 'cat/a.png', 'cat/b.webp']);
  const { skipped } = await scanFolder(folder);
  assert.deepEqual(
    skipped.map((file) => file.path),
    ['cat/b.webp', 'loose.jpg'],
  );
  assert.equal(skipped[0].reason, 'unsupported format webp (supported: JPEG, PNG and BMP)');
  assert.equal(skipped[1].reason, 'it is not in a label folder');
});

test('scanFolder() follows links to files and label folders, but not in circles', async (t) => {
  const folder = await scratchFolder(t);
  const elsewhere = await scratchFolder(t);
  await put(elsewhere, ['dogs/1.png', 'one.png']);
  await put(folder, ['cat/a.png']);
  await symlink(path.join(elsewhere, 'dogs'), path.join(folder, 'dog'));
  await symlink(path.join(elsewhere, 'one.png'), path.join(folder, 'cat/linked.png'));
  await symlink(folder, path.join(folder, 'cat/circle'));
  const { pictures } = await scanFolder(folder);
  assert.deepEqual(
    pictures.map((each) => each.path),
    ['cat/a.png', 'cat/linked.png', 'dog/1.png'],
  );
});

test('scanFolder() of a folder without usable pictures explains which files it needs', async (t) => {
  const folder = await scratchFolder(t);
  await assert.rejects(scanFolder(folder), { name: 'CommandError', exitCode: 1, message: /<label>.*<picture>/ });
  await put(folder, ['a.jpg']);
  await assert.rejects(
    scanFolder(folder),
    /Found one picture that can't be used, such as a\.jpg: it is not in a label folder\./,
  );
  await assert.rejects(
    scanFolder(path.join(folder, 'missing')),
    /Can't read the folder .*missing: it does not exist\./,
  );
});

test('ProgressLine on a terminal draws one line that fits and removes it at the end', () => {
  let text = '';
  let now = 0;
  const progress = new ProgressLine(
    new Output({ isTTY: true, columns: 90, write: (part) => (text += part) }),
    4,
    () => now,
  );
  for (const name of ['a', 'b', 'c', 'd']) {
    now += 1000;
    progress.advance(`cat/${name}-${'long'.repeat(20)}.jpg`);
  }
  progress.note('Skipped \x1b[2Jx: broken.');
  progress.end();
  const lines = text.split('\r\x1b[K');
  assert.ok(
    lines.every((line) => line.length < 90 || line.startsWith('Skipped')),
    text,
  );
  assert.match(text, /\[#{12}-{12}\] 2 of 4 pictures \(50 %\), 1\.0 per second, 2 s left/);
  assert.match(text, /\r\x1b\[KSkipped \ufffd\[2Jx: broken\.\n/);
  assert.equal(lines.at(-1), '');
});

test('ProgressLine in a pipe writes a line per 10 %, and known pictures do not count for the speed', () => {
  let text = '';
  let now = 0;
  const progress = new ProgressLine(new Output({ write: (part) => (text += part) }), 200, () => now);
  for (let i = 0; i < 200; i++) {
    if (i >= 100) now += 100;
    progress.advance('x', i >= 100);
  }
  const lines = text.trim().split('\n');
  assert.equal(lines.length, 10);
  assert.equal(lines[0], '20 of 200 pictures (10 %)');
  assert.equal(lines[6], '140 of 200 pictures (70 %), 10 per second, 6 s left');
  assert.doesNotMatch(text, /\x1b|\r/);
});

const confusion = [
  { label: 'cat', takenFor: 'cat', count: 9 },
  { label: 'cat', takenFor: 'dog', count: 1 },
  { label: 'dog', takenFor: 'dog', count: 4 },
  { label: 'dog', takenFor: 'cat', count: 4 },
];

test('toConfusionMatrix() gives recall by row and precision by column', () => {
  const { counts, recall, precision } = toConfusionMatrix(['cat', 'dog', 'empty'], confusion);
  assert.deepEqual(counts, [
    [9, 1, 0],
    [4, 4, 0],
    [0, 0, 0],
  ]);
  assert.deepEqual(recall, [0.9, 0.5, NaN]);
  assert.deepEqual(precision, [9 / 13, 4 / 5, NaN]);
});

test('toText() formats the matrix as an aligned table', () => {
  assert.deepEqual(toText(toConfusionMatrix(['cat', 'dog', 'empty'], confusion)), [
    '       cat  dog  empty   recall',
    'cat      9    1      .   90.0 %',
    'dog      4    4      .   50.0 %',
    'empty    .    .      .        –',
  ]);
});

test('toText() numbers the columns of long names and aligns wide characters', () => {
  const labels = ['a name that is longer than any column', '猫', 'tab\there'];
  const lines = toText(toConfusionMatrix(labels, [{ label: '猫', takenFor: '猫', count: 3 }]));
  assert.match(lines[0], /^ +1 {2}2 {2}3 +recall$/);
  assert.match(lines[1], /^1 a name that is longer t… {2}\. {2}\. {2}\. /);
  assert.match(lines[2], /^2 猫 +\. {2}3 {2}\. +100 %$/);
  assert.match(lines[3], /^3 tab\ufffdhere/);
  assert.equal(new Set(lines.slice(1).map((line) => widthOf(line))).size, 1);
});

test('toSvg() escapes labels and has no undefined or NaN values', () => {
  const svg = toSvg(
    toConfusionMatrix(['<b>&"\u0007', 'dog'], [{ label: 'dog', takenFor: '<b>&"\u0007', count: 2 }]),
    '0 % <right>',
  );
  assert.match(svg, /&lt;b&gt;&amp;&quot;\ufffd/);
  assert.doesNotMatch(svg, /<b>|NaN|undefined|\u0007/);
});

const sha = (letter) => letter.repeat(64);

test('readJournal() keeps the complete lines of a run that ended in the middle of a line', async (t) => {
  const file = path.join(await scratchFolder(t), 'data.tmkn.pictures.jsonl');
  assert.equal(await readJournal(file), null);
  const writer = new JournalWriter(file, { model: { id: 'm' }, dataset: sha('d'), replaces: sha('e') }, [
    { sha256: sha('a'), path: 'cat/1.jpg', embedding: Float32Array.of(1, -2.5, 3e-8) },
  ]);
  writer.add({ sha256: sha('b'), path: 'cat/2.jpg', embedding: Float32Array.of(4, 5, 6), id: 2 ** 32 - 1 });
  writer.close();
  const whole = await readFile(file, 'utf8');
  await appendFile(file, whole.split('\n')[1].slice(0, 40));
  const { pictures, ...header } = await readJournal(file, 3);
  assert.deepEqual(header, { model: { id: 'm' }, dataset: sha('d'), replaces: sha('e'), damaged: 1 });
  assert.deepEqual(
    pictures.map(({ sha256, path: name, id }) => [sha256, name, id]),
    [
      [sha('a'), 'cat/1.jpg', undefined],
      [sha('b'), 'cat/2.jpg', 2 ** 32 - 1],
    ],
  );
  assert.deepEqual(pictures[0].embedding, Float32Array.of(1, -2.5, 3e-8));
});

/** Writes a journal of three pictures, changes its text, and reads it. */
async function readChanged(t, change) {
  const file = path.join(await scratchFolder(t), 'x.pictures.jsonl');
  const pictures = ['a', 'b', 'c'].map((letter, id) => {
    return { sha256: sha(letter), path: `cat/${letter}.jpg`, embedding: Float32Array.of(id, 0.5, -1, 2), id };
  });
  new JournalWriter(file, { model: { id: 'm' } }, pictures).close();
  await writeFile(file, change(await readFile(file, 'utf8')));
  const { pictures: read, damaged } = await readJournal(file, 4);
  return { ids: read.map(({ id }) => id), damaged };
}

const base64Of = (...values) => Buffer.from(Float32Array.of(...values).buffer).toString('base64');
const secondLine = (change) => (text) => text.replace(/^.*cat\/b\.jpg.*$/m, change);
for (const [what, change, expected] of [
  ['whole lines', (text) => text, { ids: [0, 1, 2], damaged: 0 }],
  ['a changed embedding', secondLine((line) => line.replace(base64Of(1, 0.5, -1, 2), base64Of(1, 0.5, -1, 3)))],
  ['a changed path', secondLine((line) => line.replace('cat/b', 'dog/b'))],
  ['a changed id', secondLine((line) => line.replace('"id":1', '"id":7'))],
  ['an exchanged checksum of a picture', secondLine((line) => line.replace(sha('b'), sha('c')))],
  ['a line without its checksum', secondLine((line) => line.replace(/,"check":"\w+"/, ''))],
  ['half a line in the middle', secondLine((line) => line.slice(0, 60))],
  ['a missing line', (text) => text.replace(/^.*cat\/b\.jpg.*\n/m, '')],
  ['an empty line', secondLine(() => '')],
  ['null', secondLine(() => 'null')],
  ['a line nested 200,000 deep', secondLine(() => '['.repeat(200_000) + ']'.repeat(200_000))],
  [
    'a line of 9 MB, which ends the file',
    (text) => `${text.split('\n').slice(0, 2).join('\n')}\n${'x'.repeat(9e6)}`,
    { ids: [0], damaged: 2 },
  ],
]) {
  test(`readJournal() of ${what} keeps the whole lines and counts the others`, async (t) => {
    assert.deepEqual(await readChanged(t, change), expected ?? { ids: [0, 2], damaged: 1 });
  });
}

test('readJournal() keeps only embeddings of the given size that are finite', async (t) => {
  const file = path.join(await scratchFolder(t), 'x.pictures.jsonl');
  const embeddings = [[1], [1, 2, 3], [1, 2], [NaN, 1], [1, Infinity], []];
  const pictures = embeddings.map((values, id) => {
    return { sha256: sha('a'), path: `${id}`, embedding: Float32Array.from(values), id };
  });
  new JournalWriter(file, { model: { id: 'm' } }, pictures).close();
  const { pictures: read, damaged } = await readJournal(file, 2);
  assert.deepEqual([read.map(({ id }) => id), damaged], [[2], 5]);
});

test('readJournal() ignores a count in the first line that is not a whole number', async (t) => {
  const file = path.join(await scratchFolder(t), 'x.pictures.jsonl');
  for (const count of ['{"toString":1}', '[[{"valueOf":1}]]', '"3"', '1e308', '-1', '0.5', 'null']) {
    await writeFile(file, `{"format":"teachable-wasm pictures","version":2,"model":{},"count":${count}}\n`);
    const { pictures, damaged } = await readJournal(file);
    assert.deepEqual([pictures, damaged], [[], 0], count);
  }
});

test('readJournal() refuses other files and other versions', async (t) => {
  const file = path.join(await scratchFolder(t), 'x.pictures.jsonl');
  const deep = '{"a":'.repeat(100_000) + 1 + '}'.repeat(100_000);
  for (const text of [
    '{"format":"something else"}\n',
    'x\n',
    '\n',
    `{"format":"teachable-wasm pictures","version":2,"model":${deep}}\n`,
  ]) {
    await writeFile(file, text);
    await assert.rejects(readJournal(file), /not a picture journal/, text.slice(0, 40));
  }
  await writeFile(file, '{"format":"teachable-wasm pictures","version":3}\n');
  await assert.rejects(readJournal(file), /version 3/);
  // Version 1 had no checksums, so none of its lines is used.
  await writeFile(
    file,
    `{"format":"teachable-wasm pictures","version":1}\n{"sha256":"${sha('a')}","path":"x","embedding":"AACAPw=="}\n`,
  );
  const { pictures, damaged } = await readJournal(file);
  assert.deepEqual([pictures, damaged], [[], 1]);
  await writeFile(file, '');
  assert.deepEqual((await readJournal(file)).pictures, []);
  await assert.rejects(readJournal(path.dirname(file)), /Can't read .*: it is not a regular file\./);
});

// Learning curve ----------------------------------------------------------------------------------------------------------

/** Returns classes with these numbers of examples. `recordingOf` names the recording of the n-th example of a class. */
function classesOf(counts, recordingOf = () => 'all') {
  let id = 0;
  return counts.map((count, c) =>
    Array.from({ length: count }, (_, n) => ({ id: id++, recording: recordingOf(n, c) })),
  );
}

test('shuffled() keeps all items, and the same seed gives the same order', () => {
  const items = Array.from({ length: 100 }, (_, i) => i);
  const order = shuffled(items, randomFrom(7));
  assert.notDeepEqual(order, items);
  assert.deepEqual(shuffled(items, randomFrom(7)), order);
  assert.notDeepEqual(shuffled(items, randomFrom(8)), order);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    items,
  );
});

test('an episode keeps a third of each class for tests, at most 30, and always has something to teach', () => {
  const { teach, test: tests } = drawEpisode(classesOf([30, 200, 2, 1]), randomFrom(1));
  assert.deepEqual(
    teach.map((ids, c) => [ids.length, tests[c].length]),
    [
      [20, 10],
      [134, 30],
      [1, 1],
      [1, 0],
    ],
  );
  assert.equal(new Set([...teach.flat(), ...tests.flat()]).size, teach.flat().length + tests.flat().length);
});

test('an episode never teaches and tests pictures of the same recording', () => {
  const classes = classesOf([30, 40], (n, c) => `${c}/${n % 5}`);
  for (let number = 0; number < 20; number++) {
    const { teach, test: tests } = drawEpisode(classes, randomFrom(number));
    classes.forEach((examples, c) => {
      const recordingsOf = (ids) =>
        new Set(examples.filter(({ id }) => ids.includes(id)).map(({ recording }) => recording));
      const [taught, tested] = [recordingsOf(teach[c]), recordingsOf(tests[c])];
      assert.equal(taught.size, 3);
      assert.equal(tested.size, 2);
      assert.ok([...tested].every((recording) => !taught.has(recording)));
    });
  }
});

test('measureCurve() teaches the wanted numbers, and reports the mean, the worst and the best draw', async () => {
  const classes = classesOf([30, 30, 6]);
  const classOf = (id) => classes.findIndex((examples) => examples.some((each) => each.id === id));
  const sizes = new Set();
  let call = 0;
  const curve = await measureCurve(classes, [20, 2, 2, 50], 4, async (teach, tests) => {
    sizes.add(teach.map((ids) => ids.length).join(' '));
    teach.forEach((ids, c) => assert.ok(ids.every((id) => classOf(id) === c)));
    // Two examples: one draw of four is right in all tests, the others in none.
    const right = teach[0].length > 2 || call === 0;
    call += 1;
    return tests.map((id) => (right ? classOf(id) : -1));
  });
  assert.deepEqual([...sizes].sort(), ['2 2 2', '20 20 4']);
  assert.deepEqual(curve, {
    episodes: 4,
    points: [
      { shots: 2, accuracy: 0.25, lowest: 0, highest: 1 },
      { shots: 20, accuracy: 1, lowest: 1, highest: 1 },
    ],
    leftOut: [50],
    tests: 22,
    byRecording: false,
  });
});

/** Returns a curve whose error is 0.6 / shots ** power. */
const powerCurve = (power, shots) => ({
  episodes: 20,
  points: shots.map((n) => ({ shots: n, accuracy: 1 - 0.6 / n ** power, lowest: 0.1, highest: 0.9 })),
  leftOut: [],
  tests: 100,
  byRecording: false,
});

test('toOutlook() continues a curve whose error falls with a power of the number of examples', () => {
  const { shots, more, gain } = toOutlook(powerCurve(0.5, [1, 2, 3, 5, 10, 20]));
  assert.deepEqual([shots, more], [20, 10]);
  assert.ok(Math.abs(gain - (0.6 / 20 ** 0.5 - 0.6 / 30 ** 0.5)) < 1e-9, `${gain}`);
  assert.equal(toOutlook(powerCurve(0.5, [2, 3])).more, 3);
  assert.equal(toOutlook(powerCurve(-0.1, [2, 3, 5])).gain, 0, 'more examples never take anything away');
  assert.equal(toOutlook(powerCurve(0.5, [1, 2])), undefined);
  const perfect = powerCurve(0.5, [2, 3, 5]);
  for (const point of perfect.points) point.accuracy = 1;
  assert.equal(toOutlook(perfect).gain, 0);
});

test('the learning curve is told in plain words', () => {
  const tell = (curve) => toCurveText(curve, toOutlook(curve)).join('\n');
  const curve = powerCurve(0.5, [1, 2, 3, 5, 10, 20]);
  assert.match(tell(curve), /^Learning curve: mean of 20 random draws .* a third of each class kept for 100 tests\n/);
  assert.match(tell(curve), /^ +20 {3}86\.6 % {2}10\.0 % to 90\.0 % {5}#{35}$/m);
  assert.match(
    tell(curve),
    /With 20 examples of each class, 86\.6 % of the tests are correct\. Ten more of each class would bring about \+2 percentage points\.$/,
  );
  assert.match(tell(powerCurve(0.5, [2, 3])), /Three more of each class would bring about \+10 percentage points\.$/);
  assert.match(tell(powerCurve(0.01, [2, 3])), /bring less than one percentage point\./);
  assert.match(tell(powerCurve(0.5, [1])), /With 1 example of each class, .* too short to say/);
  const perfect = powerCurve(0.5, [2, 3]);
  for (const point of perfect.points) point.accuracy = 1;
  assert.match(tell(perfect), /With 3 examples of each class, 100 % .* More examples of this kind are not needed\.$/);
  assert.match(
    tell({ ...curve, byRecording: true, episodes: 1 }),
    /^Learning curve: one random draw .* whole folders of pictures kept/,
  );
});
