// Sets up the toolchain.
//
//   node cpp/third_party/setup.mjs [--browsers]     --browsers: also installs what the browser tests need
//
// On Debian 12 and 13, it installs compilers and libraries with apt. It unpacks Emscripten and the third-party sources,
// which Debian 12 lacks, in .toolchain/ or in the folder that TEACHABLE_TOOLCHAIN names.
//
// With an emsdk on PATH, it installs and downloads nothing. It only checks that the other build programs are on PATH, and
// CMake fetches the pinned sources. On systems other than Debian, an emsdk is required.
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkNode, fail, main, projectFolder, run, runLists } from '../../web/dev/steps.mjs';
import { debianCodename, installPackages, missingPackages, PrivateApt } from './debian.mjs';
import { withLock } from './lock.mjs';
import * as versions from './versions.mjs';
import { testedEmscripten } from './versions.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const toolchain = resolve(process.env.TEACHABLE_TOOLCHAIN || join(projectFolder, '.toolchain'));
const log = join(toolchain, 'log/setup.log');
const stampFile = join(toolchain, 'stamp');
const gigabyte = 2 ** 30;

function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return realpathSync(path);
    } catch {
      // not in this folder
    }
  }
  return null;
}

function compareVersions(a, b) {
  const [left, right] = [a, b].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  const different = left.findIndex((number, i) => number !== right[i]);
  return different < 0 ? 0 : left[different] - right[different];
}

/** The version and folder of the emcc on PATH, or null. */
function findEmsdk() {
  const emcc = findProgram('emcc');
  const folder = emcc && dirname(emcc);
  const file = emcc && join(folder, 'emscripten-version.txt');
  if (!file || !existsSync(file)) return null;
  const version = /\d+\.\d+\.\d+/.exec(readFileSync(file, 'utf8'))?.[0];
  if (!version) return null;
  // Debian 12's own package, 3.1.6, is no reason to refuse the machine: the set-up has a newer one.
  const isDebianPackage = folder.startsWith('/usr/share/') && compareVersions(version, testedEmscripten) < 0;
  return isDebianPackage && canSetUp() ? null : { version, folder };
}

/**
 * Checks the version of an emsdk. Throws a Failure for one that is too old.
 * @returns {string | undefined} a warning for one that is newer than the tested one
 */
export function checkEmsdk({ version, folder }) {
  const order = compareVersions(version, testedEmscripten);
  if (order < 0) {
    const otherwise = canSetUp() ? ', or remove it from PATH to use the Emscripten that the set-up downloads' : '';
    fail(
      `Emscripten ${version} on PATH (${folder}) is too old. This project is tested with ${testedEmscripten}. ` +
        `Run 'emsdk install ${testedEmscripten}' and 'emsdk activate ${testedEmscripten}'${otherwise}.`,
    );
  }
  if (order > 0) {
    return `Warning: Emscripten ${version} on PATH is newer than ${testedEmscripten}, the version that this project is tested with.`;
  }
  return undefined;
}

/** Changes when this set-up, or anything that it depends on, changes. */
function makeStamp(emsdk) {
  const origin = emsdk ? `${emsdk.version} ${emsdk.folder}` : 'own emscripten';
  const hash = createHash('sha256').update([toolchain, process.execPath, origin].join('\n'));
  for (const name of readdirSync(here)
    .filter((file) => file.endsWith('.mjs'))
    .sort())
    hash.update(readFileSync(join(here, name)));
  return hash.digest('hex');
}

