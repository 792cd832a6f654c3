// Tests the Node command with hostile names, links, full disks and data sets that something else has changed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fetchModel, filesFolder } from '../../../models/fetch.mjs';
import { needsData, root, scratchFolder } from '../support/data.mjs';
import { drawShape } from '../support/draw.mjs';
import { importTs } from '../support/import-ts.mjs';
import { randomOf, testSeed } from '../support/seed.mjs';

const { Output, printable, printableJson, checkModelFiles, readDatasetHeader } = await importTs(
  '../cli/dataset-header.ts',
  '../cli/output.ts',
  '../cli/printable.ts',
  '../cli/model-files.ts',
);
const program = path.join(root, 'web/dist/cli.js');
const seed = testSeed();

/** Characters that a terminal acts on, or that hide or reorder other characters. */
const hostile = [
  '\x1b[2J',
  '\x1b]0;title\x07',
  '\x00\b\r\t\v\f\x7f',
  '\u0085\u009b31m\u009d',
  '\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069',
  '\u00ad\u180e\u200b\u2028\u2029\u2060\ufeff\ufff9\u{e0041}',
].join('');
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/u;
/** The same for names of files, in which a NUL can't be. */
const hostileName = `name${hostile.replace('\0', '')}\nteachable-wasm: forged`;

/** @returns {Promise<{code: number, out: string, err: string}>} */
function run(folder, words, { limit } = {}) {
  // With a limit in bytes, a write beyond it fails in the middle, as it does on a full disk.
  const [command, ...args] = limit
    ? ['bash', '-c', `ulimit -f ${Math.floor(limit / 1024)}; exec "$0" "$@"`, process.execPath, program, ...words]
    : [process.execPath, program, ...words];
  return new Promise((done) => {
    execFile(command, args, { cwd: folder, maxBuffer: 1 << 26 }, (error, out, err) =>
      done({ code: error ? error.code : 0, out, err }),
    );
  });
}

/** Runs a command and checks that all it prints is safe: printable lines, and JSON with the same values. */
async function runSafely(folder, words) {
  const ended = await run(folder, words);
  for (const text of [ended.out, ended.err])
    for (const line of text.split('\n'))
      assert.doesNotMatch(line, unsafe, `${words.join(' ')}: ${JSON.stringify(line)}`);
  assert.doesNotMatch(`${ended.out}\n${ended.err}`, /^teachable-wasm: forged/m);
  return ended;
}

async function drawPhotos(t, labels = ['disc', 'stripes'], count = 2) {
  const folder = await scratchFolder(t);
  for (const [which, label] of labels.entries()) {
    await mkdir(path.join(folder, 'photos', label), { recursive: true });
    for (let n = 0; n < count; n++)
      await writeFile(path.join(folder, 'photos', label, `${n}.bmp`), drawShape(which ? 'stripes' : 'disc', n));
  }
  return folder;
}

const embed = (folder, ...more) => run(folder, ['embed', 'photos', '--out', 'data.tmkn', ...more]);

/** Reads each file of a folder, as {name: content}. */
async function contentsOf(folder) {
  const names = (await readdir(folder)).filter((name) => name !== 'photos').sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(path.join(folder, name), 'latin1')])),
  );
}

test('printable() leaves ordinary text as it is, in every script', () => {
  for (const text of ['Hund & Katze', '猫 犬', 'کتاب‌خانه', '👩‍👩‍👧', 'e\u0301', 'a/b c:d', '\ufffd', '🏴'])
    assert.equal(printable(text), text);
});

test('all characters of Unicode are safe after printable(), and printableJson() keeps their value', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    const character = String.fromCodePoint(code);
    const shown = printable(`a${character}b`);
    if (unsafe.test(shown) || shown.includes('\n')) assert.fail(`U+${code.toString(16)}`);
  }
  const values = { [hostile]: [hostile, '\ud800', { deep: `\u{e0041}${hostile}` }], plain: '猫' };
  for (const indent of [undefined, 2]) {
    const text = printableJson(values, indent);
    assert.deepEqual(JSON.parse(text), values);
    for (const line of text.split('\n')) assert.doesNotMatch(line, unsafe);
  }
});

