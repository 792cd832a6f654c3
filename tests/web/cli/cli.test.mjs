// Tests the Node command as people run it: as a child process in a folder of pictures.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { fetchDefault, fetchModel, filesFolder } from '../../../models/fetch.mjs';
import { dataFolder, ffmpeg, needsData, root, scratchFolder } from '../support/data.mjs';
import { drawShape } from '../support/draw.mjs';
import { packed } from '../support/packed.mjs';

const program = path.join(root, 'web/dist/cli.js');

/** @returns {Promise<{code: number, out: string, err: string}>} */
function run(folder, ...words) {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...words], { cwd: folder, maxBuffer: 1 << 26 }, (error, out, err) =>
      done({ code: error ? error.code : 0, out, err }),
    );
  });
}

/** Runs a command with --json, checks its exit code and parses its output. */
async function runJson(code, folder, ...words) {
  const ended = await run(folder, ...words, '--json');
  assert.equal(ended.code, code, ended.err);
  return { ...JSON.parse(ended.out), err: ended.err };
}

/** Writes photos/disc/*.bmp and photos/stripes/*.bmp into a folder that is removed after the test. */
async function drawPhotos(t, count) {
  const folder = await scratchFolder(t);
  for (const shape of ['disc', 'stripes']) {
    await mkdir(path.join(folder, 'photos', shape), { recursive: true });
    for (let n = 0; n < count; n++)
      await writeFile(path.join(folder, 'photos', shape, `${n}.bmp`), drawShape(shape, n));
  }
  return folder;
}

test('--help explains the program and each command', async () => {
  const { code, out } = await run(root, '--help');
  assert.equal(code, 0);
  for (const command of ['inspect', 'convert', 'embed', 'evaluate']) {
    assert.match(out, new RegExp(`^  ${command} `, 'm'));
    const help = await run(root, command, '--help');
    assert.equal(help.code, 0);
    assert.match(help.out, new RegExp(`^Usage: teachable-wasm ${command} `));
    assert.match(help.out, command === 'convert' ? /--out/ : /--json/);
  }
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  assert.equal((await run(root, '--version')).out, `${version}\n`);
});

const mistakes = [
  [[], /A command is missing\. Commands: inspect, convert, embed, evaluate\./],
  [['embd'], /Unknown command 'embd'\. Commands: inspect/],
  [['embed', 'x', '--thread', '2'], /Unknown option '--thread'\. Run 'teachable-wasm embed --help'/],
  [['embed', 'x', '--out'], /The option '--out' needs a value: --out FILE/],
  [['embed', 'x'], /needs the option --out, the file to write/],
  [['embed', '--out', 'y'], /The command 'embed' needs the argument DIR\./],
  [['embed', 'x', 'y', '--out', 'z'], /takes one argument; got 'x', 'y'/],
  [['embed', 'x', '--out', 'y', '--threads', '0'], /--threads must be a whole number from 1 to 64; got '0'/],
  [['evaluate', 'x', '--k', 'three'], /--k must be a whole number of at least 1; got 'three'/],
  [['evaluate', 'x', '--shots', '1,few'], /--shots must be a whole number of at least 1; got 'few'/],
  [['evaluate', 'x', '--episodes', '0'], /--episodes must be a whole number of at least 1; got '0'/],
  [['evaluate', 'x', '--json=yes'], /The option '--json' takes no value/],
];
for (const [words, sentence] of mistakes) {
  test(`a wrong command line gives one line of explanation and exit code 2: ${words.join(' ')}`, async () => {
    const { code, out, err } = await run(root, ...words);
    assert.equal(code, 2, err);
    assert.equal(out, '');
    assert.match(err, sentence);
    assert.equal(err.trim().split('\n').length, 1, err);
  });
}

test('--debug shows the stack trace, which is hidden otherwise', async (t) => {
  const folder = await scratchFolder(t);
  const plain = await run(folder, 'evaluate', 'missing');
  assert.deepEqual([plain.code, plain.err], [1, "teachable-wasm: Can't read missing: it does not exist.\n"]);
  assert.match((await run(folder, 'evaluate', 'missing', '--debug')).err, /\n +at .*\n[\s\S]*Caused by: Error: ENOENT/);
});

