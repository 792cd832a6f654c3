// Tests the tarball that `npm publish` would upload: it contains everything that the package needs, and nothing else.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { linksOf } from '../guides/guides.mjs';
import { root } from '../support/data.mjs';
import { packed } from '../support/packed.mjs';

const variants = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];

let bytesOfTarball;
let folder;
let remove;
/** Paths of all files in the package, with '/' on every system. */
let files;

const bytesOf = (file) => readFileSync(path.join(folder, file));

before(() => {
  const all = packed();
  bytesOfTarball = all.tarball.byteLength;
  remove = all.remove;
  folder = path.join(all.project, 'node_modules/teachable-wasm');
  files = readdirSync(folder, { recursive: true })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => statSync(path.join(folder, file)).isFile());
});

after(() => remove());

/** Returns a module and all modules that it imports statically. */
function withImports(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, from] of String(bytesOf(file)).matchAll(/(?:^|[;}\s])(?:import|export)[^'"();]*['"](\.[^'"]+)['"]/g))
    withImports(path.posix.join(path.posix.dirname(file), from), found);
  return found;
}

test('the tarball contains everything that the package needs', () => {
  const wanted = [
    'package.json',
    'README.md',
    'LICENSE',
    'THIRD_PARTY_NOTICES',
    ...[
      'index.js',
      'index.cjs',
      'worker.js',
      'iife/teachable.js',
      'types/entries/index.d.ts',
      'types/entries/index.d.cts',
    ].map((file) => `web/dist/${file}`),
  ];
  for (const variant of variants)
    wanted.push(`web/dist/wasm/${variant}/teachable.js`, `web/dist/wasm/${variant}/teachable.wasm`);
  wanted.push('web/dist/wasm/image/decoder.wasm', 'web/dist/wasm/tfjs/converter.wasm');
  for (const file of wanted) assert.ok(bytesOf(file).byteLength > 0, file);
  const models = files.filter((file) => file.startsWith('web/dist/models/'));
  assert.ok(
    models.some((file) => /\.(tflite|json)$/.test(file)),
    'a model',
  );
});

test('the tarball contains nothing else', () => {
  const known = [
    /^(package\.json|README\.md|LICENSE|THIRD_PARTY_NOTICES)$/,
    /^web\/dist\/([\w-]+\/)?[\w-]+\.(js|js\.map|cjs|cjs\.map)$/,
    /^web\/dist\/types\/([\w-]+\/)*[\w-]+\.d\.c?ts$/,
    /^web\/dist\/wasm\/(simd|relaxed)(-threads)?\/teachable\.(js|wasm)$/,
    /^web\/dist\/wasm\/(image\/decoder|tfjs\/converter)\.wasm$/,
    /^web\/dist\/models\/[\w.-]+\.(tflite|json|bin|txt|space)$/,
    /^web\/dist\/(integrity|sbom\.cdx)\.json$/,
    /^web\/guides\/[\w-]+\.md$/,
    /^web\/examples\/README\.md$/,
    /^web\/examples\/[\w-]+\/((app|src|src\/routes)\/)?(\+?[\w-]+(\.test)?\.(html|jsx?|ts|md|vue|svelte)|\w+\.config\.js|(package|angular|tsconfig)\.json)$/,
    /^web\/demo\/(screenshot\.png|teaching\.gif)$/,
    /^models\/README\.md$/,
  ];
  assert.deepEqual(
    files.filter((file) => !known.some((pattern) => pattern.test(file))),
    [],
  );
  assert.deepEqual(
    files.filter((file) => /test|fuzz|bench/.test(file) && !/^web\/examples\/(vitest|jest)\//.test(file)),
    [],
  );
});

test('every link in its documents leads to a file in the package or, for developers, in the repository', () => {
  /** Documents for developers. The registry's page finds them by the field `repository` of package.json. */
  const forDevelopers = /^(CHANGELOG\.md|\.github\/\w+\.md|(cpp|web|tests|tests\/bench)\/README\.md)$/;
  const documents = files.filter((file) => file.endsWith('.md'));
  const links = documents.flatMap((file) =>
    linksOf({ text: String(bytesOf(file)) })
      .filter((link) => !/^([a-z]+:|#)/.test(link))
      .map((link) => [file, path.posix.join(path.posix.dirname(file), link.replace(/#.*/, ''))]),
  );
  assert.ok(links.length > 40, `only ${links.length} links were found`);
  const there = new Set(
    files.flatMap((file) => [
      file,
      ...file
        .split('/')
        .slice(1)
        .map((_, depth) =>
          file
            .split('/')
            .slice(0, depth + 1)
            .join('/'),
        ),
    ]),
  );
  assert.deepEqual(
    links.filter(
      ([, target]) =>
        !there.has(target.replace(/\/$/, '')) && !(forDevelopers.test(target) && existsSync(path.join(root, target))),
    ),
    [],
  );
});

test('the examples with a bundler have the same page and script', () => {
  const same = (name, from, others) => {
    for (const other of others)
      assert.deepEqual(bytesOf(`web/examples/${other}/${name}`), bytesOf(`web/examples/${from}/${name}`), other);
  };
  same('main.js', 'vite', ['webpack', 'esbuild', 'rollup', 'plain']);
  same('index.html', 'vite', ['webpack', 'esbuild', 'rollup']);
  const component = bytesOf('web/examples/svelte/Teachable.svelte');
  assert.deepEqual(bytesOf('web/examples/sveltekit/src/routes/+page.svelte'), component, 'sveltekit');
});

test('no file contains a path of the machine that built it', () => {
  const places = [root, path.dirname(root.replace(/\/$/, '')), process.env.HOME].filter(
    (place) => place && place.length > 5,
  );
  for (const file of files)
    for (const place of places) assert.ok(!bytesOf(file).includes(place), `${file} contains ${place}`);
  for (const file of files.filter((each) => each.endsWith('.map'))) {
    const { sources } = JSON.parse(bytesOf(file));
    for (const source of sources)
      assert.ok(!path.isAbsolute(source) && !/^\w+:\/\//.test(source), `${file}: ${source}`);
  }
});

test('the entry takes at most 15 kB as gzip', (t) => {
  const kilobytes = (count) => `${(count / 1000).toFixed(1)} kB`;
  const zipped = (file) => gzipSync(bytesOf(file), { level: 9 }).byteLength;
  t.diagnostic(`tarball ${kilobytes(bytesOfTarball)}, ${files.length} files`);
  for (const file of [
    'worker.js',
    'iife/teachable.js',
    ...variants.flatMap((variant) => [`wasm/${variant}/teachable.js`, `wasm/${variant}/teachable.wasm`]),
  ]) {
    t.diagnostic(
      `${file}: ${kilobytes(bytesOf(`web/dist/${file}`).byteLength)}, ${kilobytes(zipped(`web/dist/${file}`))} as gzip`,
    );
  }
  const entry = [...withImports('web/dist/index.js')].reduce((sum, file) => sum + zipped(file), 0);
  t.diagnostic(`index.js and its static imports: ${kilobytes(entry)} as gzip`);
  assert.ok(entry <= 15_000, `the entry takes ${entry} bytes as gzip, more than 15 kB`);
});
