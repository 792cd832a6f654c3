// A fuzzer of the reader of picture journals (web/cli/picture-journal.ts), in Node. It damages journals at random places and
// with values that fit the format, and checks that the reader keeps only lines that nobody changed.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { importTs } from '../web/support/import-ts.mjs';
import { randomOf } from '../web/support/seed.mjs';

/**
 * Reads damaged journals until the time is over.
 * @param {{seconds: number, seed: number}} options
 * @returns {Promise<{inputs: number}>} Number of journals that were read.
 * @throws an error that names the seed and the number of the round, and the file that fails, which is kept
 */
export async function fuzz({ seconds, seed }) {
  const { readJournal, JournalWriter, CommandError } = await importTs('../cli/picture-journal.ts', '../cli/exit.ts');
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-fuzz-'));
  const file = path.join(folder, 'x.pictures.jsonl');
  const end = performance.now() + 1000 * seconds;
  let inputs = 0;
  for (; inputs === 0 || performance.now() < end; inputs++) {
    const random = new Random(seed + inputs);
    const written = makePictures(random);
    const header = { model: random.value(), dataset: random.sha256(), replaces: random.sha256() };
    const { size, pictures } = written;
    new JournalWriter(file, header, pictures).close();
    const whole = await readFile(file);
    try {
      const same = await readJournal(file, size);
      assert.deepEqual(same, { ...header, model: JSON.parse(JSON.stringify(header.model)), pictures, damaged: 0 });
      const damaged = damage(whole, random);
      await writeFile(file, damaged);
      const read = await readJournal(file, size).catch((error) => {
        assert.ok(error instanceof CommandError, error.stack);
        assert.match(error.message, /not a picture journal|has version/);
      });
      if (read) checkKept(read, pictures);
    } catch (error) {
      throw new Error(`seed ${seed}, round ${inputs}, ${file}: ${error.stack}`, { cause: error });
    }
  }
  await rm(folder, { recursive: true });
  return { inputs };
}

/** Every picture that is kept must be one of those that were written. */
function checkKept({ pictures, damaged }, written) {
  assert.ok(Number.isSafeInteger(damaged) && damaged >= 0, `damaged is ${damaged}`);
  const known = new Set(written.map(toText));
  for (const picture of pictures) assert.ok(known.has(toText(picture)), `a changed line was kept: ${toText(picture)}`);
}

const toText = ({ sha256, path: name, embedding, id }) => JSON.stringify([sha256, name, [...embedding], id ?? null]);

function makePictures(random) {
  const size = 1 + random.below(random.chance(0.1) ? 1280 : 8);
  const pictures = Array.from({ length: random.below(12) }, () => ({
    sha256: random.sha256(),
    path: random.text(),
    embedding: Float32Array.from({ length: size }, () => random.number()),
    id: random.chance(0.3) ? undefined : random.below(2 ** 32),
  }));
  return { size, pictures };
}

class Random {
  #next;

  constructor(seed) {
    this.#next = randomOf((seed % 2147483646) + 1);
    // Neighbouring seeds have similar first numbers.
    for (let i = 0; i < 4; i++) this.#next();
  }

  below(limit) {
    return Math.floor(this.#next() * limit);
  }

  chance(probability) {
    return this.#next() < probability;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  number() {
    return Math.fround(this.of([0, -0, 1, -1, 1e-45, 3e38, this.#next(), 1e4 * (this.#next() - 0.5)]));
  }

  sha256() {
    return Array.from({ length: 64 }, () => '0123456789abcdef'[this.below(16)]).join('');
  }

  text() {
    return Array.from({ length: this.below(20) }, () =>
      String.fromCodePoint(this.of([10, 13, 0x1b, 0x22, 0x5c, 0x9b, 0x202e, 0x1f600, 32 + this.below(0x2000)])),
    ).join('');
  }

  /** Any JSON value: odd numbers, prototype names, deep and long ones. */
  value() {
    return this.of([
      () => null,
      () => this.of([-1, 0, 0.5, 2 ** 32, 2 ** 53, 1e308]),
      () => this.chance(0.5),
      () => this.text(),
      () => this.sha256(),
      () => [this.value(), this.value()],
      () => ({ [this.of(['id', 'constructor', 'path', 'length', 'toString'])]: this.value() }),
    ])();
  }
}

/** Applies one to four kinds of damage. */
function damage(bytes, random) {
  let changed = bytes;
  for (let count = 1 + random.below(4); count > 0; count--) changed = random.of(damages)(changed, random);
  return changed;
}

const onLines = (change) => (bytes, random) => {
  const lines = bytes.toString('latin1').split('\n');
  change(lines, random);
  return Buffer.from(lines.join('\n'), 'latin1');
};

const damages = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    for (let count = 1 + random.below(8); count > 0 && copy.length > 0; count--)
      copy[random.below(copy.length)] ^= 1 << random.below(8);
    return copy;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const inserted = Buffer.from(Array.from({ length: 1 + random.below(40) }, () => random.below(256)));
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + random.below(20))]);
  },
  onLines((lines, random) => lines.splice(random.below(lines.length), random.below(3))),
  onLines((lines, random) => lines.splice(random.below(lines.length), 0, random.of(lines))),
  onLines((lines, random) => lines.reverse().push(random.text())),
  onLines((lines, random) => {
    lines[random.below(lines.length)] = random.of([
      '',
      'null',
      '[]',
      '{}',
      '0',
      '"',
      '['.repeat(50_000),
      '{"a":'.repeat(20_000),
    ]);
  }),
  // A line whose form is right: one member is another value, or that of another line.
  onLines((lines, random) => {
    const at = random.below(lines.length);
    try {
      const record = JSON.parse(lines[at]);
      const name = random.of(Object.keys(record));
      const other = random.chance(0.5) ? random.value() : JSON.parse(random.of(lines))[name];
      if (other === undefined) delete record[name];
      else record[name] = other;
      lines[at] = JSON.stringify(record);
    } catch {
      lines[at] = JSON.stringify(random.value());
    }
  }),
];