test(`random text can't leave its line or its terminal row, seed ${seed}`, () => {
  const random = randomOf(seed);
  for (let round = 0; round < 2000; round++) {
    const codes = Array.from({ length: 20 }, () => Math.floor(random() * (random() < 0.7 ? 0x100 : 0x3000)));
    const text = String.fromCharCode(...codes);
    let written = '';
    const output = new Output({ isTTY: true, columns: 40, write: (part) => (written += part) });
    output.line(text);
    assert.match(written, /^[^\p{Cc}]*\n$/u);
    written = '';
    output.redraw(text.repeat(9));
    assert.match(written, /^\r\x1b\[K[^\p{Cc}]{0,39}$/u);
  }
});

test('one file of the command writes to standard output and standard error', async () => {
  const folder = path.join(root, 'web/cli');
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.ts'))) {
    const text = await readFile(path.join(folder, name), 'utf8');
    const allowed = name === 'main.ts' ? /new Output\(process\.std(out|err)\)|process\.std(out|err)\.on\(/g : /$^/g;
    assert.doesNotMatch(text.replace(allowed, ''), /process\.std(out|err)|console\.|emitWarning/, name);
  }
});

test('names of folders, files, layers, classes and options can not control the terminal', {
  timeout: 240_000,
}, async (t) => {
  const folder = await drawPhotos(t, [hostileName, 'stripes'], 3);
  await mkdir(path.join(folder, 'photos', `empty${hostileName}`));
  await writeFile(path.join(folder, 'photos', hostileName, `${hostileName}.jpg`), 'no picture');
  await writeFile(path.join(folder, 'photos', `loose${hostileName}.png`), '');
  const target = `set${hostileName}.tmkn`;
  const embedded = await runSafely(folder, ['embed', 'photos', '--out', target, '--json']);
  assert.equal(embedded.code, 3, embedded.err);
  assert.deepEqual([JSON.parse(embedded.out).file, JSON.parse(embedded.out).classes[0].label], [target, hostileName]);
  for (const words of [
    ['embed', 'photos', '--out', target],
    ['evaluate', 'photos'],
    ['evaluate', target],
    ['evaluate', target, '--json', '--svg', `${hostileName}.svg`],
  ]) {
    const { code, err } = await runSafely(folder, words);
    assert.ok(code === 0 || code === 3, err);
  }
  for (const line of (await readFile(path.join(folder, `${hostileName}.svg`), 'utf8')).split('\n'))
    assert.doesNotMatch(line, unsafe);
  for (const line of (await readFile(path.join(folder, `${target}.pictures.jsonl`), 'utf8')).split('\n'))
    assert.doesNotMatch(line, unsafe);

  const model = await readFile(path.join(root, 'tests/data/tfjs/nested/model.json'), 'utf8');
  const json = JSON.parse(model);
  await mkdir(path.join(folder, hostileName));
  const file = path.join(hostileName, 'model.json');
  await writeFile(
    path.join(folder, hostileName, 'weights.bin'),
    await readFile(path.join(root, 'tests/data/tfjs/nested/weights.bin')),
  );
  await writeFile(path.join(folder, file), model);
  for (const words of [
    ['inspect', file],
    ['inspect', file, '--json'],
    ['convert', file, '--out', `${hostileName}.tflite`],
    ['inspect', `${hostileName}.tflite`],
  ]) {
    const { code, err } = await runSafely(folder, words);
    assert.equal(code, 0, err);
  }
  // Each kind of name in the file in turn: layers, classes of layers, weights, their types.
  for (const [what, pattern] of [
    ['class', /"class_name": ?"(?:Conv2D|DepthwiseConv2D|ReLU)"/g],
    ['name', /"name": ?"[^"]+"/g],
    ['dtype', /"dtype": ?"[^"]+"/g],
    ['path', /"weights\.bin"/g],
  ]) {
    const changed = JSON.stringify(json).replace(pattern, (found) =>
      found.replace(/"[^"]*"$/, () => JSON.stringify(hostile)),
    );
    assert.notEqual(changed, JSON.stringify(json), what);
    await writeFile(path.join(folder, file), changed);
    for (const words of [
      ['inspect', file],
      ['convert', file],
      ['inspect', file, '--debug'],
    ]) {
      const { err } = await runSafely(folder, words);
      if (!words.includes('--debug')) assert.ok(err.split('\n').length <= 2, err);
    }
  }
  for (const words of [
    [hostile],
    ['embed', `--${hostile}`],
    ['embed', 'photos', '--threads', hostile, '--out', 'x'],
    ['embed', hostile, hostile],
    ['embed', hostileName, '--out', 'x'],
    ['evaluate', `missing${hostileName}`, '--debug'],
    ['embed', 'photos', '--model', `missing${hostileName}`, '--out', 'x'],
    ['embed', 'photos', '--out', path.join(`missing${hostileName}`, 'x')],
  ].map((list) => list.map((word) => word.replaceAll('\0', '')))) {
    const { code } = await runSafely(folder, words);
    assert.ok(code === 1 || code === 2, words.join(' '));
  }
});

test('class names and the id in a data set or model can not control the terminal', { timeout: 120_000 }, async (t) => {
  const folder = await scratchFolder(t);
  const { loadKnn } = await import(path.join(root, 'web/dist/knn.js'));
  const knn = await loadKnn({ embeddingSize: 4, id: hostile });
  t.after(() => knn.dispose());
  await knn.addExamples(Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1), [hostile, 'b', hostileName]);
  await writeFile(path.join(folder, 'data.tmkn'), (await knn.saveDataset()).stream());
  assert.equal((await runSafely(folder, ['evaluate', 'data.tmkn'])).code, 0);
  assert.equal(JSON.parse((await runSafely(folder, ['evaluate', 'data.tmkn', '--json'])).out).model, hostile);
});