/** Runs `fill` on a new folder, then replaces `target` by it. A folder that is only half filled never takes its place. */
export async function replaceFolder(target, fill) {
  const fresh = `${target}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await fill(fresh);
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}

const markOf = (folder) =>
  existsSync(join(folder, '.unpacked')) ? readFileSync(join(folder, '.unpacked'), 'utf8') : '';
const mark = (folder, text) => writeFileSync(join(folder, '.unpacked'), text);

/** The folder with the unpacked libraries, such as usr/lib/x86_64-linux-gnu, and the dynamic loader in it. */
function findLoader(root) {
  for (const folder of readdirSync(join(root, 'usr/lib'))) {
    const loader = readdirSync(join(root, 'usr/lib', folder)).find((name) => /^ld-linux.*\.so\.\d$/.test(name));
    if (loader) return { libraries: `usr/lib/${folder}`, loader };
  }
  return fail(`The unpacked package libc6 in ${root} has no dynamic loader (ld-linux*.so).`);
}

/** Unpacks a .deb file into a folder, without the files that fit one of the `excluded` patterns of tar. */
export async function unpackPackage(file, folder, excluded = []) {
  const options = excluded.map((pattern) => `--exclude=${pattern}`);
  // pipefail: a failure of dpkg-deb must not be hidden by a tar that succeeds.
  const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" "${@:3}"';
  await run('bash', ['-o', 'pipefail', '-c', script, 'unpack', file, folder, ...options], { log });
}

async function unpackBinaryen(files, folder) {
  for (const file of files) await unpackPackage(file, folder);
  const { libraries, loader } = findLoader(folder);
  mkdirSync(join(folder, 'bin'));
  for (const tool of readdirSync(join(folder, 'usr/bin'))) {
    // The tools need a newer libc than this machine has. The script starts them with the one that is unpacked beside them.
    const script = [
      '#!/bin/sh',
      'root="${0%/*}/.."',
      `lib="$root/${libraries}"`,
      `exec "$lib/${loader}" --library-path "$lib" "$root/usr/bin/\${0##*/}" "$@"`,
      '',
    ].join('\n');
    writeFileSync(join(folder, 'bin', tool), script, { mode: 0o755 });
  }
}

async function unpackEmscripten(files, folder) {
  // Nothing here uses these 900 MB: Emscripten's own tests, and its system libraries for dynamic linking.
  for (const file of files) await unpackPackage(file, folder, ['*/emscripten/test', '*/lib/wasm32-emscripten/*pic']);
}

/** Tells the unpacked Emscripten where its tools are. Every set-up repeats this, because it takes no time. */
function configureEmscripten() {
  const root = join(toolchain, 'emscripten/usr/share/emscripten');
  const modules = join(root, 'node_modules');
  rmSync(modules, { force: true });
  symlinkSync('../nodejs', modules);
  // Its .js files are CommonJS. Without this file, our own package.json would declare them as modules.
  writeFileSync(join(root, 'package.json'), '{"type": "commonjs"}\n');
  const settings = {
    LLVM_ROOT: '/usr/lib/llvm-19/bin',
    BINARYEN_ROOT: join(toolchain, 'binaryen'),
    NODE_JS: process.execPath,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  // The package holds all system libraries. Parallel builds need no lock on a frozen cache.
  writeFileSync(join(root, '.emscripten'), [...lines, 'FROZEN_CACHE = True', ''].join('\n'));
}

async function unpackSource(name, files, folder) {
  const file = readdirSync(files).find((entry) => entry.startsWith(`${name}_`) && entry.includes('.orig.tar'));
  if (!file) fail(`Debian ${versions.suite} has no upstream tar file (.orig.tar) for the source package ${name}.`);
  const path = join(files, file);
  const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (sum !== versions.sources[name]) {
    fail(
      `Debian ${versions.suite} has a different source of ${name} (${file}, sha256 ${sum}) than the one that this project is ` +
        `tested with (sha256 ${versions.sources[name]}). To use it, change cpp/third_party/versions.mjs and sources.cmake.`,
    );
  }
  await run('tar', ['-xf', path, '-C', folder], { log });
  // Some tar files have a top-level folder. XNNPACK's has none.
  const entries = readdirSync(folder);
  if (entries.length === 1) {
    for (const entry of readdirSync(join(folder, entries[0])))
      renameSync(join(folder, entries[0], entry), join(folder, entry));
  }
}

/** Links to the headers of Debian's packages, in the layout of each upstream project. Builds then don't need /usr/include. */
function linkHeaders() {
  const links = {
    'flatbuffers/include/flatbuffers': '/usr/include/flatbuffers',
    'nlohmann_json/include/nlohmann': '/usr/include/nlohmann',
    googletest: '/usr/src/googletest',
  };
  for (const [name, target] of Object.entries(links)) {
    const path = join(toolchain, 'src', name);
    rmSync(path, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  }
}

function checkPackages(names) {
  const missing = missingPackages(names);
  if (missing.length > 0 && process.getuid() !== 0) {
    fail(
      `Debian packages are missing, and only root can install them. Run as root: ` +
        `apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  }
  return missing;
}

