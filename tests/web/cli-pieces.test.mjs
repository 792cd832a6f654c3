// Tests the parts of the Node command that need no network: folder scan, progress line, confusion matrix, picture journal.
import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { ffmpeg, scratchFolder } from './data.mjs';
import { drawShape } from './draw.mjs';
import { importTs } from './import-ts.mjs';

const {
  scanFolder,
  ProgressLine,
  toConfusionMatrix,
  toText,
  widthOf,
  toSvg,
  isTruncated,
  readJournal,
  JournalWriter,
  Output,
} = await importTs(
  '../cli/folder-scan.ts',
  '../cli/progress-line.ts',
  '../cli/confusion-matrix.ts',
  '../cli/confusion-text.ts',
  '../cli/confusion-svg.ts',
  '../cli/truncated.ts',
  '../cli/picture-journal.ts',
  '../cli/output.ts',
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

test('isTruncated() finds files that end early, wherever they end', async (t) => {
  const folder = await scratchFolder(t);
  const bmp = path.join(folder, '1.bmp');
  await writeFile(bmp, drawShape('disc', 1));
  for (const options of [
    ['-q:v', '3'],
    ['-q:v', '20', '-pix_fmt', 'yuvj444p'],
  ]) {
    const jpeg = ffmpeg('-i', bmp, ...options, '-f', 'mjpeg', '-');
    assert.equal(isTruncated(jpeg), false);
    assert.equal(isTruncated(Buffer.concat([jpeg, Buffer.from('a trailer of a camera')])), false);
    for (let bytes = 2; bytes < jpeg.length - 1; bytes += 7)
      assert.equal(isTruncated(jpeg.subarray(0, bytes)), true, `${bytes} of ${jpeg.length} bytes`);
  }
  const whole = drawShape('disc', 1);
  assert.equal(isTruncated(whole), false);
  for (const bytes of [2, 40, 54, 5000, whole.length - 1])
    assert.equal(isTruncated(whole.subarray(0, bytes)), true, `${bytes} of ${whole.length} bytes`);
  assert.equal(isTruncated(Buffer.from('no picture')), false);
});