test('class names in a model file can not control the terminal', { ...needsData, timeout: 60_000 }, async (t) => {
  const folder = await scratchFolder(t);
  const { files } = await fetchModel('mobilenet-v1-0.25-128-uint8');
  const bytes = await readFile(path.join(filesFolder, files[0].path));
  const at = bytes.indexOf('tench');
  assert.ok(at > 0, 'the model file holds its class names as text');
  bytes.write('\x1b\u009b\u202e'.slice(0, 2), at);
  await writeFile(path.join(folder, 'm.tflite'), bytes);
  for (const words of [
    ['inspect', 'm.tflite'],
    ['inspect', 'm.tflite', '--json'],
  ])
    await runSafely(folder, words);
});

for (const [where, words] of [
  ['standard output', ['embed', 'photos', '--out', 'data.tmkn', '--json']],
  ['standard output of --help', ['--help']],
]) {
  test(`a full ${where} is reported in one line`, {
    skip: !existsSync('/dev/full') && 'needs /dev/full',
  }, async (t) => {
    const folder = await drawPhotos(t);
    const { code, err } = await new Promise((done) => {
      const script = '"$0" "$@" > /dev/full';
      execFile('bash', ['-c', script, process.execPath, program, ...words], { cwd: folder }, (error, _, text) =>
        done({ code: error?.code, err: text }),
      );
    });
    assert.equal(code, 1, err);
    assert.match(err, /^teachable-wasm: Can't write the result: the disk is full\.$/m);
  });
}

/** Teaches one more example to a data set, as a page does. */
async function teachFurther(folder) {
  const { loadKnn } = await import(path.join(root, 'web/dist/knn.js'));
  const file = path.join(folder, 'data.tmkn');
  const bytes = await readFile(file);
  const { modelId } = await readDatasetHeader(file);
  const journal = JSON.parse((await readFile(path.join(folder, 'data.tmkn.pictures.jsonl'), 'utf8')).split('\n')[0]);
  const knn = await loadKnn({ embeddingSize: journal.model.embeddingSize, id: modelId });
  await knn.loadDataset(bytes);
  await knn.addExample(new Float32Array(journal.model.embeddingSize).fill(1), 'taught by hand');
  await writeFile(path.join(folder, 'data.tmkn'), (await knn.saveDataset()).stream());
  knn.dispose();
}

test('embed replaces a set that was taught further only with --force', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t);
  assert.equal((await embed(folder)).code, 0);
  await teachFurther(folder);
  const before = await contentsOf(folder);
  for (const round of ['at once', 'again']) {
    const { code, err } = await embed(folder);
    assert.equal(code, 1, round);
    assert.match(err, /data\.tmkn was changed after this command had written it, for example taught further.*--force/);
    assert.deepEqual(await contentsOf(folder), before);
  }
  // Names of the pictures are not shown for ids that may belong to other examples.
  assert.doesNotMatch((await run(folder, ['evaluate', 'data.tmkn'])).out, /\.bmp/);
  assert.equal((await embed(folder, '--force')).code, 0);
  assert.equal((await embed(folder)).code, 0, 'it is its own file again');
});

