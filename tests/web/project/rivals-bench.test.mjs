// Tests the rules of the benchmark that compares engines: statistics, detection of foreign load, and the files of the networks.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { toCells } from '../../bench/rivals/cells.mjs';
import { choose, engines, ours } from '../../bench/rivals/engines.mjs';
import { busyTicks, foreignShare, processTicks, treeTicks } from '../../bench/rivals/foreign-load.mjs';
import { cutAtEmbedding, toFloatNetwork, toInt8Network } from '../../bench/rivals/network/forms.mjs';
import { writeGraphModel } from '../../bench/rivals/network/graph-model.mjs';
import { channelsFirst, writeOnnx } from '../../bench/rivals/network/onnx.mjs';
import { readTflite, writeTflite } from '../../bench/rivals/network/tflite.mjs';
import { ticksTo, toSvg } from '../../bench/rivals/plot.mjs';
import { replaceResults } from '../../bench/rivals/readme.mjs';
import { compareRuns, inOrder } from '../../bench/rivals/results.mjs';
import { agree, intervalOfRatio, median, quantile } from '../../bench/rivals/statistics.mjs';
import { toTable } from '../../bench/rivals/table.mjs';
import { scratchFolder } from '../support/data.mjs';

const { load } = await import('../../../web/dist/index.js');

test('quantile() interpolates between the two nearest values', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([0, 10], 0.9), 9);
});

test('intervalOfRatio() is narrow for equal browsers and covers those that differ', () => {
  const equal = intervalOfRatio([new Array(5).fill(0.7), new Array(5).fill(0.7)]);
  assert.equal(equal.ratio.toFixed(3), '0.700');
  assert.ok(equal.low < 0.7 && equal.low > 0.66 && equal.high > 0.7 && equal.high < 0.74, JSON.stringify(equal));
  const single = intervalOfRatio([[0.7, 0.7]]);
  assert.ok(single.low < 0.6 && single.high > 0.8, JSON.stringify(single));
  const apart = intervalOfRatio([
    [0.6, 0.61],
    [0.7, 0.71],
    [0.8, 0.81],
  ]);
  assert.ok(apart.low <= 0.61 && apart.high >= 0.79, JSON.stringify(apart));
});

test('agree() allows for the uncertainty of both runs', () => {
  const run = (ratio, share) => ({ ratio, low: ratio * (1 - share), high: ratio * (1 + share) });
  assert.ok(agree(run(0.7, 0.05), run(0.73, 0.05)));
  assert.ok(agree(run(0.73, 0.05), run(0.7, 0.05)));
  assert.ok(!agree(run(0.7, 0.02), run(0.8, 0.02)));
});

test('foreign load is the work of processes outside the own tree', () => {
  assert.equal(busyTicks('cpu  10 2 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n'), 10 + 2 + 30 + 6 + 7 + 8);
  const line = '42 (a (strange) name) S 7 42 42 0 -1 4194560 1 2 3 4 11 12 13 14 20 0 1';
  assert.deepEqual(processTicks(line), { parent: 7, ticks: 11 + 12 + 13 + 14 });
  const processes = new Map([
    [1, { parent: 0, ticks: 1000 }],
    [7, { parent: 1, ticks: 1 }],
    [42, { parent: 7, ticks: 10 }],
    [43, { parent: 42, ticks: 100 }],
    [50, { parent: 1, ticks: 5000 }],
  ]);
  assert.equal(treeTicks(processes, 7), 111);
  // In half a second, 60 ticks of 10 ms, of which 33 were the benchmark's own, and two may be errors of rounding.
  const share = foreignShare({ all: 100, own: 10, at: 1000 }, { all: 160, own: 43, at: 1500 });
  assert.ok(Math.abs(share - (25 * 10) / 500) < 1e-12);
  assert.equal(foreignShare({ all: 0, own: 0, at: 0 }, { all: 5, own: 10, at: 100 }), 0);
});

