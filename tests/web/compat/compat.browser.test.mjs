// Runs one teachable machine (pages/teachable-machine.mjs) with the TensorFlow.js packages, and with this package in their place.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { deliver } from '../../../models/sources.mjs';
import { ffmpeg, scratchFolder } from '../support/data.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { bundleTfjs } from '../support/tfjs.mjs';

/** Writes a real MobileNet V2 as a graph model whose embedding has the name that the original package asks for. */
async function makeModel(folder) {
  const source = {
    kind: 'npm',
    package: 'nsfwjs',
    version: '4.4.0',
    path: 'dist/models/mobilenet_v2_mid',
    how: 'browserified-layers-model',
  };
  await mkdir(folder);
  await deliver(source, { files: [{ path: 'model.json' }, { path: 'weights.bin' }] }, folder, {});
  const model = await readFile(path.join(folder, 'model.json'), 'utf8');
  await writeFile(
    path.join(folder, 'model.json'),
    model.replaceAll(/"[^"]*\/(?=MobilenetV2\/Logits\/AvgPool")/g, '"module_apply_default/'),
  );
}

/** Writes a clip of three animations of two seconds each. Each has a square of its own colour in the corner. */
function makeClip(file) {
  const scenes = [
    'testsrc2=size=320x240:rate=25',
    'mandelbrot=size=320x240:rate=25',
    'life=size=320x240:rate=25:mold=10:ratio=0.1:death_color=#C83232:life_color=#00ff00',
  ];
  const trim = scenes
    .map(
      (_, i) => `[${i}:v]trim=duration=2,drawbox=0:0:24:24:${['red', 'lime', 'blue'][i]}:fill,format=yuvj420p[v${i}]`,
    )
    .join(';');
  ffmpeg(
    ...scenes.flatMap((scene) => ['-f', 'lavfi', '-i', scene]),
    '-filter_complex',
    `${trim};[v0][v1][v2]concat=n=3:v=1`,
    '-pix_fmt',
    'yuvj420p',
    '-q:v',
    '2',
    file,
  );
}

const cosine = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);

test('a teachable machine written for the TensorFlow.js packages runs unchanged and predicts the same labels', {
  timeout: 400_000,
}, async (t) => {
  const folder = await scratchFolder(t);
  const clip = path.join(folder, 'scenes.mjpeg');
  makeClip(clip);
  await Promise.all([bundleTfjs(path.join(folder, 'theirs')), makeModel(path.join(folder, 'graph'))]);
  const serving = {
    csp: null,
    folders: { '/theirs/': path.join(folder, 'theirs'), '/graph/': path.join(folder, 'graph') },
  };
  const browser = await openBrowser({ camera: clip });
  t.after(() => browser.close());

  const outcomes = {};
  for (const whose of ['theirs', 'ours']) {
    const { page } = await openPage(t, browser, { path: `pages/compat-${whose}.html`, serving });
    outcomes[whose] = await page.evaluate(async () => {
      const machine = await import('/pages/teachable-machine.mjs');
      const modelUrl = '/graph/model.json';
      return {
        webcam: await machine.teachAndPredict({ modelUrl, examples: 8, tests: 8 }),
        drawings: await machine.lookAtDrawings({ modelUrl }),
      };
    });
    const { results, counts } = outcomes[whose].webcam;
    assert.deepEqual(
      counts,
      [
        ['7', 8],
        ['test card', 8],
        ['__proto__ ', 8],
      ].sort((a, b) => counts.findIndex(([label]) => label === a[0]) - counts.findIndex(([label]) => label === b[0])),
    );
    assert.ok(results.length >= 24, `${whose}: only ${results.length} frames were predicted`);
    assert.deepEqual(
      results.filter(({ scene, label }) => scene !== label),
      [],
      whose,
    );
    t.diagnostic(`${whose}: ${results.length} frames, all predicted correctly`);
  }

  const [theirs, ours] = [outcomes.theirs.drawings, outcomes.ours.drawings];
  assert.deepEqual(ours.shapes, theirs.shapes);
  const lowest = Math.min(...ours.embeddings.map((embedding, i) => cosine(embedding, theirs.embeddings[i])));
  t.diagnostic(`lowest cosine similarity between their embeddings and ours: ${lowest}`);
  t.diagnostic(ours.embeddings.map((embedding, i) => cosine(embedding, theirs.embeddings[i]).toFixed(5)).join(' '));
  assert.ok(lowest > 0.9999, `cosine similarity ${lowest}`);
  assert.deepEqual(ours.predictions, theirs.predictions);
  assert.deepEqual(
    ours.saved.map(([label, , shape]) => [label, shape]),
    theirs.saved.map(([label, , shape]) => [label, shape]),
  );
  for (const [i, [, values]] of ours.saved.entries()) assert.ok(cosine(values, theirs.saved[i][1]) > 0.9999);
});
