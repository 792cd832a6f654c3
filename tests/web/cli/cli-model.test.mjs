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