test('inspect prints what the default model, or its stand-in, holds', async () => {
  const { id, files, classCount } = await fetchDefault();
  const file = path.join(filesFolder, files[0].path);
  const model = await runJson(0, root, 'inspect', file);
  assert.equal(
    model.fileBytes,
    files.reduce((sum, each) => sum + each.byteLength, 0),
    id,
  );
  assert.deepEqual(
    [model.inputWidth, model.inputHeight, model.embeddingSize, model.classCount],
    [224, 224, 1280, classCount],
  );
  // MobileNet V2 has 17 blocks with one depthwise convolution each, and 300 million multiply-adds (arXiv:1801.04381, table 4).
  assert.equal(model.operators.DepthwiseConv2d, 17);
  assert.ok(Math.abs(model.multiplyAdds / 300e6 - 1) < 0.05, `${model.multiplyAdds} multiply-adds`);
  const { code, out } = await run(root, 'inspect', file);
  assert.equal(code, 0);
  assert.match(out, /^ {2}embedding {2}\[1280\] float32; \[1856\] float32 with layers 'two'$/m);
  assert.match(out, /^ {2}DepthwiseConv2d +17$/m);
  assert.match(
    (await run(root, 'inspect', file, '--layers', 'two')).out,
    /^ {2}embedding {2}\[1856\] float32: 1280 of the last layer, 576 of a middle layer$/m,
  );
  const wrong = await run(root, 'inspect', file, '--layers', 'three');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /--layers must be one of last, two, auto, but is 'three'/);
});

test('inspect prints the class names and the pixel range that a file holds', {
  ...needsData,
  timeout: 60_000,
}, async () => {
  const { files } = await fetchModel('mobilenet-v1-0.25-128-uint8');
  const model = await runJson(0, root, 'inspect', path.join(filesFolder, files[0].path));
  assert.deepEqual(
    [model.format, model.inputType, model.precision, model.classCount, model.classNames.length],
    ['tflite', 'uint8', 'uint8', 1001, 1001],
  );
  assert.deepEqual(model.preprocess.range, [-1, 0.9921875]);
});

test('convert writes a model.json as one .tflite file with the same network', { timeout: 60_000 }, async (t) => {
  const folder = await scratchFolder(t);
  for (const name of ['model.json', 'weights.bin'])
    await copyFile(path.join(root, 'tests/data/tfjs/nested', name), path.join(folder, name));
  const { code, err } = await run(folder, 'convert', 'model.json', '--out', 'mine.tflite');
  assert.equal(code, 0, err);
  const inspected = async (name) => {
    const { format, precision, embeddingSize, classCount, preprocess, weightBytes, multiplyAdds, operators } =
      await runJson(0, folder, 'inspect', name);
    return {
      format,
      network: { precision, embeddingSize, classCount, preprocess, weightBytes, multiplyAdds, operators },
    };
  };
  const [before, after] = [await inspected('model.json'), await inspected('mine.tflite')];
  assert.deepEqual([before.format, after.format], ['tfjs-layers', 'tflite']);
  assert.deepEqual(after.network, before.network);
  const again = await run(folder, 'convert', 'mine.tflite');
  assert.equal(again.code, 1);
  assert.match(again.err, /model\.json/);
});

test('embed writes a data set, and a later run computes only new and changed pictures', {
  timeout: 120_000,
}, async (t) => {
  const folder = await drawPhotos(t, 5);
  const first = await runJson(0, folder, 'embed', 'photos', '--out', 'data.tmkn');
  assert.deepEqual(first.classes, [
    { label: 'disc', count: 5 },
    { label: 'stripes', count: 5 },
  ]);
  assert.deepEqual([first.examples, first.computed, first.skipped], [10, 10, []]);
  assert.match(first.err, /^10 of 10 pictures \(100 %\)/m);
  const file = await readFile(path.join(folder, 'data.tmkn'));
  assert.equal(file.subarray(0, 4).toString(), 'TMKN');

  assert.equal((await runJson(0, folder, 'embed', 'photos', '--out', 'data.tmkn')).computed, 0);
  assert.deepEqual(await readFile(path.join(folder, 'data.tmkn')), file, 'the same pictures make the same file');

  await writeFile(path.join(folder, 'photos/disc/0.bmp'), drawShape('disc', 20));
  await writeFile(path.join(folder, 'photos/stripes/new.bmp'), drawShape('stripes', 21));
  await rename(path.join(folder, 'photos/disc/1.bmp'), path.join(folder, 'photos/disc/renamed.bmp'));
  const later = await runJson(0, folder, 'embed', 'photos', '--out', 'data.tmkn');
  assert.deepEqual([later.examples, later.computed], [11, 2]);
  assert.deepEqual((await readdir(folder)).sort(), ['data.tmkn', 'data.tmkn.pictures.jsonl', 'photos']);
});

