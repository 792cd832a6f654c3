// Writes the list of all components that are in the package (SBOM), in the format CycloneDX 1.5: web/dist/sbom.cdx.json.
//
// Versions and checksums of sources are those that the build uses (cpp/third_party). The list holds no times and no random
// numbers, so two builds of the same sources give the same file.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sources, testedEmscripten } from '../../cpp/third_party/versions.mjs';
import { projectFolder } from './steps.mjs';

/** Libraries of cpp/third_party/sources.cmake that only tests and benchmarks link. */
export const testLibraries = ['nlohmann_json', 'googletest', 'benchmark'];

/** What sources.cmake doesn't know about a library: its name for readers, licence, and the modules that contain it. */
const libraries = {
  xnnpack: { name: 'XNNPACK', license: 'BSD-3-Clause', modules: ['teachable'] },
  pthreadpool: { name: 'pthreadpool', license: 'BSD-2-Clause', modules: ['teachable'] },
  fxdiv: { name: 'FXdiv', license: 'MIT', modules: ['teachable'] },
  fp16: { name: 'FP16', license: 'MIT', modules: ['teachable'] },
  stb: { name: 'stb_image', license: 'MIT', modules: ['decoder'] },
  flatbuffers: { name: 'FlatBuffers', license: 'Apache-2.0', modules: ['teachable', 'converter'] },
};

/** Libraries that are part of Emscripten. Its version decides theirs. */
const emscriptenLibraries = [
  { id: 'emscripten', name: 'Emscripten', license: 'MIT OR NCSA', url: 'https://emscripten.org' },
  { id: 'musl', name: 'musl', license: 'MIT', url: 'https://musl.libc.org' },
  {
    id: 'llvm',
    name: 'LLVM: libc++, libc++abi, compiler-rt, libunwind',
    license: 'Apache-2.0 WITH LLVM-exception',
    url: 'https://llvm.org',
  },
];

/** Reads the libraries of sources.cmake, as {id: {repository, version}}. `version` is a commit or a tag. */
export function readSources() {
  const text = readFileSync(path.join(projectFolder, 'cpp/third_party/sources.cmake'), 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^find_source\((\w+) (\S+?)(?:\.git)? (\S+)\)/gm)].map(([, id, repository, version]) => [
      id,
      { repository, version: version.replace('v${flatc_version}', flatcVersion()) },
    ]),
  );
}

/** The schema compiler on PATH decides the version of FlatBuffers. */
function flatcVersion() {
  try {
    return `v${/\d+\.\d+\.\d+/.exec(execFileSync('flatc', ['--version'], { encoding: 'utf8' }))[0]}`;
  } catch {
    return ''; // the modules were built on another machine
  }
}

function toLibrary([id, { repository, version }]) {
  const { name, license } = libraries[id];
  const isCommit = /^[0-9a-f]{40}$/.test(version);
  const place = new URL(repository).pathname.slice(1);
  return {
    type: 'library',
    'bom-ref': id,
    name,
    ...(version ? { version, purl: `pkg:github/${place.toLowerCase()}@${version}` } : {}),
    licenses: [{ license: { id: license } }],
    externalReferences: [
      { type: 'vcs', url: repository, ...(isCommit ? { comment: `commit ${version}` } : {}) },
      ...(sources[id]
        ? [
            {
              type: 'distribution',
              url: repository,
              comment: "Debian's upstream tar file",
              hashes: [{ alg: 'SHA-256', content: sources[id] }],
            },
          ]
        : []),
    ],
  };
}

function toEmscriptenLibrary({ id, name, license, url }) {
  const isExpression = license.includes(' ');
  return {
    type: 'library',
    'bom-ref': id,
    name,
    ...(id === 'emscripten' ? { version: testedEmscripten } : { description: `As in Emscripten ${testedEmscripten}` }),
    licenses: [isExpression ? { expression: license } : { license: { id: license } }],
    externalReferences: [{ type: 'website', url }],
  };
}

/** Returns the ids of the components that a module, 'teachable', 'decoder' or 'converter', contains. */
function componentsOf(module) {
  const own = Object.entries(libraries).filter(([, { modules }]) => modules.includes(module));
  return [...own.map(([id]) => id), ...emscriptenLibraries.map(({ id }) => id)];
}

function toFile(dist, name) {
  const content = createHash('sha256')
    .update(readFileSync(path.join(dist, name)))
    .digest('hex');
  return { type: 'file', 'bom-ref': name, name: `web/dist/${name}`, hashes: [{ alg: 'SHA-256', content }] };
}

function toModel(dist, name, catalog) {
  const { type, ...file } = toFile(dist, name);
  const [id, extension] = [path.basename(name, path.extname(name)), path.extname(name)];
  const model = catalog.models.find((each) => each.id === id);
  const labels = catalog.labels.find(({ files }) =>
    files.some((each) => path.basename(each.path) === path.basename(name)),
  );
  const licence = (model ?? labels)?.licence;
  return {
    type: extension === '.txt' ? 'data' : 'machine-learning-model',
    ...file,
    ...(licence
      ? { licenses: [{ license: { id: licence.spdx } }], externalReferences: [{ type: 'website', url: licence.home }] }
      : {}),
  };
}

/** Returns the SBOM of the files in a folder such as web/dist. */
export function makeSbom(dist) {
  const { name, version, license, description } = JSON.parse(
    readFileSync(path.join(projectFolder, 'package.json'), 'utf8'),
  );
  const catalog = JSON.parse(readFileSync(path.join(projectFolder, 'models/catalog.json'), 'utf8'));
  const names = readdirSync(dist, { recursive: true })
    .map((each) => each.replaceAll(path.sep, '/'))
    .sort();
  const modules = names.filter((each) => /^wasm\/.*\.(wasm|js)$/.test(each));
  const models = names.filter((each) => /^models\/.*\.\w+$/.test(each));
  const own = `${name}@${version}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': own,
        name,
        version,
        description,
        purl: `pkg:npm/${own}`,
        licenses: [{ license: { id: license } }],
      },
    },
    components: [
      ...Object.entries(readSources())
        .filter(([id]) => !testLibraries.includes(id))
        .map(toLibrary),
      ...emscriptenLibraries.map(toEmscriptenLibrary),
      ...modules.map((each) => toFile(dist, each)),
      ...models.map((each) => toModel(dist, each, catalog)),
    ],
    dependencies: [
      { ref: own, dependsOn: [...modules, ...models] },
      ...modules.map((ref) => ({
        ref,
        dependsOn: ref.endsWith('.js') ? ['emscripten'] : componentsOf(path.basename(ref, '.wasm')),
      })),
    ],
  };
}

export function writeSbom(dist) {
  writeFileSync(path.join(dist, 'sbom.cdx.json'), `${JSON.stringify(makeSbom(dist), null, 2)}\n`);
}
