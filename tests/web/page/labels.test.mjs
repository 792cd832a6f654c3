// Tests class names from the zip archive behind a .tflite, from text files, and from Teachable Machine's metadata.json.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { dataFolder, needsData } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';

const { readAssociatedFile } = await importTs('worker/associated-file.ts');
const { isTeachableMachine, nameClasses, parseLabels } = await importTs('worker/class-names.ts');

const network = Buffer.from('....TFL3 the network itself');

/**
 * Returns the network followed by a zip archive of files. `shift` is subtracted from all offsets: 0 for an archive that Python's zipfile
 * appended, network.length for one that `cat` appended.
 */
function withZip(files, { shift = 0, deflate = true, claim = (size) => size, flags = 0, comment = '' } = {}) {
  const parts = [network];
  const directory = [];
  let at = network.length;
  for (const [name, text] of Object.entries(files)) {
    const data = deflate ? deflateRawSync(Buffer.from(text)) : Buffer.from(text);
    const sizes = Buffer.alloc(22);
    sizes.writeUInt16LE(20, 0);
    sizes.writeUInt16LE(flags, 2);
    sizes.writeUInt16LE(deflate ? 8 : 0, 4);
    sizes.writeUInt32LE(data.length, 14);
    sizes.writeUInt32LE(claim(Buffer.byteLength(text)), 18);
    const nameLength = Buffer.alloc(4);
    nameLength.writeUInt16LE(Buffer.byteLength(name), 0);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), sizes, nameLength, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at - shift, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), sizes, nameLength, rest, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at - shift, 16);
  end.writeUInt16LE(comment.length, 20);
  return new Uint8Array(Buffer.concat([...parts, central, end, Buffer.from(comment)]));
}

const files = { 'de.txt': 'Katze\nHund\n', 'labels.txt': 'cat\ndog\n', 'vocabulary.bin': 'x' };

test('finds a file in the archive by name, stored or deflated, with both kinds of offsets', async () => {
  for (const options of [{}, { deflate: false }, { shift: network.length }, { comment: 'PK\x05 a comment' }]) {
    assert.equal(
      await readAssociatedFile(withZip(files, options), 'labels.txt'),
      files['labels.txt'],
      JSON.stringify(options),
    );
  }
  assert.equal(await readAssociatedFile(withZip(files), 'other.txt'), undefined);
});

test('without a name, finds the only text file', async () => {
  assert.equal(await readAssociatedFile(withZip({ 'a.txt': 'cat', 'a.bin': '' }), ''), 'cat');
  assert.equal(await readAssociatedFile(withZip(files), ''), undefined);
});

test('reads a file that is a part of a larger buffer', async () => {
  const file = withZip(files);
  const larger = new Uint8Array(file.length + 100);
  larger.set(file, 50);
  assert.equal(await readAssociatedFile(larger.subarray(50, 50 + file.length), 'labels.txt'), files['labels.txt']);
});

test('a missing, encrypted or inconsistent archive contains no file', async () => {
  assert.equal(await readAssociatedFile(new Uint8Array(network), 'labels.txt'), undefined);
  assert.equal(await readAssociatedFile(new Uint8Array(0), ''), undefined);
  assert.equal(await readAssociatedFile(withZip(files, { flags: 1 }), 'labels.txt'), undefined);
  for (const claim of [(size) => size - 1, (size) => size + 1, () => 0xffffffff]) {
    assert.equal(await readAssociatedFile(withZip(files, { claim }), 'labels.txt'), undefined);
  }
  // This archive of 100 kB unpacks to 100 MB of zeros, but declares 8 bytes.
  const bomb = withZip({ 'labels.txt': '\0'.repeat(1e8) }, { claim: () => 8 });
  assert.ok(bomb.length < 200_000);
  assert.equal(await readAssociatedFile(bomb, 'labels.txt'), undefined);
});

test('a truncated archive has no files, and a damaged one never gives a longer text', async () => {
  const file = withZip(files);
  for (let length = 0; length < file.length; length++) {
    const text = await readAssociatedFile(file.slice(0, length), 'labels.txt');
    assert.equal(text, undefined, `cut to ${length}`);
  }
  for (let at = network.length; at < file.length; at++) {
    const damaged = file.slice();
    damaged[at] ^= 1 << (at % 8);
    const text = await readAssociatedFile(damaged, 'labels.txt');
    // A flipped bit in the data itself may give another text, but not a longer one.
    if (text !== undefined) assert.ok(text.length <= files['labels.txt'].length, `bit at ${at}: ${text}`);
  }
});