test('embed writes the same file for any number of threads', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t, 4);
  for (const threads of ['1', '3'])
    await runJson(0, folder, 'embed', 'photos', '--out', `${threads}.tmkn`, '--threads', threads);
  assert.deepEqual(await readFile(path.join(folder, '1.tmkn')), await readFile(path.join(folder, '3.tmkn')));
});

test('embed names and skips damaged and truncated pictures, with exit code 3', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t, 3);
  await writeFile(path.join(folder, 'photos/disc/cut.bmp'), drawShape('disc', 1).subarray(0, 40));
  await writeFile(path.join(folder, 'photos/disc/text.jpg'), 'no picture');
  for (const [kind, codec] of [
    ['jpg', 'mjpeg'],
    ['png', 'png'],
  ]) {
    const whole = ffmpeg('-i', path.join(folder, 'photos/disc/0.bmp'), '-f', 'image2pipe', '-c:v', codec, '-');
    await writeFile(path.join(folder, `photos/stripes/half.${kind}`), whole.subarray(0, whole.length / 2));
  }
  await writeFile(path.join(folder, 'photos/loose.png'), 'no label');
  const { skipped, examples, err } = await runJson(3, folder, 'embed', 'photos', '--out', 'data.tmkn');
  assert.deepEqual(skipped.map((file) => file.path).sort(), [
    'disc/cut.bmp',
    'disc/text.jpg',
    'loose.png',
    'stripes/half.jpg',
    'stripes/half.png',
  ]);
  for (const { path: name } of skipped) assert.match(err, new RegExp(`^Skipped ${name}: .*\\.$`, 'm'));
  assert.match(err, /^Skipped stripes\/half\.jpg: The JPEG file is truncated: its end is missing\./m);
  assert.equal(examples, 6);
});

test('embed writes no file for a folder without pictures or with only damaged ones', {
  timeout: 120_000,
}, async (t) => {
  const folder = await scratchFolder(t);
  await mkdir(path.join(folder, 'photos/cat'), { recursive: true });
  const empty = await run(folder, 'embed', 'photos', '--out', 'data.tmkn');
  assert.equal(empty.code, 1);
  assert.match(empty.err, /The folder photos has no pictures in label folders\./);
  await writeFile(path.join(folder, 'photos/cat/1.jpg'), 'no picture');
  const damaged = await run(folder, 'embed', 'photos', '--out', 'data.tmkn');
  assert.equal(damaged.code, 1);
  assert.match(damaged.err, /No picture in photos can be used \(1 tried\), so data\.tmkn was not written\./);
  assert.ok(!existsSync(path.join(folder, 'data.tmkn')));
});

test('embed replaces a file that it did not write only with --force', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t, 2);
  await writeFile(path.join(folder, 'taught.tmkn'), 'taught for hours');
  const refused = await run(folder, 'embed', 'photos', '--out', 'taught.tmkn');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /taught\.tmkn already exists and was not written by this command.*--force/);
  assert.equal(await readFile(path.join(folder, 'taught.tmkn'), 'utf8'), 'taught for hours');
  assert.equal((await runJson(0, folder, 'embed', 'photos', '--out', 'taught.tmkn', '--force')).examples, 4);
});

/** Starts a command and sends it the signal as soon as its output matches `when`, by default after the first pictures. */
function interrupt(folder, signal, words, when = /of 80 pictures/) {
  const child = spawn(process.execPath, [program, ...words, '--threads', '1'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  let sent = false;
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
    if (!sent && when.test(err)) sent = child.kill(signal);
  });
  return new Promise((done) => child.on('close', (code, by) => done({ code, by, err })));
}

