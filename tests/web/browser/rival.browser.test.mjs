// Compares the package with LiteRT.js and TensorFlow.js on the same pixels in the same browser. The results must agree.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fetchModel, filesFolder } from '../../../models/fetch.mjs';
import { buildPreset } from '../../../web/dev/cmake.mjs';
import { run } from '../../../web/dev/steps.mjs';
import { needsData, root, scratchFolder } from '../support/data.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { bundleTfjs } from '../support/tfjs.mjs';
import { withEmbeddingAsOutput } from '../support/tflite-embedding.mjs';

const photos = {
  'cat.bmp': /Egyptian cat|tabby/,
  'dragonfly.bmp': /dragonfly/,
  'hot_dog.jpg': /hotdog/,
  'grace_hopper.bmp': /military uniform/,
  // Both networks rank the mug above the drink, in LiteRT.js as well.
  'coffee.jpg': /espresso|coffee mug/,
  'bird.bmp': /./,
  'owl.jpg': /./,
  'pets.jpg': /./,
};

const cosine = (a, b) => {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return dot / Math.sqrt(aa * bb);
};

const distance = (a, b) => Math.hypot(...a.map((each, i) => each - b[i]));

/** Runs in the page. Returns the results of the package and of LiteRT.js for each photo. */
async function classifyWithBoth({ entry, photos, embedder, zeroPoint }) {
  const { load } = await import('/lib/index.js');
  const { loadLiteRt, loadAndCompile, Tensor } = await import('/node_modules/@litertjs/core/dist/index.js');
  await loadLiteRt('/node_modules/@litertjs/core/wasm/');
  // 'exact' computes like TensorFlow Lite. The default precision may be faster.
  const ours = await load({ model: { ...entry, baseUrl: '/models/' }, precision: 'exact', layers: 'last' });
  const fast = await load({ model: { ...entry, baseUrl: '/models/' }, layers: 'last' });
  const theirs = await loadAndCompile(`/models/${entry.files[0].path}`, { accelerator: 'wasm' });
  // The same file with the embedding as its output.
  const theirEmbedder = await loadAndCompile(
    Uint8Array.from(atob(embedder), (c) => c.charCodeAt(0)),
    { accelerator: 'wasm' },
  );
  const { inputWidth: width, inputHeight: height, classCount } = ours.model;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const results = [];
  for (const name of photos) {
    // At the network's input size neither side resizes, so both get exactly these pixels.
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
    const [raised] = await theirEmbedder.run(input);
    const theirEmbedding = Array.from(await raised.data(), (q) => q - zeroPoint);
    const embedding = Array.from(await ours.embed({ data, width, height }));
    const [fastest] = await fast.classify({ data, width, height }, 1);
    // Classes whose scores differ by one step of their eight bits are as good as tied. The float network ranks another one first.
    const logs = scores.map(({ probability }) => Math.log(probability));
    const step = Math.min(
      ...logs
        .slice(1)
        .map((each, i) => logs[i] - each)
        .filter((gap) => gap > 1e-3),
    );
    const behind = (logs[0] - Math.log(mine[fastest.classIndex])) / step;
    const auto = {
      classIndex: fastest.classIndex,
      behind,
      embedding: Array.from(await fast.embed({ data, width, height })),
    };
    for (const tensor of [input, output, raised]) tensor.delete();
    let worst = 0;
    for (let i = 0; i < classCount; i++) worst = Math.max(worst, Math.abs(mine[i] - other[i]));
    const best = other.indexOf(Math.max(...other));
    results.push({
      name,
      worst,
      ours: scores[0].classIndex,
      theirs: best,
      className: scores[0].className,
      probability: scores[0].probability,
      other: other[best],
      sameAsBest: other[scores[0].classIndex] === other[best],
      embedding,
      theirEmbedding,
      auto,
    });
  }
  ours.dispose();
  fast.dispose();
  theirs.delete();
  theirEmbedder.delete();
  return results;
}

