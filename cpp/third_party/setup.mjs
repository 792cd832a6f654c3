// Makes the toolchain ready: the compilers and libraries of Debian, and beside the project, in .toolchain/ (or where
// TEACHABLE_TOOLCHAIN says), the Emscripten and the sources that Debian 12 is too old to have.
//
//   node cpp/third_party/setup.mjs [--browsers]     --browsers: what the browser tests need, too
//
// With an emsdk on PATH that is used instead of Debian's Emscripten; on other systems than Debian that is a must.
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
import { checkNode, fail, main, projectFolder, run, Steps } from '../../web/dev/steps.mjs';
import { debianCodename, installPackages, missingPackages, PrivateApt } from './debian.mjs';
import { withLock } from './lock.mjs';
import * as versions from './versions.mjs';

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

function isAtLeast(version, oldest) {
  const numbers = (text) => text.split('.').map((part) => Number.parseInt(part, 10));
  const [have, want] = [numbers(version), numbers(oldest)];
  const different = want.findIndex((number, i) => number !== have[i]);
  return different < 0 || have[different] > want[different];
}

/** The version of an emcc on PATH that is new enough, or null. Debian 12's own, 3.1.6, is not. */
function usableEmsdk() {
  const emcc = findProgram('emcc');
  const file = emcc && join(dirname(emcc), 'emscripten-version.txt');
  if (!file || !existsSync(file)) return null;
  const version = readFileSync(file, 'utf8').replace(/[^\d.]/g, '');
  return isAtLeast(version, versions.oldestEmsdk) ? version : null;
}

/** Changes when this set-up, or what it depends on, changes. */
function makeStamp(emsdk) {
  const hash = createHash('sha256').update([toolchain, process.execPath, emsdk ?? 'own emscripten'].join('\n'));
  for (const name of readdirSync(here)
    .filter((file) => file.endsWith('.mjs'))
    .sort())
    hash.update(readFileSync(join(here, name)));
  return hash.digest('hex');
}

