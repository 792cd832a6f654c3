// Zip files of the demo page, without a browser: written ones, those of other programs, and hostile ones.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { importTs } from '../support/import-ts.mjs';

const { crc32, openZip, writeZip, ZipError, safeName, partsOf } = await importTs(
  '../demo/zip/crc32',
  '../demo/zip/read-zip',
  '../demo/zip/write-zip',
  '../demo/zip/zip-error',
  '../demo/zip/zip-name',
);

const run = promisify(execFile);
const limits = { entries: 1000, fileBytes: 1 << 20, totalBytes: 1 << 22 };
const text = (value) => new TextEncoder().encode(value);
const problem = (name) => (error) => error instanceof ZipError && error.problem === name;

/** Returns the contents of all files by path. */
async function contentsOf(file) {
  const { entries } = await openZip(file, limits);
  return Object.fromEntries(
    await Promise.all(entries.map(async (entry) => [entry.path, new TextDecoder().decode(await entry.read())])),
  );
}

/** Makes a zip file by hand. Fields of an entry may lie. */
function makeZip(files, { count = files.length, comment = '', listBytes, listStart, disk = 0 } = {}) {
  const parts = [];
  const list = [];
  let position = 0;
  for (const each of files) {
    const name = Buffer.from(each.name);
    const data = each.method === 8 ? deflateRawSync(each.data) : Buffer.from(each.data);
    const sum = each.sum ?? crc32(each.data);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(each.flags ?? 0, 2);
    fields.writeUInt16LE(each.method ?? 0, 4);
    fields.writeUInt32LE(sum, 10);
    fields.writeUInt32LE(each.packedSize ?? data.length, 14);
    fields.writeUInt32LE(each.size ?? each.data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, name, data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(each.start ?? position, 10);
    list.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, rest, name]));
    parts.push(local);
    position += local.length;
  }
  const all = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(disk, 4);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(listBytes ?? all.length, 12);
  end.writeUInt32LE(listStart ?? position, 16);
  end.writeUInt16LE(comment.length, 20);
  return new Blob([...parts, all, end, comment]);
}

const one = (fields) => makeZip([{ name: 'a.txt', data: text('hello'), ...fields }]);

test('what was written is read again, with every name, an empty file, and the comment', async () => {
  const files = [
    { path: 'Äpfel/1.jpg', bytes: text('one') },
    { path: '🐈/2.jpg', bytes: new Blob(['t', 'wo']) },
    { path: 'empty', bytes: new Uint8Array() },
  ];
  const zip = await writeZip(files, 'a comment');
  assert.deepEqual(await contentsOf(zip), { 'Äpfel/1.jpg': 'one', '🐈/2.jpg': 'two', empty: '' });
  assert.equal((await openZip(zip, limits)).comment, 'a comment');
  assert.deepEqual(await contentsOf(await writeZip([])), {});
  assert.equal(crc32(text('123456789')), 0xcbf43926);
});

test('other programs read what was written, and what they write is read', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'zip-'));
  t.after(() => rm(folder, { recursive: true }));
  const has = async (program) =>
    run(program, ['-h']).then(
      () => true,
      () => false,
    );
  const zip = await writeZip([{ path: 'Class Ä/1.jpg', bytes: text('x'.repeat(5000)) }]);
  await writeFile(path.join(folder, 'ours.zip'), Buffer.from(await zip.arrayBuffer()));
  if (await has('unzip')) {
    assert.match((await run('unzip', ['-t', path.join(folder, 'ours.zip')])).stdout, /No errors detected/);
    await run('unzip', ['-q', path.join(folder, 'ours.zip'), '-d', folder], {
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    assert.equal((await readFile(path.join(folder, 'Class Ä/1.jpg'))).length, 5000);
  } else t.diagnostic('unzip is not installed');
  if (await has('zip')) {
    await mkdir(path.join(folder, 'Cats ü/deep'), { recursive: true });
    await writeFile(path.join(folder, 'Cats ü/deep/a.txt'), 'abc'.repeat(1000));
    await run('zip', ['-rq', 'theirs.zip', 'Cats ü'], { cwd: folder });
    const theirs = new Blob([await readFile(path.join(folder, 'theirs.zip'))]);
    assert.deepEqual(await contentsOf(theirs), { 'Cats ü/deep/a.txt': 'abc'.repeat(1000) });
    await run('zip', ['-q', '-P', 'secret', 'locked.zip', 'Cats ü/deep/a.txt'], { cwd: folder });
    const locked = await openZip(new Blob([await readFile(path.join(folder, 'locked.zip'))]), limits);
    assert.deepEqual(
      locked.entries.map((each) => each.problem),
      ['encrypted'],
    );
    await assert.rejects(locked.entries[0].read(), problem('encrypted'));
  } else t.diagnostic('zip is not installed');
});