/** Runs in the page. Returns the embeddings of the package and of TensorFlow.js for each photo. */
async function embedWithTfjs({ entry, photos, node }) {
  const { load } = await import('/lib/index.js');
  const tf = await import('/theirs/tfjs.js');
  const address = `/models/${entry.files[0].path}`;
  const ours = await load({ model: { ...entry, baseUrl: '/models/' }, layers: 'last' });
  const theirs = await (node
    ? tf.loadGraphModel(address)
    : // The shard still contains the weights of the removed classifier.
      tf.loadLayersModel(address, { strict: false }));
  const { inputWidth: width, inputHeight: height } = ours.model;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const [low, high] = entry.preprocess.range;
  const results = [];
  for (const name of photos) {
    const blob = await (await fetch(`/data/images/${name}`)).blob();
    context.drawImage(await createImageBitmap(blob), 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const values = new Float32Array(width * height * 3);
    for (let i = 0; i < width * height; i++)
      for (let c = 0; c < 3; c++) values[3 * i + c] = low + (data[4 * i + c] / 255) * (high - low);
    const output = tf.tidy(() => {
      const input = tf.tensor4d(values, [1, height, width, 3]);
      return node ? theirs.execute(input, node) : theirs.predict(input);
    });
    results.push({
      name,
      embedding: Array.from(await ours.embed({ data, width, height })),
      theirEmbedding: Array.from(await output.data()),
    });
    output.dispose();
  }
  ours.dispose();
  return results;
}

/** Returns the name of the node that the classifier of a graph model reads: the embedding. */
async function embeddingNode(entry) {
  const { modelTopology } = JSON.parse(await readFile(path.join(filesFolder, entry.files[0].path), 'utf8'));
  return modelTopology.node.findLast(({ op }) => /MatMul/.test(op)).input[0];
}

for (const id of ['mobilenet-v2-1.0-224-nsfwjs', 'mobilenet-v2-1.4-224-nsfwjs']) {
  test(`${id} gives the same embeddings as TensorFlow.js`, {
    ...needsData,
    timeout: 300_000,
  }, async (t) => {
    const entry = await fetchModel(id);
    const node = entry.format === 'tfjs-graph' ? await embeddingNode(entry) : undefined;
    const theirs = path.join(await scratchFolder(t), 'theirs');
    await bundleTfjs(theirs);
    const browser = await openBrowser();
    t.after(() => browser.close());
    const { page } = await openPage(t, browser, {
      path: 'pages/blank.html',
      serving: { csp: null, folders: { '/theirs/': theirs } },
    });
    const results = await page.evaluate(embedWithTfjs, { entry, photos: Object.keys(photos), node });
    assert.equal(results.length, Object.keys(photos).length);
    for (const { name, embedding, theirEmbedding } of results) {
      assert.equal(embedding.length, theirEmbedding.length);
      const same = cosine(embedding, theirEmbedding);
      t.diagnostic(`${name}: cosine similarity ${same.toFixed(7)}`);
      assert.ok(same >= 0.9999, `${name}: cosine similarity ${same}`);
    }
  });
}

for (const id of [
  'mobilenet-v2-1.0-224-int8',
  'mobilenet-v2-1.0-224-uint8',
  'mobilenet-v1-0.25-128-uint8',
  'mobilenet-v1-0.5-160-uint8',
  'mobilenet-v1-0.75-192-uint8',
]) {
  test(`${id} gives the same results as LiteRT.js`, { ...needsData, timeout: 120_000 }, async (t) => {
    const entry = await fetchModel(id);
    const browser = await openBrowser();
    // LiteRT.js does not run under a strict content security policy.
    const { page } = await openPage(t, browser, { path: 'pages/rival.html', serving: { csp: null } });
    t.after(() => browser.close());
    const { file, zeroPoint } = withEmbeddingAsOutput(
      new Uint8Array(await readFile(path.join(filesFolder, entry.files[0].path))),
    );
    const embedder = Buffer.from(file).toString('base64');
    const results = await page.evaluate(classifyWithBoth, { entry, photos: Object.keys(photos), embedder, zeroPoint });
    assert.equal(results.length, Object.keys(photos).length);
    for (const result of results) {
      t.diagnostic(
        `${result.name}: ${result.className} ${result.probability.toFixed(3)}, LiteRT.js ${result.other.toFixed(3)}, largest difference ${result.worst.toFixed(4)}`,
      );
      assert.ok(result.worst <= 0.03, `${result.name}: a probability differs by ${result.worst}`);
      // When the eight bits of LiteRT.js leave a tie, both classes are right.
      if (!result.sameAsBest) assert.equal(result.ours, result.theirs, result.name);
      const same = cosine(result.embedding, result.theirEmbedding);
      t.diagnostic(`${result.name}: cosine similarity of embeddings ${same.toFixed(5)}`);
      assert.equal(result.embedding.length, result.theirEmbedding.length);
      assert.ok(same >= 0.995, `${result.name}: cosine similarity ${same}`);
      const fast = cosine(result.auto.embedding, result.theirEmbedding);
      t.diagnostic(`${result.name}: cosine similarity in the default precision ${fast.toFixed(5)}`);
      assert.ok(fast >= 0.995, `${result.name}: cosine similarity ${fast} in the default precision`);
      assert.ok(
        result.auto.behind < 1.01,
        `${result.name}: the top class in the default precision, ${result.auto.classIndex}, is ${result.auto.behind} steps of the scores behind ${result.theirs}, the top class of LiteRT.js`,
      );
      if (result.auto.behind > 0.01)
        t.diagnostic(`${result.name}: in the default precision ${result.auto.classIndex} comes first, one step behind`);
      if (id.includes('v2')) assert.match(result.className, photos[result.name]);
    }
  });
}

/** Runs in the page. Returns the results of both engines for the same float input, for a file with float input and output. */
async function embedWithBoth({ name, photos }) {
  const { load } = await import('/lib/index.js');
  const { loadLiteRt, loadAndCompile, Tensor } = await import('/node_modules/@litertjs/core/dist/index.js');
  await loadLiteRt('/node_modules/@litertjs/core/wasm/');
  const ours = await load({ model: `/networks/${name}.tflite`, precision: 'exact' });
  const fast = await load({ model: `/networks/${name}.tflite` });
  const theirs = await loadAndCompile(`/networks/${name}.tflite`, { accelerator: 'wasm' });
  const theirEmbedder = await loadAndCompile(`/networks/${name}-embedding.tflite`, { accelerator: 'wasm' });
  const { inputWidth: width, inputHeight: height, classCount, preprocess } = ours.model;
  const [low, high] = preprocess.range;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  const results = [];
  for (const photo of photos) {
    const blob = await (await fetch(`/data/images/${photo}`)).blob();
    context.drawImage(await createImageBitmap(blob), 0, 0, width, height);
    const picture = context.getImageData(0, 0, width, height);
    const input = new Tensor(
      Float32Array.from(
        { length: width * height * 3 },
        (_, i) => low + (picture.data[4 * Math.floor(i / 3) + (i % 3)] / 255) * (high - low),
      ),
      [1, height, width, 3],
    );
    const give = async (engine) => {
      const [output] = await engine.run(input);
      const values = Array.from(await output.data());
      output.delete();
      return values;
    };
    const probabilities = (scores) =>
      scores.sort((a, b) => a.classIndex - b.classIndex).map(({ probability }) => probability);
    results.push({
      photo,
      theirs: { embedding: await give(theirEmbedder), probabilities: await give(theirs) },
      exact: {
        embedding: Array.from(await ours.embed(picture)),
        probabilities: probabilities(await ours.classify(picture, classCount)),
      },
      auto: {
        embedding: Array.from(await fast.embed(picture)),
        probabilities: probabilities(await fast.classify(picture, classCount)),
      },
    });
    input.delete();
  }
  for (const each of [ours, fast]) each.dispose();
  for (const each of [theirs, theirEmbedder]) each.delete();
  return results;
}

// Real files of these networks were not available. Random weights in full size show whether reader, writer and kernels follow the
// format.
for (const name of ['v1-float32', 'v3-large-float32', 'v3-small-float32']) {
  test(`a MobileNet ${name} with random weights gives the same results as LiteRT.js`, {
    ...needsData,
    timeout: 300_000,
  }, async (t) => {
    const networks = await writeNetworks();
    const browser = await openBrowser();
    t.after(() => browser.close());
    const { page } = await openPage(t, browser, {
      path: 'pages/rival.html',
      serving: { csp: null, folders: { '/networks/': networks } },
    });
    const results = await page.evaluate(embedWithBoth, { name, photos: Object.keys(photos) });
    assert.equal(results.length, Object.keys(photos).length);
    for (const { photo, theirs, ...ours } of results) {
      // If a network gave nearly the same embedding for every photo, a high cosine similarity would prove little.
      const toOthers = results
        .filter((each) => each.photo !== photo)
        .map((each) => distance(theirs.embedding, each.theirs.embedding));
      for (const [precision, mine] of Object.entries(ours)) {
        assert.equal(mine.embedding.length, theirs.embedding.length);
        assert.equal(mine.probabilities.length, 1001);
        const same = cosine(mine.embedding, theirs.embedding);
        const sameClasses = cosine(mine.probabilities, theirs.probabilities);
        t.diagnostic(
          `${photo}, ${precision}: cosine similarity of embeddings ${same.toFixed(7)}, of probabilities ${sameClasses.toFixed(7)}`,
        );
        assert.ok(same >= 0.9999, `${photo}, ${precision}: cosine similarity ${same}`);
        const share = distance(mine.embedding, theirs.embedding) / Math.min(...toOthers);
        t.diagnostic(
          `${photo}, ${precision}: distance to LiteRT.js is ${share.toPrecision(3)} of the distance to the nearest other photo`,
        );
        assert.ok(
          share <= 0.01,
          `${photo}, ${precision}: distance to LiteRT.js is ${share} of the distance to another photo`,
        );
        assert.ok(sameClasses >= 0.9999, `${photo}, ${precision}: cosine similarity of probabilities ${sameClasses}`);
      }
    }
  });
}

let written;

/** Returns the folder of the networks that tests/cpp/write_networks.cpp writes. */
function writeNetworks() {
  written ??= (async () => {
    await buildPreset('native', ['write_networks'], () => {});
    const folder = path.join(root, 'build/networks');
    await run(path.join(root, 'build/native/networks/write_networks'), [folder]);
    return folder;
  })();
  return written;
}

test('LiteRT.js has the version that the published comparison names', async () => {
  const { version } = JSON.parse(await readFile(`${root}/node_modules/@litertjs/core/package.json`, 'utf8'));
  assert.equal(version, '2.5.3');
});