/** Runs `fill` on a new folder and puts that in the place of `target`: what is half-done never looks done. */
async function replaceFolder(target, fill) {
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

/** The folder that holds this machine's libraries, such as usr/lib/x86_64-linux-gnu, and the loader in it. */
function findLoader(root) {
  for (const folder of readdirSync(join(root, 'usr/lib'))) {
    const loader = readdirSync(join(root, 'usr/lib', folder)).find((name) => /^ld-linux.*\.so\.\d$/.test(name));
    if (loader) return { libraries: `usr/lib/${folder}`, loader };
  }
  return fail('The unpacked libc6 has no loader.');
}

async function unpackPackage(file, folder, left = []) {
  const exclude = left.map((pattern) => `--exclude='${pattern}'`).join(' ');
  await run('sh', ['-c', `dpkg-deb --fsys-tarfile '${file}' | tar -x -C '${folder}' ${exclude}`], { log });
}

async function unpackBinaryen(files, folder) {
  for (const file of files) await unpackPackage(file, folder);
  const { libraries, loader } = findLoader(folder);
  mkdirSync(join(folder, 'bin'));
  for (const tool of readdirSync(join(folder, 'usr/bin'))) {
    // The tools want a newer libc than this machine's: start them with the one that is unpacked beside them.
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
  // 900 MB that nobody here uses: Emscripten's own tests, and system libraries for dynamic linking.
  for (const file of files) await unpackPackage(file, folder, ['*/emscripten/test', '*/lib/wasm32-emscripten/*pic']);
}

/** Tells the unpacked Emscripten where the rest is. Done at each set-up, because it costs nothing. */
function configureEmscripten() {
  const root = join(toolchain, 'emscripten/usr/share/emscripten');
  if (!existsSync(root)) return; // an emsdk is used
  const modules = join(root, 'node_modules');
  rmSync(modules, { force: true });
  symlinkSync('../nodejs', modules);
  // Its .js files are CommonJS; without this they would count as the modules that our package.json declares.
  writeFileSync(join(root, 'package.json'), '{"type": "commonjs"}\n');
  const settings = {
    LLVM_ROOT: '/usr/lib/llvm-19/bin',
    BINARYEN_ROOT: join(toolchain, 'binaryen'),
    NODE_JS: process.execPath,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  // The package has all system libraries; frozen, parallel builds need no lock on them.
  writeFileSync(join(root, '.emscripten'), [...lines, 'FROZEN_CACHE = True', ''].join('\n'));
}

async function unpackSource(name, files, folder) {
  const file = readdirSync(files).find((entry) => entry.startsWith(`${name}_`) && entry.includes('.orig.tar'));
  if (!file) fail(`Debian ${versions.suite} served no source of ${name}.`);
  const path = join(files, file);
  const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (sum !== versions.sources[name]) {
    fail(
      `Debian ${versions.suite} now has another source of ${name} (${file}, sha256 ${sum}) than the one this project is tested ` +
        `with (sha256 ${versions.sources[name]}): if you want it, change cpp/third_party/versions.mjs and sources.cmake.`,
    );
  }
  await run('tar', ['-xf', path, '-C', folder], { log });
  // Some have a top-level folder, XNNPACK has none.
  const entries = readdirSync(folder);
  if (entries.length === 1) {
    for (const entry of readdirSync(join(folder, entries[0])))
      renameSync(join(folder, entries[0], entry), join(folder, entry));
  }
}

/** Links to the headers of Debian's packages, each in upstream's layout, so that /usr/include stays out of the builds. */
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
      `Packages are missing that only root can install; please run: apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  }
  return missing;
}

function checkDisk() {
  mkdirSync(toolchain, { recursive: true });
  const { bavail, bsize } = statfsSync(toolchain);
  const free = bavail * bsize;
  if (free < 4 * gigabyte) {
    fail(
      `${toolchain} needs 4 GB of free disk, but there are ${(free / gigabyte).toFixed(1)} GB; TEACHABLE_TOOLCHAIN can name another place.`,
    );
  }
}

function checkVersion(name, version, wanted, advice) {
  if (!version.startsWith(wanted) || /^[\w.]/.test(version.slice(wanted.length))) {
    fail(`Debian ${versions.suite} now has ${name} ${version}, but this project is tested with ${wanted}: ${advice}.`);
  }
}

/** Elsewhere than on Debian nothing is installed; we only say what is not there. */
function checkOtherSystem(emsdk) {
  if (!emsdk) {
    fail(
      `Only Debian 12 and 13 are set up from nothing; here, please put an emsdk (${versions.oldestEmsdk} or newer) on PATH and install ` +
        'cmake (3.25), ninja, flatc, git, clang and libcpuinfo (ccache is welcome).',
    );
  }
  const missing = ['cmake', 'ninja', 'flatc', 'git', 'clang'].filter((name) => !findProgram(name));
  if (missing.length > 0) fail(`Not found on PATH: ${missing.join(', ')}.`);
}

/** What is to be done, as [title, work] pairs; `apt` is made when the first of them needs it. */
function planWork(missing, emsdk) {
  const { suite, stb } = versions;
  const aptFolder = join(toolchain, 'apt');
  const sourceNames = Object.keys(versions.sources);
  const sourceMark = [...Object.values(versions.sources), stb.version].join('\n');
  const emscriptenMark = JSON.stringify(versions.emscripten);
  const sourceFolder = join(toolchain, 'src');
  const wantSources = markOf(sourceFolder) !== sourceMark;
  const wantEmscripten = !emsdk && markOf(join(toolchain, 'emscripten')) !== emscriptenMark;
  const own = ['binaryen', 'libc6', 'libstdc++6', 'libgcc-s1'];
  const all = ['emscripten', 'node-acorn', ...own];
  const plan = [];
  let apt;
  let files;
  const fileOf = (name) =>
    join(
      files,
      readdirSync(files).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb')),
    );

  if (missing.length > 0) {
    plan.push([`Debian packages: installing ${missing.join(', ')}`, (report) => installPackages(missing, log, report)]);
  }
  if (wantSources || wantEmscripten) {
    plan.push([
      `Debian ${suite}: reading its list of packages`,
      async () => {
        rmSync(aptFolder, { recursive: true, force: true });
        apt = new PrivateApt(aptFolder, suite, log);
        await apt.update();
      },
    ]);
  }
  if (wantSources) {
    plan.push([
      `Sources of ${sourceNames.join(', ')}, stb: downloading 3 MB`,
      async (report) => {
        const { version, size } = await apt.describe(stb.package);
        checkVersion(stb.package, version, stb.version, 'change cpp/third_party/versions.mjs and sources.cmake');
        await apt.download([stb.package], size, report);
        files = await apt.downloadSources(sourceNames);
        await replaceFolder(sourceFolder, async (folder) => {
          for (const name of sourceNames) {
            mkdirSync(join(folder, name));
            await unpackSource(name, files, join(folder, name));
          }
          await unpackPackage(fileOf(stb.package), folder);
          renameSync(join(folder, 'usr/include/stb'), join(folder, 'stb'));
          rmSync(join(folder, 'usr'), { recursive: true });
          mark(folder, sourceMark);
        });
      },
    ]);
  }
  if (wantEmscripten) {
    const { emscripten, binaryen } = versions.emscripten;
    plan.push([
      `Emscripten ${emscripten}, Binaryen ${binaryen}: downloading 246 MB`,
      async (report) => {
        const found = await Promise.all(all.map((name) => apt.describe(name)));
        const advice = `put an emsdk (${versions.oldestEmsdk} or newer) on PATH, or change cpp/third_party/versions.mjs`;
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
        await replaceFolder(join(toolchain, 'binaryen'), (folder) => unpackBinaryen(own.map(fileOf), folder));
        await replaceFolder(join(toolchain, 'emscripten'), async (folder) => {
          await unpackEmscripten(['emscripten', 'node-acorn'].map(fileOf), folder);
          mark(folder, emscriptenMark);
        });
      },
    ]);
  }
  return plan;
}

/** Brings the toolchain up to date; takes a few milliseconds when it is. */
export async function setup({ browsers = false } = {}) {
  checkNode();
  const emsdk = usableEmsdk();
  const codename = debianCodename();
  if (codename !== 'bookworm' && codename !== 'trixie') return checkOtherSystem(emsdk);

  const names = [...versions.buildPackages, ...(browsers ? versions.browserPackages : [])];
  const stamp = makeStamp(emsdk);
  const isCurrent = () =>
    existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && missingPackages(names).length === 0;
  if (isCurrent()) return;

  await withLock(join(toolchain, 'lock'), async () => {
    if (isCurrent()) return; // by another run, while we waited
    const plan = planWork(checkPackages(names), emsdk);
    if (plan.length > 0) checkDisk();
    const steps = new Steps(plan.length);
    for (const [title, work] of plan) await steps.step(title, work);
    linkHeaders();
    configureEmscripten();
    rmSync(join(toolchain, 'apt'), { recursive: true, force: true });
    writeFileSync(stampFile, stamp);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await setup({ browsers: process.argv.includes('--browsers') });
    console.log(`The toolchain is ready (${usableEmsdk() ? 'with the emsdk on PATH' : toolchain}).`);
  });
}