test('an interrupted --force does not give up the protection of the file', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t);
  await writeFile(path.join(folder, 'data.tmkn'), 'taught for hours');
  // The full disk stops the run after its journal was begun.
  const stopped = await run(folder, ['embed', 'photos', '--out', 'data.tmkn', '--force'], { limit: 16_384 });
  assert.equal(stopped.code, 1, stopped.err);
  assert.ok(existsSync(path.join(folder, 'data.tmkn.pictures.jsonl')));
  const { code, err } = await embed(folder);
  assert.equal(code, 1);
  assert.match(err, /already exists and was not written by this command/);
  assert.equal(await readFile(path.join(folder, 'data.tmkn'), 'utf8'), 'taught for hours');
});

test('embed continues after a crash between its two files', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t);
  await embed(folder);
  const old = await readFile(path.join(folder, 'data.tmkn'));
  await writeFile(path.join(folder, 'photos/disc/new.bmp'), drawShape('disc', 9));
  await embed(folder);
  const whole = await readFile(path.join(folder, 'data.tmkn'));
  // The journal of the second run is there, the data set is still that of the first.
  await rename(path.join(folder, 'data.tmkn'), path.join(folder, 'data.tmkn.incoming'));
  await writeFile(path.join(folder, 'data.tmkn'), old);
  const { code, err } = await embed(folder);
  assert.equal(code, 0, err);
  assert.deepEqual(await readFile(path.join(folder, 'data.tmkn')), whole);
  assert.ok(!existsSync(path.join(folder, 'data.tmkn.incoming')));
});