test('the public model files contain ImageNet names', needsData, async () => {
  const wanted = await readFile(path.join(dataFolder, 'models/imagenet_labels.txt'), 'utf8');
  for (const name of ['mobilenet_v1_0.25_128_quant', 'tf2_mobilenet_v2_1.0_224_ptq']) {
    const model = new Uint8Array(await readFile(path.join(dataFolder, `models/${name}.tflite`)));
    assert.equal(await readAssociatedFile(model, 'imagenet_labels.txt'), wanted);
    assert.equal(await readAssociatedFile(model, ''), wanted);
  }
});

test('reads lines, numbered lines and metadata.json', () => {
  assert.deepEqual(parseLabels('cat\r\ndog \n\n'), ['cat', 'dog']);
  assert.deepEqual(parseLabels('0 cat\n1 my dog\n2 \n'), ['cat', 'my dog', '']);
  // Numbers that are not in order belong to the names.
  assert.deepEqual(parseLabels('0 cat\n2 dog\n'), ['0 cat', '2 dog']);
  assert.deepEqual(
    parseLabels('{"tfjsVersion":"1.3.1","tmVersion":"2.4.5","labels":["Class 1","__proto__"],"imageSize":224}'),
    ['Class 1', '__proto__'],
  );
  assert.throws(() => parseLabels('{"labels":[1]}'), { code: 'bad-model', message: /metadata\.json/ });
  assert.throws(() => parseLabels('{"imageSize":224}'), { code: 'bad-model' });
  assert.throws(() => parseLabels('{"labels":'), { code: 'bad-model', message: /JSON/ });
});

test('one name too many or too few is the background class for ImageNet, and an error for other models', () => {
  const imageNet = Array.from({ length: 1001 }, (_, i) => (i === 0 ? 'background' : `class ${i}`));
  assert.deepEqual(nameClasses(imageNet, 1000), imageNet.slice(1));
  assert.deepEqual(nameClasses(imageNet.slice(1), 1001), imageNet);
  assert.deepEqual(nameClasses(['cat'], 1), ['cat']);
  assert.equal(nameClasses(['cat'], 0), undefined);
  for (const [names, classes] of [
    [1, 5],
    [4, 3],
    [2, 3],
    [1001, 1002],
    [1000, 999],
    [2001, 0.5],
  ]) {
    assert.throws(() => nameClasses(imageNet.concat(imageNet).slice(0, names), classes), {
      code: 'bad-argument',
      message: new RegExp(`${names} classes.*has ${classes}`),
    });
  }
});

test('recognizes only the metadata.json of an image project', () => {
  assert.ok(isTeachableMachine('{"packageName": "@teachablemachine/image", "labels": []}'));
  assert.ok(!isTeachableMachine('{"packageName":"@teachablemachine/pose","labels":[]}'));
  assert.ok(!isTeachableMachine('{"labels":[]}'));
});

test('reads the forms in which people store labels', () => {
  const expected = ['mug', 'red cup', 'spoon 2'];
  const forms = [
    'mug\nred cup\nspoon 2\n',
    '\ufeffmug\r\nred cup\r\nspoon 2\r\n',
    'mug\n\nred cup\n\n\nspoon 2',
    '0 mug\n1 red cup\n2 spoon 2',
    '1 mug\n2 red cup\n3 spoon 2',
    '0: mug\n1: red cup\n2: spoon 2',
    '0,mug\n1,red cup\n2,spoon 2',
    '0\tmug\n1\tred cup\n2\tspoon 2',
    '1\tmug\n\n2\tred cup\n3\tspoon 2',
    '["mug", "red cup", "spoon 2"]',
    '{"0": "mug", "1": "red cup", "2": "spoon 2"}',
    '{"2": "spoon 2", "0": "mug", "1": "red cup"}',
    '{"mug": 0, "red cup": 1, "spoon 2": 2}',
    '{"spoon 2": 2, "red cup": 1, "mug": 0}',
    '{"labels": ["mug", "red cup", "spoon 2"]}',
  ];
  for (const text of forms) assert.deepEqual(parseLabels(text), expected, text);
  // Names that are numbers stay.
  assert.deepEqual(parseLabels('5\n7\n9'), ['5', '7', '9']);
  assert.deepEqual(parseLabels('3 of clubs\n4 of clubs'), ['3 of clubs', '4 of clubs']);
  for (const text of [
    '{"a": 1, "b": 2}',
    '{"0": "a", "5": "b"}',
    '{"a": 0, "b": 0}',
    '[1, 2]',
    '[]',
    '{}',
    '{"0": {}}',
  ])
    assert.throws(() => parseLabels(text), { code: 'bad-model' }, text);
});