test('choose() refuses unknown names, and measures other paths of the package network only', () => {
  assert.throws(() => choose({ rivals: 'litert,other' }), /--rivals has 'other'. Use litert, /);
  const { groups } = choose({});
  for (const { network, simd, paths } of groups)
    assert.equal(paths.length > 1, network === 'v2-int8' && simd === 'relaxed');
  const chosen = choose({ networks: 'v1-uint8', simd: 'plain', threads: '2', paths: 'canvas,video' });
  assert.deepEqual(chosen.groups, [
    { browser: 'chromium', network: 'v1-uint8', type: 'uint8', simd: 'plain', threads: 2, paths: ['canvas', 'video'] },
  ]);
});

/** Makes a network of 8 x 8 pixels and uint8: a convolution, a depthwise one, a pointwise one, a sum and a pool. */
function makeNetwork() {
  let state = 5;
  const random = () => (state = (state * 48271) % 2147483647) % 256;
  const tensors = [];
  const map = (shape, scale, zeroPoint) =>
    tensors.push({
      name: `map${tensors.length}`,
      shape,
      type: 'uint8',
      scales: [Math.fround(scale)],
      zeroPoints: [zeroPoint],
      axis: 0,
    }) - 1;
  const weights = (shape) =>
    tensors.push({
      name: `weights${tensors.length}`,
      shape,
      type: 'uint8',
      data: Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, random),
      scales: [Math.fround(0.02)],
      zeroPoints: [120],
      axis: 0,
    }) - 1;
  const bias = (count, scale) =>
    tensors.push({
      name: `bias${tensors.length}`,
      shape: [count],
      type: 'int32',
      data: Int32Array.from({ length: count }, () => 10 * (random() - 128)),
      scales: [Math.fround(scale)],
      zeroPoints: [0],
      axis: 0,
    }) - 1;
  const relu6 = 6 / 255;
  const input = map([1, 8, 8, 3], 1 / 127.5, 127);
  const conv = map([1, 4, 4, 8], relu6, 0);
  const depthwise = map([1, 4, 4, 8], relu6, 0);
  const pointwise = map([1, 4, 4, 8], 0.1, 128);
  const sum = map([1, 4, 4, 8], 0.1, 128);
  const pooled = map([1, 1, 1, 8], 0.1, 128);
  const window = { strideWidth: 1, strideHeight: 1, padding: 0 };
  const nodes = [
    {
      kind: 'conv',
      inputs: [input, weights([8, 3, 3, 3]), bias(8, 0.02 / 127.5)],
      outputs: [conv],
      options: { ...window, strideWidth: 2, strideHeight: 2, activation: 3 },
    },
    {
      kind: 'depthwise',
      inputs: [conv, weights([1, 3, 3, 8]), bias(8, 0.02 * relu6)],
      outputs: [depthwise],
      options: { ...window, multiplier: 1, activation: 3 },
    },
    {
      kind: 'conv',
      inputs: [depthwise, weights([8, 1, 1, 8]), bias(8, 0.02 * relu6)],
      outputs: [pointwise],
      options: { ...window, activation: 0 },
    },
    { kind: 'add', inputs: [pointwise, conv], outputs: [sum], options: { activation: 0 } },
    {
      kind: 'averagePool',
      inputs: [sum],
      outputs: [pooled],
      options: { ...window, padding: 1, width: 4, height: 4, activation: 0 },
    },
  ];
  return { tensors, nodes, input, output: pooled };
}

function makePicture() {
  const data = Uint8ClampedArray.from({ length: 8 * 8 * 4 }, (_, i) =>
    i % 4 === 3 ? 255 : (i * 37 + (i >> 4) * 11) % 256,
  );
  return { data, width: 8, height: 8 };
}

async function embed(t, model) {
  const classifier = await load({ model, variant: 'simd', threads: 1, layers: 'last', preprocess: { range: [-1, 1] } });
  t.after(() => classifier.dispose());
  return Array.from(await classifier.embed(makePicture()));
}

