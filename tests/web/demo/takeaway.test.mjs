// The page as one HTML file, and the code for the visitor's own pages: what needs no browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';
import { randomOf, testSeed } from '../support/seed.mjs';

const {
  collectNetwork,
  decodeBase85,
  decodePart,
  encodeBase85,
  encodePart,
  escapeHtml,
  estimateBytes,
  fileNameOf,
  fileCode,
  moduleSnippet,
  pageSnippet,
  quote,
  writeHtmlFile,
  writePlayerFile,
} = await importTs(
  '../demo/takeaway/base85',
  '../demo/takeaway/file-name',
  '../demo/takeaway/html-file',
  '../demo/takeaway/network',
  '../demo/takeaway/parts',
  '../demo/takeaway/player-file',
  '../demo/takeaway/snippet',
);

const hostile = '</script><script>alert(1)</script>';
const template = '<html lang="{{language}}"><title>{{title}}</title>{{parts}}<script>run()</script></html>';

const textOf = (bytes) => Buffer.from(bytes).toString('latin1');

/** Returns the parts of a page as its player reads them: their bytes by their names. */
async function partsOf(html) {
  const parts = {};
  for (const [, name, text] of html.matchAll(/<script type="text\/plain" data-part="([^"]*)">([^<]*)<\/script>/g))
    parts[name] = Buffer.from(await decodePart(text));
  return parts;
}

test('bytes of every length survive Base85, whose characters mean nothing in HTML', () => {
  const seed = testSeed();
  const random = randomOf(seed);
  for (let length = 0; length < 3000; length += length < 50 ? 1 : 487) {
    const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256));
    const text = textOf(encodeBase85(bytes));
    assert.match(text, /^[!#%()*+,./0-9:;=?@A-Z[\]^_a-z{|}~\n]*$/);
    assert.ok(text.replace(/\n/g, '').length === Math.ceil(length * 1.25), `${length} bytes, seed ${seed}`);
    // A mail program may change line breaks.
    assert.deepEqual(decodeBase85(text.replace(/\n/g, ' \r\n')), bytes, `${length} bytes, seed ${seed}`);
  }
  for (const value of [0, 255])
    assert.deepEqual(decodeBase85(textOf(encodeBase85(new Uint8Array(7).fill(value)))), new Uint8Array(7).fill(value));
});

test('a damaged text is refused', () => {
  for (const text of ['abc<e', 'abc\u00e9e', 'abc\u4e00e'])
    assert.throws(() => decodeBase85(text), /character 3 of a part/);
});

