// The same pixels through this package and through LiteRT.js, in the same browser: what they say must agree.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { fetchModel } from '../../models/fetch.mjs';
import { needsData, root } from './data.mjs';
import { openBrowser, openPage } from './open-page.mjs';

const photos = {
  'cat.bmp': /Egyptian cat|tabby/,
  'dragonfly.bmp': /dragonfly/,
  'hot_dog.jpg': /hotdog/,
  'grace_hopper.bmp': /military uniform/,
  // Both networks see the mug before the drink, LiteRT.js too.
  'coffee.jpg': /espresso|coffee mug/,
  'bird.bmp': /./,
  'owl.jpg': /./,
  'pets.jpg': /./,
};

async function classifyWithBoth({ entry, photos }) {
  const { load } = await import('/lib/index.js');
  const { loadLiteRt, loadAndCompile, Tensor } = await import('/node_modules/@litertjs/core/dist/index.js');
  await loadLiteRt('/node_modules/@litertjs/core/wasm/');
  const ours = await load({ model: { ...entry, baseUrl: '/models/' } });
  const theirs = await loadAndCompile(`/models/${entry.files[0].path}`, { accelerator: 'wasm' });
  const { inputWidth: width, inputHeight: height, classCount } = ours.model;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const results = [];
  for (const name of photos) {
    // At the network's own size neither side resizes: both see these very pixels.
    const blob = await (await fetch(`/data/images/${name}`)).blob();
    context.drawImage(await createImageBitmap(blob), 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const rgb = new Uint8Array(width * height * 3);
    for (let i = 0; i < width * height; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);

    const mine = new Float32Array(classCount);
    const scores = await ours.classify({ data, width, height }, classCount);
    for (const { classIndex, probability } of scores) mine[classIndex] = probability;

    const input = new Tensor(rgb, [1, height, width, 3]);
    const [output] = await theirs.run(input);
    // Both files end in a uint8 softmax with the scale 1/256.
    const raw = await output.data();
    const other = Float32Array.from(raw, (q) => q / 256);
    input.delete();
    output.delete();
    let worst = 0;
    for (let i = 0; i < classCount; i++) worst = Math.max(worst, Math.abs(mine[i] - other[i]));
    const best = other.indexOf(Math.max(...other));
    results.push({ name, worst, ours: scores[0].classIndex, theirs: best, className: scores[0].className, probability: scores[0].probability, other: other[best] });
  }
  ours.dispose();
  theirs.delete();
  return results;
}

for (const id of ['mobilenet-v2-1.0-224-int8', 'mobilenet-v2-1.0-224-uint8', 'mobilenet-v1-0.25-128-uint8', 'mobilenet-v1-0.5-160-uint8', 'mobilenet-v1-0.75-192-uint8']) {
  test(`${id} says what LiteRT.js says of the same pixels`, { ...needsData, timeout: 120_000 }, async (t) => {
    const entry = await fetchModel(id);
    const browser = await openBrowser();
    // LiteRT.js doesn't run under a strict policy.
    const { page } = await openPage(t, browser, { path: 'pages/rival.html', serving: { csp: null } });
    t.after(() => browser.close());
    const results = await page.evaluate(classifyWithBoth, { entry, photos: Object.keys(photos) });
    assert.equal(results.length, Object.keys(photos).length);
    for (const result of results) {
      t.diagnostic(`${result.name}: ${result.className} ${result.probability.toFixed(3)}, LiteRT.js ${result.other.toFixed(3)}, largest difference ${result.worst.toFixed(4)}`);
      assert.ok(result.worst <= 0.03, `${result.name}: a probability differs by ${result.worst}`);
      // Where the rival's eight bits leave a tie, either is right.
      if (result.other > 0.2) assert.equal(result.ours, result.theirs, result.name);
      if (id.includes('v2')) assert.match(result.className, photos[result.name]);
    }
  });
}

test('the rival is the version that the figures name', async () => {
  const { version } = JSON.parse(await readFile(`${root}/node_modules/@litertjs/core/package.json`, 'utf8'));
  assert.equal(version, '2.5.3');
});
