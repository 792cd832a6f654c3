// Tests the parts of the Node command that need no network: folder scan, progress line, confusion matrix, picture journal.
import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { scratchFolder } from './data.mjs';
import { importTs } from './import-ts.mjs';

const { scanFolder, ProgressLine, toConfusionMatrix, toText, widthOf, toSvg, readJournal, JournalWriter } =
  await importTs(
    '../cli/folder-scan.ts',
    '../cli/progress-line.ts',
    '../cli/confusion-matrix.ts',
    '../cli/confusion-text.ts',
    '../cli/confusion-svg.ts',
    '../cli/picture-journal.ts',
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
  const progress = new ProgressLine({ isTTY: true, columns: 90, write: (part) => (text += part) }, 4, () => now);
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
  const progress = new ProgressLine({ write: (part) => (text += part) }, 200, () => now);
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
  assert.equal(
    toText(toConfusionMatrix(['cat', 'dog', 'empty'], confusion)),
    [
      '       cat  dog  empty   recall',
      'cat      9    1      .   90.0 %',
      'dog      4    4      .   50.0 %',
      'empty    .    .      .        –',
    ].join('\n'),
  );
});

test('toText() numbers the columns of long names and aligns wide characters', () => {
  const labels = ['a name that is longer than any column', '猫', 'tab\there'];
  const lines = toText(toConfusionMatrix(labels, [{ label: '猫', takenFor: '猫', count: 3 }])).split('\n');
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

test('readJournal() keeps the complete lines of a run that ended in the middle of a line', async (t) => {
  const file = path.join(await scratchFolder(t), 'data.tmkn.pictures.jsonl');
  assert.equal(await readJournal(file), null);
  const writer = new JournalWriter(file, { id: 'm' }, [
    { sha256: 'a', path: 'cat/1.jpg', embedding: Float32Array.of(1, -2.5, 3e-8) },
  ]);
  writer.add({ sha256: 'b', path: 'cat/2.jpg', embedding: Float32Array.of(4, 5, 6), id: 7 });
  writer.close();
  const whole = await readFile(file, 'utf8');
  await appendFile(file, whole.split('\n')[1].slice(0, 40));
  const { model, pictures } = await readJournal(file);
  assert.deepEqual(model, { id: 'm' });
  assert.deepEqual(
    pictures.map(({ sha256, path: name, id }) => [sha256, name, id]),
    [
      ['a', 'cat/1.jpg', undefined],
      ['b', 'cat/2.jpg', 7],
    ],
  );
  assert.deepEqual(pictures[0].embedding, Float32Array.of(1, -2.5, 3e-8));
});

test('readJournal() refuses other files and other versions', async (t) => {
  const file = path.join(await scratchFolder(t), 'x.pictures.jsonl');
  await writeFile(file, '{"format":"something else"}\n');
  await assert.rejects(readJournal(file), /not a picture journal/);
  await writeFile(file, '{"format":"teachable-wasm pictures","version":2}\n');
  await assert.rejects(readJournal(file), /version 2/);
  await writeFile(file, '');
  assert.deepEqual((await readJournal(file)).pictures, []);
});
