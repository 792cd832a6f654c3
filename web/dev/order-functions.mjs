// Puts the functions of a WebAssembly file into an order in which gzip makes it smaller. CMake runs this after a link.
//
//   node web/dev/order-functions.mjs <wasm-opt> <file.wasm>
//
// gzip finds a repetition within 32 kB only, and a module has some 450 kB. Therefore functions that share code must be neighbours.
// wasm-opt can order functions by their names, so this gives them numbers as names, which the output no longer has.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Bytes of functions that the next one is compared with: what gzip sees, without the function itself. */
const windowBytes = 26_000;

/** Length of the pieces of code that are compared. Shorter ones are no gain for gzip. */
const pieceBytes = 5;

/** Everything that the modules use. Without `threads`, a file with atomic instructions is refused. */
const features = [
  ...['simd', 'relaxed-simd', 'bulk-memory', 'exception-handling', 'sign-ext', 'mutable-globals'],
  ...['nontrapping-float-to-int', 'multivalue', 'reference-types', 'threads'],
].map((name) => `--enable-${name}`);

const customSection = 0;
const importSection = 2;
const codeSection = 10;

/** Reads the numbers and texts of a WebAssembly file. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    return this.bytes[this.at++];
  }

  number() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  skip(count) {
    this.at += count;
  }

  limits() {
    const flags = this.number();
    this.number();
    if (flags & 1) this.number();
  }
}

/** Skips the imports and returns the number of functions among them. */
function countImports(reader) {
  let functions = 0;
  for (let left = reader.number(); left > 0; left--) {
    for (let text = 0; text < 2; text++) reader.skip(reader.number());
    const kind = reader.byte();
    if (kind === 0) functions++;
    if (kind === 0) reader.number();
    else if (kind === 1) {
      reader.byte();
      reader.limits();
    } else if (kind === 2) reader.limits();
    else if (kind === 3) reader.skip(2);
    else {
      reader.byte();
      reader.number();
    }
  }
  return functions;
}

/** Returns the number of imported functions, the code of the others, and the file without custom sections. */
export function functionsOf(file) {
  const reader = new Reader(file);
  reader.skip(8);
  const kept = [file.subarray(0, 8)];
  const bodies = [];
  let importCount = 0;
  while (reader.at < file.length) {
    const start = reader.at;
    const section = reader.byte();
    const size = reader.number();
    const end = reader.at + size;
    if (section === importSection) importCount = countImports(reader);
    if (section === codeSection)
      for (let left = reader.number(); left > 0; left--) {
        const length = reader.number();
        bodies.push(file.subarray(reader.at, reader.at + length));
        reader.skip(length);
      }
    if (section !== customSection) kept.push(file.subarray(start, end));
    reader.at = end;
  }
  return { importCount, bodies, plain: Buffer.concat(kept) };
}

/** Returns the pieces of code that a function shares with others, as numbers. */
function sharedPieces(bodies) {
  const all = bodies.map((body) => {
    const pieces = new Set();
    for (let i = 0; i + pieceBytes <= body.length; i++) {
      let hash = 0;
      for (let j = 0; j < pieceBytes; j++) hash = (Math.imul(hash, 0x01000193) ^ body[i + j]) | 0;
      pieces.add(hash);
    }
    return pieces;
  });
  const owners = new Map();
  for (const [index, pieces] of all.entries())
    for (const piece of pieces) {
      const list = owners.get(piece);
      if (list) list.push(index);
      else owners.set(piece, [index]);
    }
  return { owners, pieces: all.map((pieces) => [...pieces].filter((piece) => owners.get(piece).length > 1)) };
}

/**
 * Returns the indices of functions in an order in which each one shares as much as possible with those just before it. It begins with the
 * largest.
 * @param bodies Uint8Array of each function.
 */
export function similarOrder(bodies) {
  const { owners, pieces } = sharedPieces(bodies);
  /** What each function shares with those in the window. A piece that many functions have counts less. */
  const shared = new Float64Array(bodies.length);
  const inWindow = new Map();
  const change = (index, by) => {
    for (const piece of pieces[index]) {
      const before = inWindow.get(piece) ?? 0;
      inWindow.set(piece, before + by);
      if (Math.min(before, before + by) > 0) continue;
      const list = owners.get(piece);
      for (const owner of list) shared[owner] += by / Math.sqrt(list.length);
    }
  };
  const left = new Set(bodies.keys());
  const order = [];
  let first = 0;
  let bytes = 0;
  const add = (index) => {
    left.delete(index);
    order.push(index);
    change(index, 1);
    bytes += bodies[index].length;
    for (; bytes > windowBytes && first + 1 < order.length; first++) {
      change(order[first], -1);
      bytes -= bodies[order[first]].length;
    }
  };
  const best = (value) => [...left].reduce((a, b) => (value(b) > value(a) ? b : a));
  // The constant keeps tiny functions from being first only because they have little else.
  const share = (index) => shared[index] / (pieces[index].length + 20);
  for (let value = (index) => bodies[index].length; left.size > 0; value = share) add(best(value));
  return order;
}

function encoded(number) {
  const bytes = [];
  for (; number > 127; number >>>= 7) bytes.push((number & 127) | 128);
  return [...bytes, number];
}

const withSize = (bytes) => Buffer.concat([Buffer.from(encoded(bytes.length)), bytes]);

/** Returns a section that names every function by its place. */
function namesOf(importCount, order) {
  const places = [...Array(importCount).keys()];
  for (const [place, index] of order.entries()) places[importCount + index] = importCount + place;
  const names = places.map((place, index) =>
    Buffer.concat([Buffer.from(encoded(index)), withSize(Buffer.from(String(place).padStart(6, '0')))]),
  );
  const functions = withSize(Buffer.concat([Buffer.from(encoded(names.length)), ...names]));
  const content = Buffer.concat([withSize(Buffer.from('name')), Buffer.from([1]), functions]);
  return Buffer.concat([Buffer.from([customSection]), withSize(content)]);
}

/** Replaces a file by one that compresses better. */
function reorder(wasmOpt, file) {
  const optimize = (options) =>
    execFileSync(wasmOpt, [...features, ...options, file, '-o', file], { stdio: 'inherit' });
  // Once more after all of Emscripten's passes: fewer numbers of local variables make more functions alike.
  optimize(['--coalesce-locals', '--reorder-locals']);
  // Calls name functions by their number, so a new order changes the code. The second time, the order fits that.
  for (let round = 0; round < 2; round++) {
    const { importCount, bodies, plain } = functionsOf(readFileSync(file));
    writeFileSync(file, Buffer.concat([plain, namesOf(importCount, similarOrder(bodies))]));
    optimize(['--reorder-functions-by-name', '--strip-debug']);
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [wasmOpt, file] = process.argv.slice(2);
  reorder(wasmOpt, file);
}