test('names are UTF-8 when they can be, else code page 437; folders are left out', async () => {
  const data = text('x');
  const zip = makeZip([
    { name: Buffer.from('f\x81r/\x8e.jpg', 'latin1'), data },
    { name: 'für.jpg', data },
    { name: 'flag ü', data, flags: 0x800 },
    { name: 'folder/', data: new Uint8Array() },
    { name: 'back\\', data: new Uint8Array() },
  ]);
  const { entries } = await openZip(zip, limits);
  assert.deepEqual(
    entries.map((each) => each.path),
    ['für/Ä.jpg', 'für.jpg', 'flag ü'],
  );
});

test('archives that lie are refused, and no read gives more than the list says', async () => {
  const big = new Uint8Array(500_000);
  const cases = [
    [new Blob(['not a zip file']), 'not-zip'],
    [new Blob([]), 'not-zip'],
    [makeZip([{ name: 'a', data: text('x') }], { count: 2 }), 'damaged'],
    [makeZip([], { count: 0xffff }), 'zip64'],
    [makeZip([], { listStart: 0xffffffff }), 'zip64'],
    [makeZip([], { listBytes: 5_000_000 }), 'damaged'],
    [makeZip([], { disk: 1 }), 'split'],
    [makeZip(Array.from({ length: 1001 }, (_, n) => ({ name: `${n}`, data: text('') }))), 'too-many'],
    [makeZip(Array.from({ length: 9 }, (_, n) => ({ name: `${n}`, method: 8, data: big }))), 'too-large'],
    // Entries that share their bytes.
    [
      makeZip(
        Array.from({ length: 400 }, (_, n) => ({
          name: `${n}`,
          data: n ? text('') : big,
          packedSize: big.length,
          start: 0,
        })),
      ),
      'damaged',
    ],
  ];
  for (const [file, wanted] of cases) await assert.rejects(openZip(file, limits), problem(wanted), wanted);
  const entries = [
    [one({ method: 8, data: big, size: 1000 }), 'too-large'],
    [one({ method: 8, data: big, size: 500_001 }), 'damaged'],
    [one({ size: 1 << 21 }), 'too-large'],
    [one({ size: 0xffffffff }), 'zip64'],
    [one({ sum: 1 }), 'damaged'],
    [one({ method: 8, sum: 1 }), 'damaged'],
    [one({ size: 4 }), 'damaged'],
    [one({ method: 99 }), 'method'],
    [one({ flags: 1 }), 'encrypted'],
    [one({ start: 3 }), 'damaged'],
    [one({ start: 4_000_000_000 }), 'damaged'],
    [one({ packedSize: 90 }), 'damaged'],
  ];
  for (const [file, wanted] of entries) {
    const opening = openZip(file, limits).then(({ entries: [entry] }) => entry.read());
    await assert.rejects(opening, problem(wanted), wanted);
  }
  // A deflate stream that is no such stream.
  const broken = makeZip([{ name: 'a', data: text('hello'), method: 8 }]);
  const bytes = new Uint8Array(await broken.arrayBuffer());
  bytes.fill(0xff, 31, 35);
  const {
    entries: [entry],
  } = await openZip(new Blob([bytes]), limits);
  await assert.rejects(entry.read(), problem('damaged'));
});

test('every damaged byte of an archive gives its files or a ZipError', async () => {
  const zip = makeZip(
    [
      { name: 'a/1.jpg', data: text('hello hello hello'), method: 8 },
      { name: 'b/2.jpg', data: text('stored') },
    ],
    { comment: 'note' },
  );
  const intact = new Uint8Array(await zip.arrayBuffer());
  let refused = 0;
  for (let at = 0; at < intact.length; at++) {
    for (const value of [0, 0xff, intact[at] ^ 1]) {
      const bytes = intact.slice();
      bytes[at] = value;
      try {
        for (const entry of (await openZip(new Blob([bytes]), limits)).entries) await entry.read();
      } catch (error) {
        assert.ok(error instanceof ZipError, `byte ${at}: ${error}`);
        refused++;
      }
    }
    // A file that ends early.
    await assert.rejects(openZip(new Blob([intact.slice(0, at)]), limits), ZipError, `end at ${at}`);
  }
  assert.ok(refused > intact.length, `${refused} refused`);
});

test('parts of paths and names of folders are harmless', () => {
  assert.deepEqual(partsOf('../../C:\\x\\./ y /a.jpg'), ['x', 'y', 'a.jpg']);
  const taken = new Set();
  const names = ['a/b', 'A_B', 'con', '...', '', 'x'.repeat(100), 'end. ', 'Katze 🐈', 'a\u202eb'];
  assert.deepEqual(
    names.map((name) => safeName(name, 'class', taken)),
    ['a_b', 'A_B (2)', '_con', 'class', 'class (2)', 'x'.repeat(60), 'end', 'Katze 🐈', 'a_b (3)'],
  );
});