test('a part is found again in the page, also when it is large', async () => {
  const random = randomOf(testSeed());
  const bytes = Uint8Array.from({ length: 700_000 }, () => Math.floor(random() * 256));
  const html = await new Blob(await encodePart({ name: 'wasm/a.wasm', bytes: new Blob([bytes]) })).text();
  assert.ok(html.length < 1.26 * bytes.length);
  assert.ok(html.split('\n').every((line) => line.length <= 2000));
  assert.deepEqual(await partsOf(html), { 'wasm/a.wasm': Buffer.from(bytes) });
  await assert.rejects(encodePart({ name: 'a"><script>', bytes: new Blob([]) }), /can't have the name/);
});

test('hostile names stay text: in the title they are escaped, in the parts they are encoded', async () => {
  const content = new Blob([JSON.stringify({ classes: [hostile] })]);
  const file = await writeHtmlFile(template, {
    title: `${hostile} & "{{parts}}" $& '`,
    language: 'en"><script>',
    parts: [{ name: 'project.json', bytes: content }],
  });
  assert.equal(file.type, 'text/html');
  const html = await file.text();
  // The part's own element, and the template's.
  assert.equal(html.match(/<script/g).length, 2);
  assert.equal(html.match(/<\/script>/g).length, 2);
  assert.match(html, /<title>&#60;\/script&#62;.*&#38; &#34;\{\{parts\}\}&#34; \$&#38; &#39;<\/title>/);
  assert.match(html, /^<html lang="en&#34;&#62;&#60;script&#62;">/);
  assert.deepEqual(JSON.parse((await partsOf(html))['project.json']), { classes: [hostile] });
  assert.equal(escapeHtml('plain ü'), 'plain ü');
});

test('a template without its places is refused', async () => {
  for (const broken of ['<html></html>', template.replace('{{parts}}', ''), template + template])
    await assert.rejects(writeHtmlFile(broken, { title: '', language: 'en', parts: [] }), /template is damaged/);
});

/** Makes a function that fetches from these files. */
const from = (files) => async (address) => {
  if (!(address in files)) throw new Error(`${address} answered 404.`);
  return new Blob([files[address]]);
};

const partTexts = async (parts) =>
  Object.fromEntries(await Promise.all(parts.map(async ({ name, bytes }) => [name, await bytes.text()])));

test('a catalogue entry is collected with its space, without class names', async () => {
  const entry = {
    id: 'net',
    title: 'Net',
    files: [{ path: '../lib/models/net.tflite', byteLength: 5 }],
    space: { path: '../lib/models/net.space' },
    labels: { path: 'labels.txt' },
    preprocess: { crop: 'center' },
  };
  const { model, parts } = await collectNetwork(
    'https://a.b/parts/network.json',
    from({
      'https://a.b/parts/network.json': JSON.stringify(entry),
      'https://a.b/lib/models/net.tflite': 'TFL3!',
      'https://a.b/lib/models/net.space': 'space',
    }),
  );
  assert.deepEqual(model, {
    id: 'net',
    title: 'Net',
    files: [{ path: 'embedded:///network/net.tflite', byteLength: 5 }],
    space: { path: 'embedded:///network/net.space' },
    preprocess: { crop: 'center' },
  });
  assert.deepEqual(await partTexts(parts), { 'network/net.tflite': 'TFL3!', 'network/net.space': 'space' });
});

test('other networks keep the names of file and folder, which data sets store', async () => {
  const json = JSON.stringify({ weightsManifest: [{ paths: ['g1-1', 'g1-2'] }, { paths: ['sub/g2'] }] });
  const files = {
    'https://a.b/m/cups/model.json': json,
    'https://a.b/m/cups/g1-1': 'one',
    'https://a.b/m/cups/g1-2': 'two',
    'https://a.b/m/cups/sub/g2': 'three',
    'https://a.b/mine.tflite?v=2': 'TFL3',
  };
  const expected = {
    'network/cups/model.json': json,
    'network/cups/g1-1': 'one',
    'network/cups/g1-2': 'two',
    'network/cups/sub/g2': 'three',
  };
  for (const address of ['https://a.b/m/cups/model.json', 'https://a.b/m/cups/']) {
    const { model, parts } = await collectNetwork(address, from(files));
    assert.deepEqual(model, { url: 'embedded:///network/cups/model.json' });
    assert.deepEqual(await partTexts(parts), expected);
  }
  const single = await collectNetwork('https://a.b/mine.tflite?v=2', from(files));
  assert.deepEqual(single.model, { url: 'embedded:///network/mine.tflite' });
  assert.deepEqual(Object.values(await partTexts(single.parts)), ['TFL3']);
  await assert.rejects(collectNetwork('https://a.b/none.tflite', from(files)), /404/);
});

test('a network of the visitor stays bytes, because it has no name that a data set could store', async () => {
  const bytes = new TextEncoder().encode('TFL3').buffer;
  const alone = await collectNetwork({ bytes }, from({}));
  assert.deepEqual(alone.model, { bytesPart: 'network/model' });
  assert.deepEqual(await partTexts(alone.parts), { 'network/model': 'TFL3' });
  const both = await collectNetwork({ bytes, weights: new Uint8Array([65]) }, from({}));
  assert.deepEqual(both.model, { bytesPart: 'network/model', weightsPart: 'network/weights' });
  assert.deepEqual(await partTexts(both.parts), { 'network/model': 'TFL3', 'network/weights': 'A' });
});

test("the player's file holds everything, and a missing file is an error", async () => {
  const module = ['simd/teachable', 'relaxed/teachable', 'image/decoder', 'tfjs/converter'].map((name) => [
    `https://a.b/lib/wasm/${name}.wasm`,
    name,
  ]);
  const files = {
    'https://a.b/player.html': template,
    'https://a.b/net.tflite': 'TFL3',
    ...Object.fromEntries(module),
  };
  const content = {
    title: 'Cups',
    project: { name: 'Cups', language: 'de', texts: {}, classes: [{ label: hostile, slot: 1 }], options: { k: 3 } },
    examples: new Blob(['examples']),
    network: 'https://a.b/net.tflite',
    needsConverter: false,
    template: 'https://a.b/player.html',
    library: 'https://a.b/lib/',
  };
  const html = await (await writePlayerFile(content, from(files))).text();
  const parts = await partsOf(html);
  const model = { url: 'embedded:///network/net.tflite' };
  assert.deepEqual(JSON.parse(parts['project.json']), { ...content.project, model });
  assert.equal(String(parts['examples.tmkn']), 'examples');
  assert.deepEqual(Object.keys(parts).sort(), [
    'examples.tmkn',
    'network/net.tflite',
    'project.json',
    'wasm/image/decoder.wasm',
    'wasm/relaxed/teachable.wasm',
    'wasm/simd/teachable.wasm',
  ]);
  const withConverter = await (await writePlayerFile({ ...content, needsConverter: true }, from(files))).text();
  assert.equal(String((await partsOf(withConverter))['wasm/tfjs/converter.wasm']), 'tfjs/converter');
  delete files['https://a.b/lib/wasm/relaxed/teachable.wasm'];
  await assert.rejects(writePlayerFile(content, from(files)), /relaxed\/teachable\.wasm answered 404/);
  assert.ok(estimateBytes(4e6, 1e6) > estimateBytes(4e6, 0));
});

test('file names are usable on every system', () => {
  for (const [project, expected] of [
    ['Cups & spoons', 'Cups & spoons.html'],
    ['  Tassen / Löffel? ', 'Tassen Löffel.html'],
    ['../../etc/passwd', 'etc passwd.html'],
    ['CON', 'project.html'],
    ['a\u0000\u202eb', 'a b.html'],
    ['...', 'project.html'],
    ['', 'project.html'],
    ['x'.repeat(300), `${'x'.repeat(60)}.html`],
  ])
    assert.equal(fileNameOf(project, 'project', 'html'), expected, project);
});

test('the code has the labels and settings, whatever characters they have', () => {
  const labels = [hostile, `it's "quoted" \\ \${x} \`y\` \u2028`, '\\"', "\\'", 'Äpfel 🍎', '__proto__'];
  const content = {
    fileName: "my project's #1 2026-11-28.tmkn",
    labels,
    options: { k: 4, unknownThreshold: 0.28, smoothing: 2, rule: undefined },
    layers: undefined,
    network: undefined,
    unknown: 'Unknown',
  };
  for (const code of [moduleSnippet(content), pageSnippet(content)]) {
    const written = code.match(/const labels = (\[.*\]);/)[1];
    assert.deepEqual(new Function(`return ${written}`)(), labels);
    assert.match(code, /await load\(\);/);
    assert.match(code, /\{ k: 4, unknownThreshold: 0\.28, smoothing: 2, topk: 0 \}/);
    assert.match(code, /fetch\('my%20project\\'s%20%231%202026-11-28\.tmkn'\)/);
    assert.doesNotMatch(code, /<\/script><script>/);
  }
  const voting = moduleSnippet({ ...content, options: { rule: 'neighbours', k: 5, weighting: 'similarity' } });
  assert.match(voting, /\{ rule: 'neighbours', k: 5, weighting: 'similarity', topk: 0 \}/);
  const ofFile = moduleSnippet({ ...content, network: fileCode('model.json', 'weights.bin') });
  assert.match(ofFile, /load\(\{ model: \{ bytes: await .*'model\.json'.*, weights: await .*'weights\.bin'.* \} \}\);/);
  const other = moduleSnippet({ ...content, layers: 'last', network: quote('https://a.b/net.tflite') });
  assert.match(other, /load\(\{ model: 'https:\/\/a\.b\/net\.tflite', layers: 'last' \}\)/);
});