function cosine(a, b) {
  const dot = (u, v) => u.reduce((sum, each, i) => sum + each * v[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

test('a network survives writing and reading', () => {
  const network = cutAtEmbedding(makeNetwork());
  assert.deepEqual(readTflite(writeTflite(network)), network);
});

test('a network has nearly the same embedding in every format', async (t) => {
  const folder = await scratchFolder(t);
  const network = makeNetwork();
  const forms = {
    uint8: cutAtEmbedding(network),
    int8: cutAtEmbedding(toInt8Network(network)),
    float32: cutAtEmbedding(toFloatNetwork(network)),
  };
  const embeddings = {};
  for (const [name, form] of Object.entries(forms)) {
    const file = path.join(folder, `${name}.tflite`);
    await writeFile(file, writeTflite(form));
    embeddings[name] = await embed(t, file);
  }
  const { modelJson, weights } = writeGraphModel(forms.float32, 'embedding');
  await writeFile(path.join(folder, 'model.json'), modelJson);
  await writeFile(path.join(folder, 'weights.bin'), weights);
  embeddings.graph = await embed(t, path.join(folder, 'model.json'));
  assert.ok(cosine(embeddings.uint8, embeddings.float32) > 0.99);
  assert.ok(cosine(embeddings.int8, embeddings.float32) > 0.99);
  embeddings.graph.forEach((value, i) => assert.ok(Math.abs(value - embeddings.float32[i]) < 1e-4));
});

/** Reads a message of Protocol Buffers: its fields in order, as numbers or bytes. */
function readMessage(bytes) {
  const fields = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if ((tag & 7) === 0) {
      fields.push([tag >> 3, varint()]);
    } else {
      assert.equal(tag & 7, 2);
      const length = varint();
      fields.push([tag >> 3, bytes.subarray(at, (at += length))]);
    }
  }
  return fields;
}

const allOf = (fields, id) => fields.filter(([each]) => each === id).map(([, value]) => value);
const decoder = new TextDecoder();

test('an ONNX file has an operator for each node, and its constants', () => {
  const [graph] = allOf(readMessage(writeOnnx(cutAtEmbedding(toFloatNetwork(makeNetwork())))), 7).map(readMessage);
  const nodes = allOf(graph, 1).map(readMessage);
  assert.deepEqual(
    nodes.map((node) => decoder.decode(allOf(node, 4)[0])),
    ['Conv', 'Clip', 'Conv', 'Clip', 'Conv', 'Add', 'GlobalAveragePool', 'Identity'],
  );
  const [filter] = allOf(graph, 5).map(readMessage);
  assert.deepEqual(allOf(filter, 1), [8, 3, 3, 3]);
  assert.equal(allOf(filter, 9)[0].length, 4 * 8 * 27);
  // Each input of an operator is the network's input, a constant, or an output of an earlier operator.
  const known = new Set(['input', ...allOf(graph, 5).map((each) => decoder.decode(allOf(readMessage(each), 8)[0]))]);
  for (const node of nodes) {
    for (const name of allOf(node, 1)) assert.ok(known.has(decoder.decode(name)), decoder.decode(name));
    known.add(decoder.decode(allOf(node, 2)[0]));
  }
});

test('an ONNX file of integers has pairs of conversions, and integer constants', () => {
  const [graph] = allOf(readMessage(writeOnnx(cutAtEmbedding(makeNetwork()))), 7).map(readMessage);
  const kinds = allOf(graph, 1).map((node) => decoder.decode(allOf(readMessage(node), 4)[0]));
  const count = (kind) => kinds.filter((each) => each === kind).length;
  assert.deepEqual([count('Conv'), count('Clip'), count('Add'), count('QuantizeLinear')], [3, 0, 1, 5]);
  const kUint8 = 2;
  assert.equal(allOf(readMessage(allOf(graph, 5)[2]), 2)[0], kUint8);
});

test('channelsFirst() moves the axes of filters', () => {
  const plain = channelsFirst({ shape: [2, 1, 2, 2], data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7) }, false);
  assert.deepEqual(plain, { shape: [2, 2, 1, 2], data: Uint8Array.of(0, 2, 1, 3, 4, 6, 5, 7) });
  const depthwise = channelsFirst({ shape: [1, 1, 2, 2], data: Uint8Array.of(0, 1, 2, 3) }, true);
  assert.deepEqual(depthwise, { shape: [2, 1, 1, 2], data: Uint8Array.of(0, 2, 1, 3) });
});

/** Returns cells in which this package takes `time` ms and each rival twice as long. */
function makeCells(keys, time = 10) {
  const batch = (ms) => ({ times: [ms, ms, ms], foreign: 0 });
  const rounds = (ms) => [batch(ms), batch(ms)];
  const browser = { tensor: { [ours]: rounds(time), litert: rounds(20) } };
  const { tensor } = toCells([browser, browser]);
  return Object.fromEntries(keys.map((key) => [key, tensor]));
}

const keys = [
  'chromium/v2-int8/relaxed/1/tensor',
  'chromium/v2-int8/relaxed/2/tensor',
  'firefox/v2-int8/plain/1/canvas/busy',
];

test('tables have a row for each cell, in the same order whatever the order of the runs was', () => {
  const cells = inOrder(makeCells(keys.toReversed()));
  assert.deepEqual(Object.keys(cells), keys);
  const text = toTable({ machine: 'some', dotProduct: 'saturating', date: '2026-01-01', cells });
  assert.match(text, /some, x86 without VNNI/);
  assert.match(text, /\| v2-int8, 1 thread \| 10\.0 ms \| 10\.0 \| 10\.0 \| 20\.0 ms, 0\.50 \(0\.\d\d–0\.\d\d\) \|/);
  assert.match(text, /\| firefox, v2-int8, plain SIMD, 1 thread, one core busy, canvas \|/);
  assert.ok(!text.includes('NaN') && !text.includes('undefined'));
});

test('memory and bytes have a table of their own', () => {
  const cells = {
    'chromium/v2-int8/relaxed/1/memory': { [ours]: { modules: 12e6, process: 30e6 } },
    'chromium/v2-int8/relaxed/1/bytes': { [ours]: { code: 170_400, network: 2e6 } },
  };
  const text = toTable({ machine: 'some', dotProduct: 'signed', date: '2026-01-01', cells });
  assert.match(text, /\| v2-int8, 1 thread \| teachable-wasm \| 12\.0 MB \| 30\.0 MB \| 170 kB \| 2000 kB \|/);
});

test('compareRuns() names the ratios that differ by more than their intervals', () => {
  assert.match(compareRuns({}, makeCells(keys)), /no earlier run/);
  assert.match(compareRuns(makeCells(keys), makeCells(keys)), /3 of 3 ratios agree/);
  assert.match(
    compareRuns(makeCells(keys, 15), makeCells(keys)),
    new RegExp(`0 of 3 ratios agree[^]*- ${keys[0]}, ${engines.litert.title}: 0\\.75, then 0\\.50`),
  );
});

test('the plot has a point for each engine of each row of ready tensors', () => {
  const svg = toSvg(makeCells(keys));
  assert.equal(svg.match(/class="whisker"/g).length, 2 * 2);
  assert.ok(!svg.includes('NaN'));
  assert.deepEqual(ticksTo(58), [0, 10, 20, 30, 40, 50, 60]);
});

test('replaceResults() replaces what is between its comments', () => {
  const [begin, end] = ['<!-- The results of --only=rivals --keep begin here. -->', '<!-- They end here. -->'];
  assert.equal(replaceResults(`a\n${begin}\nold\n${end}\nb\n`, 'new'), `a\n${begin}\n\nnew\n\n${end}\nb\n`);
  assert.throws(() => replaceResults('a', 'new'), /lacks the comments/);
});
