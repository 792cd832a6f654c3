// The set-up: its lock, its pipes, and the emsdk that it accepts.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { startOf, withLock } from '../../../cpp/third_party/lock.mjs';
import { checkEmsdk, replaceFolder, unpackPackage } from '../../../cpp/third_party/setup.mjs';
import { testedEmscripten } from '../../../cpp/third_party/versions.mjs';
import { runLists } from '../../../web/dev/steps.mjs';
import { readMemory } from '../../run/clang-tidy.mjs';
import { root, scratchFolder } from '../support/data.mjs';

/** Number of a process that has ended. */
function endedProcess() {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

for (const [what, text] of [
  ['an empty lock', ''],
  ['a lock of spaces', ' \n'],
  ['a lock that is cut', () => `${process.pid} ${startOf(process.pid)}`.slice(0, -1)],
  ['a lock without the start of its process', () => String(process.pid)],
  ['a lock of a process that has ended', () => `${endedProcess()} 1`],
  ['a lock whose process number now belongs to another process', () => `${process.pid} 1`],
]) {
  test(`${what} is taken over`, { timeout: 20_000 }, async (t) => {
    const folder = await scratchFolder(t);
    const lock = path.join(folder, 'lock');
    await writeFile(lock, typeof text === 'function' ? text() : text);
    const seen = await withLock(lock, async () => readFileSync(lock, 'utf8'));
    assert.equal(seen, `${process.pid} ${startOf(process.pid)}`);
    assert.deepEqual(await readdir(folder), []);
  });
}

test('a lock of a running process is waited for', { timeout: 20_000 }, async (t) => {
  const folder = await scratchFolder(t);
  const lock = path.join(folder, 'lock');
  const program = `
    import { writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(pathToFileURL(path.join(root, 'cpp/third_party/lock.mjs')).href)};
    await withLock(${JSON.stringify(lock)}, async () => {
      console.log('locked');
      await sleep(1500);
      writeFileSync(${JSON.stringify(path.join(folder, 'done'))}, '');
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  await withLock(lock, async () => assert.ok(existsSync(path.join(folder, 'done'))));
});

test('a lock that is a link to nothing is taken over', { timeout: 20_000 }, async (t) => {
  const folder = await scratchFolder(t);
  await symlink('nothing', path.join(folder, 'lock'));
  assert.equal(await withLock(path.join(folder, 'lock'), async () => 'done'), 'done');
  assert.deepEqual(await readdir(folder), []);
});

test('a lock that another process has taken meanwhile is not released', { timeout: 20_000 }, async (t) => {
  const lock = path.join(await scratchFolder(t), 'lock');
  await withLock(lock, async () => writeFile(lock, 'of another process'));
  assert.equal(readFileSync(lock, 'utf8'), 'of another process');
});

test('on a full disk, no empty lock is left', { timeout: 20_000 }, async (t) => {
  const folder = await scratchFolder(t);
  const url = pathToFileURL(path.join(root, 'cpp/third_party/lock.mjs')).href;
  const program = `import(${JSON.stringify(url)}).then(({ withLock }) => withLock(${JSON.stringify(path.join(folder, 'lock'))}, async () => {}))`;
  // No file may have a single byte.
  const { status } = spawnSync('bash', ['-c', 'ulimit -f 0; exec "$0" -e "$1"', process.execPath, program]);
  assert.notEqual(status, 0);
  assert.deepEqual(await readdir(folder), []);
  assert.equal(await withLock(path.join(folder, 'lock'), async () => 'done'), 'done');
});

test('many processes hold a lock one at a time, also when some are killed', { timeout: 60_000 }, async (t) => {
  const folder = await scratchFolder(t);
  const lock = path.join(folder, 'lock');
  // Each process holds the lock for 20 ms and reports when two have it at once. Every third one is killed while it holds it.
  const program = `
    import { rmSync, writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(pathToFileURL(path.join(root, 'cpp/third_party/lock.mjs')).href)};
    await withLock(${JSON.stringify(lock)}, async () => {
      const inside = ${JSON.stringify(path.join(folder, 'inside'))};
      writeFileSync(inside, '', { flag: 'wx' });
      await sleep(20);
      rmSync(inside);
      if (process.argv[1] === 'killed') process.kill(process.pid, 'SIGKILL');
    });`;
  const ends = Array.from({ length: 9 }, (_, i) => {
    const args = ['--input-type=module', '-e', program, i % 3 === 0 ? 'killed' : 'lives'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (part) => (text += part));
    return new Promise((done) => child.on('close', (code, signal) => done({ code, signal, text, i })));
  });
  for (const { code, signal, text, i } of await Promise.all(ends))
    assert.deepEqual([code, signal], i % 3 === 0 ? [null, 'SIGKILL'] : [0, null], text);
  t.diagnostic('trust: 3 faults');
});

test('a folder that is only half filled does not take the place of another', async (t) => {
  const folder = await scratchFolder(t);
  const target = path.join(folder, 'target');
  await replaceFolder(target, (fresh) => writeFile(path.join(fresh, 'old'), ''));
  const failing = replaceFolder(target, async (fresh) => {
    await writeFile(path.join(fresh, 'new'), '');
    throw new Error('half filled');
  });
  await assert.rejects(failing, /half filled/);
  assert.deepEqual(await readdir(target), ['old']);
  await replaceFolder(target, (fresh) => writeFile(path.join(fresh, 'newer'), ''));
  assert.deepEqual(await readdir(target), ['newer']);
  assert.deepEqual(await readdir(folder), ['target']);
});

test('what clang-tidy remembers may be damaged', async (t) => {
  const file = path.join(await scratchFolder(t), 'memory.json');
  assert.deepEqual(readMemory(file), []);
  for (const text of ['', '["a', 'x']) {
    await writeFile(file, text);
    assert.deepEqual(readMemory(file), []);
  }
  await writeFile(file, '["a"]');
  assert.deepEqual(readMemory(file), ['a']);
});

test('no shell command hides a failure in a pipe', () => {
  const folders = [
    'cpp',
    'models',
    'web/dev',
    'web/cli',
    'tests/run',
    'tests/fuzz',
    'tests/trust',
    '.github/workflows',
    '.ci',
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true }).map((name) => path.join(folder, name)),
  );
  for (const name of files.filter((each) => /\.(mjs|ts|yml|cmake)$|CMakeLists\.txt$|^\.ci/.test(each))) {
    const text = readFileSync(path.join(root, name), 'utf8');
    if (name.endsWith('.yml')) assert.match(text, /defaults:\n {2}run:\n {4}shell: bash # with pipefail/, name);
    for (const [found] of text.matchAll(/'(?:ba)?sh',\s*\[[^\]]*\]/g))
      assert.match(found, /pipefail/, `${name}: ${found}`);
    for (const [found] of text.matchAll(/execute_process\([^)]*\)/g))
      assert.match(found, /COMMAND_ERROR_IS_FATAL ANY/, `${name}: ${found}`);
    if (name.startsWith('.ci')) assert.ok(/^set -e/m.test(text) && !/[^|]\|[^|]/.test(text), `${name} has a pipe`);
  }
});

test('works of one process take turns, also after one that failed', async (t) => {
  const lock = path.join(await scratchFolder(t), 'lock');
  const order = [];
  const first = withLock(lock, async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push('first');
    throw new Error('first');
  });
  const second = withLock(lock, async () => order.push('second'));
  await assert.rejects(first, /first/);
  await second;
  assert.deepEqual(order, ['first', 'second']);
});

test('a package that can only be read in part is not unpacked', async (t) => {
  const folder = await scratchFolder(t);
  // A dpkg-deb that writes a valid archive and then fails, as the real one does for a damaged file.
  await mkdir(path.join(folder, 'bin'));
  await mkdir(path.join(folder, 'target'));
  await writeFile(path.join(folder, 'file'), 'content');
  execFileSync('tar', ['-cf', path.join(folder, 'archive'), '-C', folder, 'file']);
  const script = `#!/bin/sh\ncat '${path.join(folder, 'archive')}'\nexit 2\n`;
  await writeFile(path.join(folder, 'bin/dpkg-deb'), script, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${path.join(folder, 'bin')}:${PATH}`;
  t.after(() => {
    process.env.PATH = PATH;
  });
  await assert.rejects(unpackPackage('any.deb', path.join(folder, 'target')), /failed with status 2/);
});

test('a package is unpacked without the excluded files', async (t) => {
  const folder = await scratchFolder(t);
  await mkdir(path.join(folder, 'bin'));
  await mkdir(path.join(folder, "target's"));
  for (const name of ['kept', 'left']) await writeFile(path.join(folder, name), name);
  const script = `#!/bin/sh\nexec tar -c -C '${folder}' kept left\n`;
  await writeFile(path.join(folder, 'bin/dpkg-deb'), script, { mode: 0o755 });
  const { PATH } = process.env;
  process.env.PATH = `${path.join(folder, 'bin')}:${PATH}`;
  t.after(() => {
    process.env.PATH = PATH;
  });
  await unpackPackage('any.deb', path.join(folder, "target's"), ['left']);
  assert.deepEqual(await readdir(path.join(folder, "target's")), ['kept']);
});

test('one emsdk is the tested one, newer ones warn, older ones are refused', () => {
  const folder = '/opt/emsdk/upstream/emscripten';
  assert.equal(checkEmsdk({ version: testedEmscripten, folder }), undefined);
  assert.match(checkEmsdk({ version: '4.0.1', folder }), /^Warning: Emscripten 4\.0\.1 .* newer than 3\.1\.69[^\n]*$/);
  assert.match(checkEmsdk({ version: '3.1.70', folder }), /^Warning: /);
  for (const version of ['3.1.60', '3.1.6', '2.0.34'])
    assert.throws(
      () => checkEmsdk({ version, folder }),
      /is too old\. .*emsdk install 3\.1\.69.*emsdk activate 3\.1\.69/,
    );
});

test('with an emsdk on PATH, the set-up only checks programs', async (t) => {
  const folder = await scratchFolder(t);
  const setUp = async (version, programs) => {
    const bin = path.join(folder, `${version}-${programs.length}`);
    await mkdir(bin);
    for (const name of ['emcc', ...programs]) await writeFile(path.join(bin, name), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(path.join(bin, 'emscripten-version.txt'), `"${version}"\n`);
    // Nothing else is on PATH, neither apt-get nor dpkg-query.
    return spawnSync(process.execPath, [path.join(root, 'cpp/third_party/setup.mjs')], {
      encoding: 'utf8',
      env: { PATH: bin, TEACHABLE_TOOLCHAIN: path.join(folder, 'toolchain') },
    });
  };
  const programs = ['cmake', 'ninja', 'flatc', 'git', 'clang'];
  const tested = await setUp(testedEmscripten, programs);
  assert.equal(tested.status, 0, tested.stderr);
  assert.match(tested.stdout, new RegExp(`^The toolchain is ready \\(emsdk ${testedEmscripten} in .*\\)\\.\\n$`));
  assert.equal(tested.stderr, '');
  assert.deepEqual(await readdir(path.join(folder, 'toolchain')), ['stamp']);

  const newer = await setUp('4.0.1', programs);
  assert.equal(newer.status, 0, newer.stderr);
  assert.match(newer.stderr, /^Warning: Emscripten 4\.0\.1 [^\n]*\n$/);

  const older = await setUp('3.1.60', programs);
  assert.equal(older.status, 1);
  assert.match(older.stderr, /Emscripten 3\.1\.60 on PATH .* is too old/);

  const without = await setUp(testedEmscripten, ['cmake', 'git']);
  assert.equal(without.status, 1);
  assert.match(
    without.stderr,
    /not on PATH: ninja, flatc, clang\. Install them .*ninja-build flatbuffers-compiler clang\)/,
  );
});

test('lists of steps run side by side, and a failure starts no further step', async (t) => {
  t.mock.method(console, 'log', () => {});
  const order = [];
  const step = (name, ms, fails) => [
    name,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      order.push(name);
      if (fails) throw new Error(name);
    },
  ];
  await runLists([[step('a', 60), step('b', 1)], [step('c', 10)], []]);
  assert.deepEqual(order, ['c', 'a', 'b']);
  order.length = 0;
  await assert.rejects(runLists([[step('a', 60), step('b', 1)], [step('c', 10, true)]]), /c/);
  assert.deepEqual(order, ['c', 'a']);
});