for (const [signal, how] of [
  ['SIGINT', 'Ctrl+C'],
  ['SIGKILL', 'a crash'],
]) {
  test(`embed continues after ${how} and writes the same file as without it`, { timeout: 240_000 }, async (t) => {
    const folder = await drawPhotos(t, 40);
    const ended = await interrupt(folder, signal, ['embed', 'photos', '--out', 'data.tmkn']);
    if (signal === 'SIGINT') {
      assert.deepEqual([ended.code, ended.by], [130, null], ended.err);
      assert.match(
        ended.err,
        /Interrupted\. The embeddings of \d+ pictures are kept\. Run the same command again to continue\./,
      );
    } else {
      assert.equal(ended.by, 'SIGKILL');
    }
    assert.ok(!existsSync(path.join(folder, 'data.tmkn')), 'no partial data set is written');
    const lines = (await readFile(path.join(folder, 'data.tmkn.pictures.jsonl'), 'utf8')).split('\n').length - 2;
    assert.ok(lines >= 8 && lines < 80, `${lines} pictures were computed before`);
    const { computed, examples } = await runJson(0, folder, 'embed', 'photos', '--out', 'data.tmkn');
    assert.deepEqual([computed, examples], [80 - lines, 80]);
    await runJson(0, folder, 'embed', 'photos', '--out', 'whole.tmkn');
    assert.deepEqual(await readFile(path.join(folder, 'data.tmkn')), await readFile(path.join(folder, 'whole.tmkn')));
  });
}

test('evaluate ends on Ctrl+C while it computes embeddings', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t, 40);
  const { code, err } = await interrupt(folder, 'SIGINT', ['evaluate', 'photos']);
  assert.equal(code, 130, err);
  assert.match(err, /\nteachable-wasm: Interrupted\.\n$/);
});

test('evaluate ends on Ctrl+C in the middle of a review', { timeout: 120_000 }, async (t) => {
  const folder = await scratchFolder(t);
  const { loadKnn } = await import(path.join(root, 'web/dist/knn.js'));
  const [size, count] = [64, 30_000];
  const knn = await loadKnn({ embeddingSize: size, id: 'noise' });
  t.after(() => knn.dispose());
  await knn.addExamples(
    Float32Array.from({ length: size * count }, (_, i) => Math.sin(i * i)),
    Array.from({ length: count }, (_, i) => i % 7),
  );
  await writeFile(path.join(folder, 'data.tmkn'), (await knn.saveDataset()).stream());
  const began = performance.now();
  const { code, err } = await interrupt(folder, 'SIGINT', ['evaluate', 'data.tmkn'], /Predicting 30000 of 30000/);
  t.diagnostic(`${Math.round(performance.now() - began)} ms`);
  assert.equal(code, 130, err);
  assert.match(err, /\nteachable-wasm: Interrupted\.\n$/);
});

test('the command of the packed and installed package runs from node_modules/.bin', {
  timeout: 120_000,
}, async (t) => {
  const { project, remove } = packed();
  t.after(remove);
  const name = path.join(project, 'node_modules/.bin/teachable-wasm');
  await mkdir(path.dirname(name));
  await symlink('../teachable-wasm/web/dist/cli.js', name);
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const start = (...words) => promisify(execFile)(name, words, { cwd: project });
  assert.equal((await start('--version')).stdout, `${version}\n`);
  const photos = await drawPhotos(t, 2);
  assert.match(
    (await start('evaluate', path.join(photos, 'photos'), '--k', '1')).stdout,
    /Leave-one-out accuracy: 100 %/,
  );
});