const requiredGigabytes = 4;

function checkDisk() {
  mkdirSync(toolchain, { recursive: true });
  const { bavail, bsize } = statfsSync(toolchain);
  const free = (bavail * bsize) / gigabyte;
  if (free < requiredGigabytes) {
    fail(
      `Not enough free disk space for ${toolchain}: found ${free.toFixed(1)} GB, need ${requiredGigabytes} GB. ` +
        'Free some space, or name another folder in TEACHABLE_TOOLCHAIN.',
    );
  }
}

function checkVersion(name, version, wanted, advice) {
  if (!version.startsWith(wanted) || /^[\w.]/.test(version.slice(wanted.length))) {
    fail(
      `Debian ${versions.suite} has ${name} ${version}, but this project is tested with ${wanted}. To go on, ${advice}.`,
    );
  }
}

function canSetUp() {
  return ['bookworm', 'trixie'].includes(debianCodename());
}

const programsBesideEmsdk = {
  cmake: 'cmake',
  ninja: 'ninja-build',
  flatc: 'flatbuffers-compiler',
  git: 'git',
  clang: 'clang',
};

/** Checks the programs that a build needs beside an emsdk. Nothing is installed. */
function checkPrograms() {
  const missing = Object.keys(programsBesideEmsdk).filter(
    (name) => !findProgram(name) && !(name === 'clang' && findProgram('clang-19')),
  );
  if (missing.length === 0) return;
  const packages = missing.map((name) => programsBesideEmsdk[name]);
  fail(
    `Programs that the build needs beside an emsdk are not on PATH: ${missing.join(', ')}. Install them ` +
      `(Debian and Ubuntu: apt-get install ${packages.join(' ')}).`,
  );
}

/** The missing work as two lists of [title, work] pairs, which run side by side. */
function planWork(missing) {
  let packagesDone = () => {};
  const untilPackages = missing.length > 0 && new Promise((done) => (packagesDone = done));
  const install = (report) => installPackages(missing, log, report).finally(packagesDone);
  const packages = missing.length > 0 ? [[`Debian packages: installing ${missing.join(', ')}`, install]] : [];
  return [packages, planDownloads(untilPackages)];
}

function planDownloads(untilPackages) {
  const { suite } = versions;
  const sourceFolder = join(toolchain, 'src');
  const emscriptenFolder = join(toolchain, 'emscripten');
  const sourceMark = [...Object.values(versions.sources), versions.stb.version].join('\n');
  const emscriptenMark = JSON.stringify(versions.emscripten);
  const aptFolder = join(toolchain, 'apt');
  let apt;
  const plan = [];
  if (markOf(emscriptenFolder) !== emscriptenMark) {
    const { emscripten, binaryen } = versions.emscripten;
    const libraries = ['binaryen', 'libc6', 'libstdc++6', 'libgcc-s1'];
    const names = ['emscripten', 'node-acorn'];
    let files;
    plan.push([
      `Emscripten ${emscripten}, Binaryen ${binaryen}: downloading 246 MB`,
      async (report) => {
        const all = [...names, ...libraries];
        const found = await Promise.all(all.map((name) => apt.describe(name)));
        const advice = `put emsdk ${testedEmscripten} on PATH, or change cpp/third_party/versions.mjs`;
        checkVersion('emscripten', found[0].version, emscripten, advice);
        checkVersion('binaryen', found[2].version, binaryen, advice);
        files = await apt.download(
          all,
          found.reduce((sum, { size }) => sum + size, 0),
          report,
        );
      },
    ]);
    plan.push([
      `Emscripten ${emscripten}, Binaryen ${binaryen}: unpacking`,
      async () => {
        const toPaths = (list) => list.map((name) => packageFile(files, name));
        // One after the other, because the mark in the second folder stands for both.
        await replaceFolder(join(toolchain, 'binaryen'), (folder) => unpackBinaryen(toPaths(libraries), folder));
        await replaceFolder(emscriptenFolder, async (folder) => {
          await unpackEmscripten(toPaths(names), folder);
          mark(folder, emscriptenMark);
        });
      },
    ]);
  }
  if (markOf(sourceFolder) !== sourceMark) {
    plan.push([
      `Sources of ${Object.keys(versions.sources).join(', ')}, stb: downloading 3 MB`,
      async (report) => {
        await untilPackages; // tar needs xz-utils
        await fetchSources(apt, sourceFolder, sourceMark, report);
      },
    ]);
  }
  if (plan.length === 0) return plan;
  return [
    [
      `Debian ${suite}: reading its list of packages`,
      async () => {
        rmSync(aptFolder, { recursive: true, force: true });
        apt = new PrivateApt(aptFolder, suite, log);
        await apt.update();
      },
    ],
    ...plan,
  ];
}