test('embed computes the pictures of damaged journal lines again and writes the same set', {
  timeout: 120_000,
}, async (t) => {
  const folder = await drawPhotos(t, ['disc', 'stripes'], 3);
  await embed(folder);
  const whole = await readFile(path.join(folder, 'data.tmkn'));
  const journal = path.join(folder, 'data.tmkn.pictures.jsonl');
  const lines = (await readFile(journal, 'utf8')).split('\n');
  const row = JSON.parse(lines[2]);
  // A row of half the width, a changed one, one that is cut.
  lines[2] = JSON.stringify({ ...row, embedding: row.embedding.slice(0, 40) });
  lines[3] = lines[3].replace(/"embedding":"(.)/, (_, first) => `"embedding":"${first === 'A' ? 'B' : 'A'}`);
  lines[4] = lines[4].slice(0, 100);
  await writeFile(journal, lines.join('\n'));
  const { code, err, out } = await embed(folder, '--json');
  assert.equal(code, 0, err);
  assert.match(err, /^Note: 3 lines of data\.tmkn\.pictures\.jsonl can't be used/m);
  assert.equal(JSON.parse(out).computed, 3);
  assert.deepEqual(await readFile(path.join(folder, 'data.tmkn')), whole);
});

test('files that are being written do not follow a link', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t);
  await writeFile(path.join(folder, 'victim'), 'untouched');
  const names = ['data.tmkn', 'data.tmkn.pictures.jsonl', 'm.tflite', 'm.svg'];
  for (const name of names) await symlink('victim', path.join(folder, `${name}.incoming`));
  await writeFile(path.join(folder, 'plain'), '');
  assert.equal((await embed(folder)).code, 0);
  const source = path.join(root, 'tests/data/tfjs/nested/model.json');
  assert.equal((await run(folder, ['convert', source, '--out', 'm.tflite'])).code, 0);
  assert.equal((await run(folder, ['evaluate', 'photos', '--svg', 'm.svg'])).code, 0);
  for (const name of names) {
    assert.ok((await lstat(path.join(folder, name))).isFile(), name);
    assert.ok(!existsSync(path.join(folder, `${name}.incoming`)), name);
  }
  assert.equal(await readFile(path.join(folder, 'victim'), 'utf8'), 'untouched');
});

test('a link to a file stays a link, and a file keeps its permissions', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t);
  await mkdir(path.join(folder, 'elsewhere'));
  await writeFile(path.join(folder, 'elsewhere/set'), '');
  await chmod(path.join(folder, 'elsewhere/set'), 0o600);
  await symlink('elsewhere/set', path.join(folder, 'data.tmkn'));
  assert.equal((await embed(folder, '--force')).code, 0);
  assert.equal(await realpath(path.join(folder, 'data.tmkn')), await realpath(path.join(folder, 'elsewhere/set')));
  const { size, mode } = await stat(path.join(folder, 'elsewhere/set'));
  assert.ok(size > 1000);
  assert.equal(mode & 0o777, 0o600);
});

test('only regular files are written and read', { timeout: 60_000 }, async (t) => {
  const folder = await drawPhotos(t);
  for (const target of ['/dev/null', 'photos']) {
    const { code, err } = await run(folder, ['embed', 'photos', '--out', target, '--force']);
    assert.equal(code, 1);
    assert.match(err, /it is not a regular file|is a folder/);
  }
  await mkdir(path.join(folder, 'data.tmkn.pictures.jsonl'));
  assert.match((await embed(folder)).err, /Can't read data\.tmkn\.pictures\.jsonl: it is not a regular file\./);
});

test('a full disk leaves every file whole and no empty or partial file', { timeout: 240_000 }, async (t) => {
  const folder = await drawPhotos(t, ['disc', 'stripes'], 4);
  const source = path.join(root, 'tests/data/tfjs/nested/model.json');
  const commands = [
    ['embed', 'photos', '--out', 'data.tmkn'],
    ['convert', source, '--out', 'm.tflite'],
    ['evaluate', 'photos', '--svg', 'm.svg'],
  ];
  const journal = path.join(folder, 'data.tmkn.pictures.jsonl');
  let failures = 0;
  // Without old files.
  for (const words of commands) {
    const { code, err } = await run(folder, words, { limit: 1024 });
    assert.equal(code, 1, words.join(' '));
    assert.match(err, /Can't write .*: the file becomes larger than this system allows\.\n$/);
    failures += 1;
    for (const [name, text] of Object.entries(await contentsOf(folder)))
      assert.ok(name.endsWith('.pictures.jsonl') && text.startsWith('{'), `${words[0]} left ${name}`);
    await rm(journal, { force: true });
  }
  // With old files, for each size at which the disk becomes full.
  for (const words of commands) assert.equal((await run(folder, words)).code, 0);
  const before = await contentsOf(folder);
  await writeFile(path.join(folder, 'photos/disc/new.bmp'), drawShape('disc', 9));
  for (const words of commands) {
    const size = Math.max(...Object.values(before).map((text) => text.length));
    for (let limit = 1024; limit < size; limit += Math.ceil(size / 8 / 1024) * 1024) {
      const { code } = await run(folder, words, { limit });
      if (code === 0) break;
      failures += 1;
      const after = await contentsOf(folder);
      assert.deepEqual(Object.keys(after), Object.keys(before), `limit ${limit}`);
      for (const name of ['data.tmkn', 'm.tflite', 'm.svg'])
        assert.equal(after[name], before[name], `${name}, ${limit}`);
      assert.ok(after['data.tmkn.pictures.jsonl'].startsWith('{"format"'));
    }
  }
  assert.ok(failures >= 6, `${failures}`);
  t.diagnostic(`trust: ${failures} faults`);
  // With space again, the same command ends well.
  assert.equal((await embed(folder)).code, 0);
});

const outside = [
  'http://127.0.0.1:9/weights.bin',
  ' HTTPS://127.0.0.1:9/w',
  'ht\ntp://127.0.0.1:9/w',
  '//127.0.0.1/w',
  '../../weights.bin',
  '..',
  'a/../../weights.bin',
  '%2e%2e/weights.bin',
  '..%2fweights.bin',
  '..\\weights.bin',
  '/etc/passwd',
  'file:///etc/passwd',
  'FILE:/etc/passwd',
  'data:application/octet-stream;base64,AAAA',
  'link.bin',
];
/** Writes a model.json, and catalogue entries that lead to it, which name a file. Returns their paths. */
async function writeNaming(folder, name) {
  const model = path.join(folder, 'top/model');
  await mkdir(model, { recursive: true });
  await writeFile(path.join(folder, 'secret.bin'), 'secret');
  await writeFile(path.join(model, 'weights.bin'), '');
  await rm(path.join(model, 'link.bin'), { force: true });
  await symlink('../../secret.bin', path.join(model, 'link.bin'));
  const json = JSON.parse(await readFile(path.join(root, 'tests/data/tfjs/nested/model.json'), 'utf8'));
  json.weightsManifest[0].paths.push(name);
  const files = {
    'model.json': json,
    'entry.json': { id: 'x', files: [{ path: 'weights.bin' }, { path: name }] },
    'nested.json': { id: 'x', files: [{ path: 'model.json' }] },
    'labels.json': { id: 'x', files: [{ path: 'weights.bin' }], labels: { path: name } },
  };
  for (const [file, content] of Object.entries(files)) await writeFile(path.join(model, file), JSON.stringify(content));
  return Object.keys(files).map((file) => path.join(model, file));
}

const refusal = /names the file '[^']*', which is outside of its folder, so it was not read\..*--allow-outside-files/;

for (const name of outside) {
  test(`a model that names the file ${JSON.stringify(name)} is refused`, async (t) => {
    for (const file of await writeNaming(await scratchFolder(t), name)) {
      await assert.rejects(checkModelFiles(file, {}), { exitCode: 1, message: refusal }, file);
      await checkModelFiles(file, { 'allow-outside-files': true });
    }
  });
}

test('every command refuses a model that names files elsewhere', { timeout: 60_000 }, async (t) => {
  const folder = await drawPhotos(t);
  for (const file of (await writeNaming(folder, 'http://127.0.0.1:9/w')).slice(0, 2)) {
    for (const words of [
      ['inspect', file],
      ['convert', file, '--out', 'x.tflite'],
      ['embed', 'photos', '--out', 'x', '--model', file],
      ['evaluate', 'photos', '--model', file],
    ]) {
      const { code, err } = await run(folder, words);
      assert.equal(code, 1);
      assert.match(err, refusal);
    }
  }
  assert.ok(!existsSync(path.join(folder, 'x.tflite')));
});

test('weights elsewhere are read with --allow-outside-files, and those in a download cache without it', {
  timeout: 60_000,
}, async (t) => {
  const folder = await scratchFolder(t);
  await mkdir(path.join(folder, 'model'), { recursive: true });
  const source = path.join(root, 'tests/data/tfjs/nested');
  const json = JSON.parse(await readFile(path.join(source, 'model.json'), 'utf8'));
  await writeFile(path.join(folder, 'weights.bin'), await readFile(path.join(source, 'weights.bin')));
  json.weightsManifest[0].paths = ['../weights.bin'];
  await writeFile(path.join(folder, 'model/model.json'), JSON.stringify(json));
  assert.equal((await run(folder, ['inspect', 'model/model.json'])).code, 1);
  for (const command of ['inspect', 'convert'])
    assert.equal((await run(folder, [command, 'model/model.json', '--allow-outside-files'])).code, 0);
  // A cache keeps files by checksum, and links to them by name.
  await mkdir(path.join(folder, 'cache/blobs'), { recursive: true });
  await mkdir(path.join(folder, 'cache/snapshots/1'), { recursive: true });
  for (const name of ['model.json', 'weights.bin']) {
    await writeFile(path.join(folder, 'cache/blobs', `sum-of-${name}`), await readFile(path.join(source, name)));
    await symlink(`../../blobs/sum-of-${name}`, path.join(folder, 'cache/snapshots/1', name));
  }
  const { code, err } = await run(folder, ['inspect', 'cache/snapshots/1/model.json']);
  assert.equal(code, 0, err);
});