test('evaluate gives the same result for a folder and its data set, names wrong labels, and writes the SVG', {
  timeout: 120_000,
}, async (t) => {
  const folder = await drawPhotos(t, 6);
  await writeFile(path.join(folder, 'photos/disc/wrong.bmp'), drawShape('stripes', 9));
  await copyFile(path.join(folder, 'photos/stripes/2.bmp'), path.join(folder, 'photos/stripes/twice.bmp'));
  await runJson(0, folder, 'embed', 'photos', '--out', 'data.tmkn');
  const { model, ...fromFolder } = await runJson(0, folder, 'evaluate', 'photos', '--k', '3');
  // A file also names the layers of its embeddings.
  const {
    err,
    model: modelOfFile,
    ...fromFile
  } = await runJson(0, folder, 'evaluate', 'data.tmkn', '--k', '3', '--svg', 'matrix.svg');
  assert.ok(modelOfFile.startsWith(model), modelOfFile);
  assert.deepEqual({ ...fromFolder, err }, { ...fromFile, err });
  assert.deepEqual(fromFile.confusionMatrix, {
    labels: ['disc', 'stripes'],
    counts: [
      [6, 1],
      [0, 7],
    ],
  });
  assert.equal(fromFile.accuracy, 13 / 14);
  assert.deepEqual(
    fromFile.classes.map(({ label, count, recall }) => [label, count, recall]),
    [
      ['disc', 7, 6 / 7],
      ['stripes', 7, 1],
    ],
  );
  assert.deepEqual(fromFile.mostConfusable, { labels: ['disc', 'stripes'], confusions: 1 });
  assert.deepEqual(
    fromFile.mislabelled.map(({ name, suggestedLabel }) => [name, suggestedLabel]),
    [['disc/wrong.bmp', 'stripes']],
  );
  assert.ok(
    fromFile.duplicates.some(
      ({ name, nameOfOther }) => name === 'stripes/twice.bmp' && nameOfOther === 'stripes/2.bmp',
    ),
    JSON.stringify(fromFile.duplicates),
  );
  assert.match(
    await readFile(path.join(folder, 'matrix.svg'), 'utf8'),
    /^<svg [\s\S]*92\.9 % of 14 examples correct[\s\S]*<\/svg>\n$/,
  );

  const { code, out } = await run(folder, 'evaluate', 'data.tmkn');
  assert.equal(code, 0);
  assert.match(out, /Leave-one-out accuracy: 92\.9 %/);
  assert.match(out, /^disc +6 +1 +85\.7 %$/m);
  assert.match(out, /Possibly mislabelled:\n {2}disc\/wrong\.bmp: labelled 'disc', predicted 'stripes'/);

  await rm(path.join(folder, 'data.tmkn.pictures.jsonl'));
  assert.match((await run(folder, 'evaluate', 'data.tmkn')).out, /example \d+: labelled 'disc', predicted 'stripes'/);
});

test('evaluate measures a learning curve for a folder and for its data set', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t, 9);
  const words = ['--shots', '5,1,50', '--episodes', '3'];
  const { learningCurve, err } = await runJson(0, folder, 'evaluate', 'photos', ...words);
  assert.deepEqual(
    learningCurve.points.map(({ shots }) => shots),
    [1, 5],
  );
  assert.deepEqual([learningCurve.leftOut, learningCurve.tests, learningCurve.byRecording], [[50], 6, false]);
  assert.equal(learningCurve.points[1].accuracy, 1, 'discs and stripes are easy to tell apart');
  assert.match(err, /Note: The learning curve leaves out 50\./);

  await runJson(0, folder, 'embed', 'photos', '--out', 'data.tmkn');
  assert.deepEqual((await runJson(0, folder, 'evaluate', 'data.tmkn', ...words)).learningCurve, learningCurve);
  const { out } = await run(folder, 'evaluate', 'data.tmkn', '--episodes', '3');
  assert.match(out, /^ +5 +100 % {2}100 % to 100 % +#{40}$/m);
  assert.match(out, /With 5 examples of each class, 100 % of the tests are correct\./);
  assert.equal((await runJson(0, folder, 'evaluate', 'data.tmkn')).learningCurve, null);

  const few = await run(folder, 'evaluate', 'data.tmkn', '--shots', '50,40');
  assert.equal(few.code, 1);
  assert.match(
    few.err,
    /too few examples for the learning curve with --shots 50,40: .* fewer than 40\. Use smaller numbers\.\n$/,
  );
});