/** The downloaded .deb file of a package. */
function packageFile(folder, name) {
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'));
  return join(folder, file);
}

async function fetchSources(apt, sourceFolder, sourceMark, report) {
  const { stb } = versions;
  const names = Object.keys(versions.sources);
  const { version, size } = await apt.describe(stb.package);
  checkVersion(stb.package, version, stb.version, 'change cpp/third_party/versions.mjs and sources.cmake');
  await apt.download([stb.package], size, report);
  const files = await apt.downloadSources(names);
  await replaceFolder(sourceFolder, async (folder) => {
    for (const name of names) {
      mkdirSync(join(folder, name));
      await unpackSource(name, files, join(folder, name));
    }
    await unpackPackage(packageFile(files, stb.package), folder);
    renameSync(join(folder, 'usr/include/stb'), join(folder, 'stb'));
    rmSync(join(folder, 'usr'), { recursive: true });
    mark(folder, sourceMark);
  });
}

/**
 * Brings the toolchain up to date, which takes a few milliseconds when it is.
 * @param {object} [options]
 * @param {boolean} [options.browsers] Whether to install what the browser tests need, too.
 * @param {[string, Function][][]} [options.alongside] Lists of steps that need no toolchain. They run at the same time.
 */
export async function setup({ browsers = false, alongside = [] } = {}) {
  checkNode();
  const emsdk = findEmsdk();
  if (emsdk) {
    const warning = checkEmsdk(emsdk);
    if (warning) console.warn(warning);
    checkPrograms();
    writeStamp(makeStamp(emsdk));
    return runLists(alongside);
  }
  if (!canSetUp()) {
    fail(
      `No emsdk was found on PATH. The set-up can install a toolchain on Debian 12 and 13 only. On other systems, ` +
        `install emsdk ${testedEmscripten}, cmake 3.25 or newer, ninja, flatc, git, clang and libcpuinfo (optional: ccache).`,
    );
  }

  const names = [...versions.buildPackages, ...(browsers ? versions.browserPackages : [])];
  const stamp = makeStamp(null);
  const isCurrent = () =>
    existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && missingPackages(names).length === 0;
  if (isCurrent()) return runLists(alongside);

  await withLock(join(toolchain, 'lock'), async () => {
    if (isCurrent()) return runLists(alongside); // another process has done it in the meantime
    const lists = planWork(checkPackages(names));
    if (lists.flat().length > 0) checkDisk();
    await runLists([...lists, ...alongside]);
    linkHeaders();
    configureEmscripten();
    rmSync(join(toolchain, 'apt'), { recursive: true, force: true });
    writeStamp(stamp);
  });
}

function writeStamp(stamp) {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  mkdirSync(toolchain, { recursive: true });
  writeFileSync(stampFile, stamp);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setup({ browsers: process.argv.includes('--browsers') });
    const emsdk = findEmsdk();
    console.log(`The toolchain is ready (${emsdk ? `emsdk ${emsdk.version} in ${emsdk.folder}` : toolchain}).`);
  });
}
