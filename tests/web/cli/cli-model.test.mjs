// What `inspect` says about a model: its names, its embedding, and what may be wrong with it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { root, scratchFolder } from '../support/data.mjs';

const program = path.join(root, 'web/dist/cli.js');

/** @returns {Promise<{code: number, out: string, err: string}>} */
const inspect = (folder, ...words) =>
  new Promise((done) => {
    execFile(process.execPath, [program, 'inspect', 'model.json', ...words], { cwd: folder }, (error, out, err) =>
      done({ code: error ? error.code : 0, out, err }),
    );
  });
const inspectJson = async (...words) => JSON.parse((await inspect(...words, '--json')).out);

test('inspect uses the labels beside a model or given ones, and a chosen embedding', async (t) => {
  const folder = await scratchFolder(t);
  await cp(path.join(root, 'tests/data/tfjs/functional'), folder, { recursive: true });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  assert.deepEqual((await inspectJson(folder)).classNames, []);
  // Labels of another model don't count.
  await writeFile(path.join(folder, 'labels.txt'), 'a\nb\n');
  assert.deepEqual((await inspectJson(folder)).classNames, []);
  await writeFile(path.join(folder, 'labels.txt'), names.map((name, index) => `${index}: ${name}\n`).join(''));
  assert.deepEqual((await inspectJson(folder)).classNames, names);
  await writeFile(path.join(folder, 'classes.json'), JSON.stringify([...names].reverse()));
  assert.deepEqual((await inspectJson(folder, '--labels', 'classes.json')).classNames, [...names].reverse());

  const own = await inspectJson(folder);
  assert.deepEqual([own.embeddingLayer, own.inputChannels, own.rangeSource], ['flat', 3, 'assumed']);
  assert.match(own.warnings[0], /-1 to 1 is assumed/);
  assert.ok(own.frameMs > 0);
  const chosen = await inspectJson(folder, '--embedding', 'sum');
  assert.deepEqual([chosen.embeddingLayer, chosen.classCount], ['sum', 6]);
  assert.match(chosen.embeddingReason, /chosen by the option/);
  const { code, err } = await inspect(folder, '--embedding', 'nothing');
  assert.equal(code, 1);
  assert.match(err, /embedding: got 'nothing'/);

  const { out } = await inspect(folder);
  assert.match(out, /^ {2}warning {4}The file doesn't say/m);
  assert.match(out, /^ {13}'flat': what the classifier of 1 layer reads$/m);
});

const tfliteFile = (name) => path.join(root, 'tests/data/tflite', `small-${name}.tflite`);
const inspectFile = (folder, file, ...words) =>
  new Promise((done) => {
    execFile(process.execPath, [program, 'inspect', file, ...words], { cwd: folder }, (error, out, err) =>
      done({ code: error ? error.code : 0, out, err }),
    );
  });

test('a float model takes its range from a quantized file of the same network beside it', async (t) => {
  const folder = await scratchFolder(t);
  await cp(tfliteFile('float32'), path.join(folder, 'model.tflite'));
  const source = async (...words) => {
    const { rangeSource, rangeFile, preprocess } = JSON.parse(
      (await inspectFile(folder, 'model.tflite', '--json', ...words)).out,
    );
    return [rangeSource, rangeFile, preprocess.range];
  };
  // Another network, and a file that is no model.
  await cp(tfliteFile('grey-int8'), path.join(folder, 'a.tflite'));
  await writeFile(path.join(folder, 'b.tflite'), 'nothing');
  assert.deepEqual(await source(), ['assumed', undefined, [-1, 1]]);
  await cp(tfliteFile('int8'), path.join(folder, 'model_quant.tflite'));
  assert.deepEqual(await source(), ['sibling', 'model_quant.tflite', [0, 1]]);
  const { out } = await inspectFile(folder, 'model.tflite');
  assert.match(out, /become 0 to 1 \(from the quantized file 'model_quant\.tflite' beside it\)/);
  assert.doesNotMatch(out, /is assumed/);
});

test('inspect lists the outputs of a file and uses a chosen one', async (t) => {
  const folder = await scratchFolder(t);
  const file = tfliteFile('float32');
  const { out } = await inspectFile(folder, file);
  assert.match(out, /^ {2}output {5}1 'scores', of 0 '[^']*', 1 'scores', 2 'last'$/m);
  const chosen = JSON.parse((await inspectFile(folder, file, '--output', 'last', '--json')).out);
  assert.deepEqual([chosen.outputIndex, chosen.classCount, chosen.outputs.length], [2, 2, 3]);
  const { code, err } = await inspectFile(folder, file, '--output', '7');
  assert.equal(code, 1);
  assert.match(err, /output: got '7'.*1 'scores', 2 'last'/);
  // A file with one output has no such row.
  await cp(path.join(root, 'tests/data/tfjs/functional'), folder, { recursive: true });
  assert.doesNotMatch((await inspect(folder)).out, /^ {2}output/m);
});

test('--input-size sets the size of an input of any size', async (t) => {
  const folder = await scratchFolder(t);
  const layer = { class_name: 'ReLU', config: { name: 'end', batch_input_shape: [null, null, null, 3] } };
  const json = {
    modelTopology: { class_name: 'Sequential', config: { name: 'model', layers: [layer] } },
    weightsManifest: [{ paths: ['weights.bin'], weights: [] }],
  };
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(json));
  await writeFile(path.join(folder, 'weights.bin'), '');
  const sizeOf = async (...words) => {
    const { inputWidth, inputHeight } = await inspectJson(folder, ...words);
    return [inputWidth, inputHeight];
  };
  assert.deepEqual(await sizeOf(), [224, 224]);
  assert.deepEqual(await sizeOf('--input-size', '32'), [32, 32]);
  assert.deepEqual(await sizeOf('--input-size', '48x20'), [48, 20]);
  for (const wrong of ['0', '20x', '20x20x3', '99999']) {
    const { code, err } = await inspect(folder, `--input-size=${wrong}`);
    assert.equal(code, 2, wrong);
    assert.match(err, /--input-size must be one number of pixels or two/);
  }
});
