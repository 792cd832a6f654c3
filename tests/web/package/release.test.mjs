// Tests releases: two builds of the same sources give the same bytes, and the SBOM lists all that is in the package.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { sources } from '../../../cpp/third_party/versions.mjs';
import { differencesOf, packAndSum } from '../../../web/dev/reproduce.mjs';
import { makeSbom, readSources, testLibraries } from '../../../web/dev/sbom.mjs';
import { root, scratchFolder } from '../support/data.mjs';

/** Files and folders that a build reads. */
const parts = [
  'package.json',
  'README.md',
  'LICENSE',
  'THIRD_PARTY_NOTICES',
  'models',
  'cpp/third_party',
  ...['cli', 'demo', 'dev', 'examples', 'guides', 'src'].map((name) => `web/${name}`),
  'web/dist/wasm',
];

const sumOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Copies the project to a folder, bundles and packs it there. Returns its checksums. */
async function buildAt(folder, { umask, env, rounds }) {
  await mkdir(folder, { recursive: true });
  for (const part of parts)
    await cp(path.join(root, part), path.join(folder, part), {
      recursive: true,
      filter: (from) => !/node_modules|\.build(\/|$)/.test(path.relative(root, from)),
    });
  for (const name of readdirSync(path.join(root, 'web')).filter((each) => /\.json$/.test(each)))
    await cp(path.join(root, 'web', name), path.join(folder, 'web', name));
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const script = [
    `umask ${umask}`,
    // A copy has the permissions that a checkout with this umask has.
    `chmod -R u+rwX,${umask === '077' ? 'go=' : 'go+rX'} cpp models web LICENSE README.md package.json`,
    ...Array.from({ length: rounds }, () => 'node web/dev/bundle.mjs'),
  ];
  const { TEACHABLE_MODEL_FILES, ...inherited } = process.env;
  execFileSync('bash', ['-euo', 'pipefail', '-c', script.join('\n')], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return packAndSum(folder);
}

test('two builds in other folders, time zones, languages and with other permissions give the same tarball', {
  timeout: 300_000,
}, async (t) => {
  const folder = await scratchFolder(t);
  const one = await buildAt(path.join(folder, 'a'), { umask: '022', env: { TZ: 'UTC', LC_ALL: 'C' }, rounds: 1 });
  const other = await buildAt(path.join(folder, 'another place/with spaces'), {
    umask: '077',
    env: { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', HOME: folder, USER: 'somebody' },
    // What an earlier build left there must not matter.
    rounds: 2,
  });
  assert.deepEqual(differencesOf(one, other), []);
  assert.equal(other.tarball, one.tarball, 'the files are the same, but the tarball differs');
  assert.ok(Object.keys(one.files).length > 60);
  t.diagnostic(`trust: ${Object.keys(one.files).length} files`);
});

const dist = path.join(root, 'web/dist');
const sbom = () => JSON.parse(readFileSync(path.join(dist, 'sbom.cdx.json'), 'utf8'));

/** Members that CycloneDX 1.5 knows, of those that an SBOM of this project may have, and checks of their values. */
const text = (value) => typeof value === 'string' && value.length > 0;
const listOf = (check) => (value) => Array.isArray(value) && value.every(check);
const oneOf =
  (...values) =>
  (value) =>
    values.includes(value);
const object = (required, optional) => (value) => {
  const known = { ...required, ...optional };
  for (const name of Object.keys(required)) assert.ok(name in value, `${name} is missing in ${JSON.stringify(value)}`);
  for (const [name, member] of Object.entries(value)) {
    assert.ok(name in known, `unknown member ${name}`);
    assert.ok(known[name](member), `${name} is ${JSON.stringify(member)}`);
  }
  return true;
};
const isHash = object({ alg: oneOf('SHA-256'), content: (value) => /^[0-9a-f]{64}$/.test(value) }, {});
const isLicence = (value) =>
  'expression' in value
    ? object({ expression: text }, {})(value)
    : object({ license: object({ id: (id) => /^[\w.-]+$/.test(id) }, {}) }, {})(value);
const isReference = object(
  { type: oneOf('vcs', 'distribution', 'website'), url: (value) => URL.canParse(value) },
  { comment: text, hashes: listOf(isHash) },
);
const isComponent = object(
  { type: oneOf('library', 'file', 'machine-learning-model', 'data'), name: text, 'bom-ref': text },
  {
    version: text,
    description: text,
    purl: (value) => /^pkg:(npm|github)\/[\w.-]+(\/[\w.-]+)?@[\w.-]+$/.test(value),
    licenses: listOf(isLicence),
    hashes: listOf(isHash),
    externalReferences: listOf(isReference),
  },
);
const isSbom = object(
  {
    bomFormat: oneOf('CycloneDX'),
    specVersion: oneOf('1.5'),
    version: Number.isInteger,
    metadata: object({ component: isComponent }, {}),
    components: listOf(isComponent),
    dependencies: listOf(object({ ref: text }, { dependsOn: listOf(text) })),
  },
  {},
);

test('the SBOM is a valid CycloneDX document, and all references in it lead somewhere', () => {
  const { components, dependencies, metadata, ...rest } = sbom();
  isSbom({ components, dependencies, metadata, ...rest });
  const refs = [metadata.component, ...components].map((each) => each['bom-ref']);
  assert.equal(new Set(refs).size, refs.length, 'each reference is there once');
  for (const { ref, dependsOn = [] } of dependencies)
    for (const each of [ref, ...dependsOn]) assert.ok(refs.includes(each), `${each} is not in the list`);
  const reached = new Set(dependencies.flatMap(({ dependsOn = [] }) => dependsOn));
  for (const { 'bom-ref': ref } of components) assert.ok(reached.has(ref), `nothing contains ${ref}`);
});

test('the SBOM has the package in its version, and the built files with their checksums', () => {
  const { components, metadata } = sbom();
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  assert.deepEqual([metadata.component.name, metadata.component.version], [name, version]);
  const files = components.filter((each) => each.hashes);
  const built = readdirSync(dist, { recursive: true })
    .map((file) => `web/dist/${file.replaceAll(path.sep, '/')}`)
    .filter((file) => /\/(wasm|models)\/.*\.\w+$/.test(file));
  assert.deepEqual(files.map((each) => each.name).sort(), built.sort());
  for (const file of files)
    assert.equal(file.hashes[0].content, sumOf(readFileSync(path.join(root, file.name))), file.name);
  assert.equal(JSON.stringify(makeSbom(dist)), JSON.stringify(sbom()));
});

test('the SBOM has every library that the modules are built from, in the pinned version, and only these', () => {
  const { components } = sbom();
  const pinned = Object.entries(readSources()).filter(([id]) => !testLibraries.includes(id));
  const cmake = readFileSync(path.join(root, 'cpp/third_party/sources.cmake'), 'utf8');
  assert.equal(Object.keys(readSources()).length, cmake.match(/^find_source\(/gm).length, 'every line was read');
  assert.ok(pinned.length >= 6);
  for (const [id, { version }] of pinned) {
    const component = components.find((each) => each['bom-ref'] === id);
    assert.equal(component?.version ?? '', version, id);
    if (!sources[id]) continue;
    const { hashes } = component.externalReferences.find(({ type }) => type === 'distribution');
    assert.equal(hashes[0].content, sources[id], id);
  }
  const notices = readFileSync(path.join(root, 'THIRD_PARTY_NOTICES'), 'utf8');
  const headings = [...notices.matchAll(/^={20,}\n(.+)\n/gm)].map(([, heading]) => heading);
  assert.deepEqual(
    components
      .filter(({ type }) => type === 'library')
      .map(({ name }) => name)
      .sort(),
    headings.sort(),
  );
});

test('no test library is linked into a module, and no other library is there', () => {
  const folders = [
    'bindings',
    'border',
    'classifier',
    'converter',
    'core',
    'decoder',
    'graph',
    'image',
    'knn',
    'model',
    'net',
    'tfjs',
  ];
  for (const folder of folders) {
    const file = path.join(root, 'cpp', folder, 'CMakeLists.txt');
    if (!existsSync(file)) continue;
    for (const name of testLibraries)
      assert.doesNotMatch(
        readFileSync(file, 'utf8'),
        new RegExp(`\\b(${name}|gtest|gmock)\\b`),
        `${folder} uses ${name}`,
      );
  }
});