test('the learning curve of evaluate keeps pictures of one folder together, and needs two classes', {
  timeout: 120_000,
}, async (t) => {
  const folder = await drawPhotos(t, 6);
  for (const shape of ['disc', 'stripes'])
    for (const n of [0, 1, 2]) {
      const recording = path.join(folder, 'photos', shape, 'second');
      await mkdir(recording, { recursive: true });
      await rename(path.join(folder, 'photos', shape, `${n}.bmp`), path.join(recording, `${n}.bmp`));
    }
  const { learningCurve } = await runJson(0, folder, 'evaluate', 'photos', '--shots', '1,3', '--episodes', '2');
  assert.deepEqual([learningCurve.byRecording, learningCurve.tests, learningCurve.points.length], [true, 6, 2]);

  await rm(path.join(folder, 'photos/stripes'), { recursive: true });
  const { code, err } = await run(folder, 'evaluate', 'photos', '--episodes', '2');
  assert.equal(code, 1);
  assert.match(err, /photos has only one class\. A learning curve needs at least two classes\.\n$/);
  await mkdir(path.join(folder, 'single/disc'), { recursive: true });
  await mkdir(path.join(folder, 'single/stripes'), { recursive: true });
  for (const shape of ['disc', 'stripes'])
    await writeFile(path.join(folder, 'single', shape, '1.bmp'), drawShape(shape, 1));
  assert.match((await run(folder, 'evaluate', 'single', '--shots', '1')).err, /single has one example of each class\./);
});

test('evaluate reports a damaged data set and a single picture in one line', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t, 2);
  await runJson(0, folder, 'embed', 'photos', '--out', 'data.tmkn');
  const whole = await readFile(path.join(folder, 'data.tmkn'));
  const flipped = Buffer.from(whole);
  flipped[whole.length - 100] ^= 1;
  for (const [bytes, sentence] of [
    [Buffer.from('text'), /not a data set/],
    [whole.subarray(0, 30), /The data set bad\.tmkn is damaged/],
    [whole.subarray(0, 900), /teachable-wasm: .+/],
    [flipped, /teachable-wasm: .+/],
  ]) {
    await writeFile(path.join(folder, 'bad.tmkn'), bytes);
    const { code, err } = await run(folder, 'evaluate', 'bad.tmkn');
    assert.equal(code, 1);
    assert.match(err, sentence);
    assert.equal(err.trim().split('\n').length, 1, err);
  }
  await mkdir(path.join(folder, 'one/cat'), { recursive: true });
  await writeFile(path.join(folder, 'one/cat/1.bmp'), drawShape('disc', 1));
  assert.match(
    (await run(folder, 'evaluate', 'one')).err,
    /one has one example\. An evaluation needs at least two examples\./,
  );
});

test('a missing or damaged model is reported in one line', { timeout: 120_000 }, async (t) => {
  const folder = await drawPhotos(t, 1);
  await writeFile(path.join(folder, 'bad.tflite'), 'no model at all');
  const missing = await run(folder, 'embed', 'photos', '--out', 'data.tmkn', '--model', 'missing.tflite');
  assert.deepEqual(
    [missing.code, missing.err],
    [1, "teachable-wasm: Can't read the model missing.tflite: it does not exist.\n"],
  );
  const bad = await run(folder, 'embed', 'photos', '--out', 'data.tmkn', '--model', 'bad.tflite');
  assert.equal(bad.code, 1);
  assert.equal(bad.err.trim().split('\n').length, 1, bad.err);
});

test('evaluate predicts all photos of cats, dogs and hotdogs correctly', {
  ...needsData,
  timeout: 120_000,
}, async (t) => {
  const folder = await scratchFolder(t);
  const photos = path.join(dataFolder, 'imprinting');
  for (const name of (await readdir(photos)).filter((each) => each.endsWith('.bmp'))) {
    const label = name.split('_')[0];
    await mkdir(path.join(folder, 'photos', label), { recursive: true });
    await copyFile(path.join(photos, name), path.join(folder, 'photos', label, name));
  }
  const { accuracy, examples, classes } = await runJson(0, folder, 'evaluate', 'photos', '--k', '1');
  assert.deepEqual(
    classes.map(({ label, count }) => [label, count]),
    [
      ['cat', 2],
      ['dog', 2],
      ['hotdog', 3],
    ],
  );
  assert.equal(examples, 7);
  assert.equal(accuracy, 1);
});
