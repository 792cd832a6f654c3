// Tests the built decoder module in Node with intact, damaged and hostile picture files.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';
import { ffmpeg, root, scratchFolder } from './data.mjs';
import { toBmp } from './draw.mjs';
import { importTs } from './import-ts.mjs';

const { loadDecoder } = await importTs('worker/picture-decoder.ts');
const wasmUrl = pathToFileURL(path.join(root, 'web/dist/wasm/'));
const decode = await loadDecoder({ wasmUrl });

/** Decodes a file. Returns the size of the picture and a copy of its pixels. */
async function decoded(file, decoder = decode) {
  let picture;
  await decoder(file, (pixels, width, height) => (picture = { width, height, pixels: Buffer.from(pixels) }));
  return picture;
}

/** Colour of each pixel of the test pictures. Every channel has several values. */
const colourAt = (x, y) => [(x * 9 + y) & 255, (y * 7) & 255, (x * y) & 255];

/** Returns pixels [height, width, 4]. `colourOf(x, y)` returns [r, g, b] or [r, g, b, a]. */
function rgba(width, height, colourOf) {
  return Buffer.from(
    Array.from({ length: width * height }, (_, i) =>
      [...colourOf(i % width, Math.floor(i / width)), 255].slice(0, 4),
    ).flat(),
  );
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), Buffer.from(data)]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length);
  // The checksum is the one in gzip's trailer, with the opposite byte order.
  ends.writeUInt32BE(gzipSync(body).readUInt32LE(gzipSync(body).length - 8), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/** Returns a PNG file with 8 bits per sample. `samplesAt(x, y)` returns the samples of one pixel. */
function toPng(width, height, colourType, samplesAt, palette) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, colourType], 8);
  const lines = Array.from({ length: height }, (_, y) => [
    0,
    ...Array.from({ length: width }, (_, x) => samplesAt(x, y)).flat(),
  ]);
  const parts = [
    chunk('IHDR', header),
    ...(palette ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', deflateSync(Buffer.from(lines.flat()))),
    chunk('IEND', []),
  ];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts]);
}

const bmp = toBmp(31, 23, colourAt);
const png = toPng(31, 23, 2, colourAt);
/** Returns a JPEG file with colour gradients, in one of FFmpeg's pixel formats. */
const toJpeg = (format) =>
  ffmpeg(
    '-f',
    'lavfi',
    '-i',
    "color=size=61x47,format=rgb24,geq=r='4*X':g='5*Y':b='128+X-Y'",
    '-frames:v',
    '1',
    '-pix_fmt',
    format,
    '-q:v',
    '2',
    '-f',
    'mjpeg',
    '-',
  );
const jpeg = toJpeg('yuvj420p');

/** Returns the JPEG file with EXIF data that contains an orientation. */
function turned(file, orientation) {
  const exif = Buffer.from(
    '457869660000' + '49492a0008000000' + '0100' + '120103000100000000000000' + '00000000',
    'hex',
  );
  exif.writeUInt16LE(orientation, 24);
  return Buffer.concat([file.subarray(0, 2), Buffer.from([0xff, 0xe1, 0, exif.length + 2]), exif, file.subarray(2)]);
}

test('decodes every pixel of BMP and all kinds of PNG', async () => {
  assert.deepEqual(await decoded(bmp), { width: 31, height: 23, pixels: rgba(31, 23, colourAt) });
  const grey = (x, y) => (x * 8 + y) & 255;
  const palette = [9, 8, 7, 250, 1, 2];
  const kinds = [
    [0, (x, y) => [grey(x, y)], (x, y) => Array(3).fill(grey(x, y))],
    [2, colourAt, colourAt],
    [3, (x, y) => [(x + y) & 1], (x, y) => palette.slice(3 * ((x + y) & 1)).slice(0, 3), palette],
    [4, (x, y) => [grey(x, y), y], (x, y) => [...Array(3).fill(grey(x, y)), y]],
    [6, (x, y) => [...colourAt(x, y), x], (x, y) => [...colourAt(x, y), x]],
  ];
  for (const [type, samplesAt, wanted, colours] of kinds) {
    assert.deepEqual(
      await decoded(toPng(31, 23, type, samplesAt, colours)),
      { width: 31, height: 23, pixels: rgba(31, 23, wanted) },
      `colour type ${type}`,
    );
  }
});

// JPEG may store one colour for two or four pixels. Decoders interpolate it differently, and the results differ most at edges.
for (const [format, most, mostInTheMean] of [
  ['yuvj444p', 3, 1],
  ['yuvj422p', 128, 2.5],
  ['yuvj420p', 128, 2.5],
  ['gray', 3, 1],
]) {
  test(`decodes JPEG files of the format ${format} like FFmpeg`, async (t) => {
    const folder = await scratchFolder(t);
    const file = path.join(folder, 'picture.jpg');
    await writeFile(file, toJpeg(format));
    const wanted = ffmpeg(
      '-i',
      file,
      '-sws_flags',
      'accurate_rnd+full_chroma_int+bilinear',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgba',
      '-',
    );
    const { width, height, pixels } = await decoded(await readFile(file));
    assert.deepEqual([width, height, pixels.length], [61, 47, wanted.length]);
    const differences = pixels.map((value, i) => Math.abs(value - wanted[i]));
    const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
    assert.ok(
      Math.max(...differences) <= most && mean < mostInTheMean,
      `at most ${Math.max(...differences)}, ${mean} in the mean`,
    );
  });
}

test('rotates a JPEG file upright', async () => {
  const { pixels: upright } = await decoded(jpeg);
  const { width, height, pixels } = await decoded(turned(jpeg, 6));
  assert.deepEqual([width, height], [47, 61]);
  const pixelOf = (from, across, x, y) => from.subarray(4 * (y * across + x)).subarray(0, 4);
  for (const [x, y] of [
    [0, 0],
    [46, 0],
    [0, 60],
    [13, 37],
  ])
    assert.deepEqual(pixelOf(pixels, 47, x, y), pixelOf(upright, 61, y, 46 - x), `${x}, ${y}`);
});

test('a truncated file gives a picture or an error, and does not affect the next one', async () => {
  for (const [name, file] of Object.entries({
    bmp: toBmp(9, 7, colourAt),
    png: toPng(9, 7, 2, colourAt),
    jpeg: turned(jpeg, 6),
  })) {
    const whole = await decoded(file);
    let refused = 0;
    for (let length = 0; length < file.length; length++) {
      const picture = await decoded(file.subarray(0, length)).catch((error) => {
        assert.equal(error.code, 'bad-image', `${name}, ${length} bytes: ${error.message}`);
        refused++;
      });
      if (picture)
        assert.deepEqual(
          [picture.width, picture.height, picture.pixels.length],
          [whole.width, whole.height, whole.pixels.length],
          `${name}, ${length} bytes`,
        );
    }
    assert.ok(refused > 20, `${name}: ${refused} refused`);
    assert.deepEqual(await decoded(file), whole);
  }
});

/** Returns a copy of a file with other bytes at one place. */
function patched(file, at, ...bytes) {
  const copy = Buffer.from(file);
  copy.set(bytes, at);
  return copy;
}

test('errors name the file type', async () => {
  const wide = Buffer.from(png);
  wide.writeUInt32BE(16385, 16);
  const large = Buffer.from(png);
  large.writeUInt32BE(16384, 16);
  large.writeUInt32BE(16384, 20);
  const cases = [
    [Buffer.alloc(0), /0 bytes/],
    [Buffer.from('RIFF\x24\0\0\0WEBPVP8 '), /begins with 52 49 46 46 \(hex\), which is not a JPEG, PNG or BMP file/],
    [wide, /PNG file has 16385x23 pixels\. Each side must be 1 to 16384/],
    [large, /PNG file has 16384x16384 pixels\. .*at most 100000000/],
    [patched(bmp, 18, 0, 0, 0, 0), /BMP file/],
    [patched(bmp, 22, 0, 0, 0, 0x80), /BMP file/],
    [patched(png, 24, 7), /PNG file/],
    [Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(500, 7)]), /which is not|JPEG file/],
    [Buffer.concat([jpeg.subarray(0, 20), Buffer.alloc(500, 7)]), /JPEG file/],
  ];
  for (const [file, message] of cases)
    await assert.rejects(decoded(file), { name: 'ClassifierError', code: 'bad-image', message });
  assert.deepEqual((await decoded(bmp)).pixels, rgba(31, 23, colourAt));
});

test('concurrent pictures do not mix', async () => {
  const pictures = await Promise.all([bmp, png, toBmp(5, 4, colourAt), jpeg].map((file) => decoded(file)));
  assert.deepEqual(
    pictures.map(({ width, height }) => [width, height]),
    [
      [31, 23],
      [31, 23],
      [5, 4],
      [61, 47],
    ],
  );
  for (const { width, height, pixels } of pictures.slice(0, 3)) assert.deepEqual(pixels, rgba(width, height, colourAt));
});

test('memory is reused between pictures, except after a large one', async (t) => {
  const instances = [];
  const instantiate = t.mock.method(WebAssembly, 'instantiate', async (module, imports) => {
    const instance = new WebAssembly.Instance(module, imports);
    instances.push(instance);
    return instance;
  });
  const fresh = await loadDecoder({ wasmUrl });
  const sizeOf = (index) => instances[index].exports.memory.buffer.byteLength;
  for (let round = 0; round < 50; round++) await decoded(round % 2 ? jpeg : bmp, fresh);
  assert.equal(instances.length, 1);
  assert.ok(sizeOf(0) < 4 << 20, `${sizeOf(0)} bytes`);
  // The header is enough, because missing pixels of a BMP file get one colour.
  const large = Buffer.from(bmp);
  large.writeInt32LE(7000, 18);
  large.writeInt32LE(6000, 22);
  for (let round = 0; round < 2; round++) {
    await fresh(large, (pixels, width, height) =>
      assert.deepEqual([pixels.length, width, height], [4 * 7000 * 6000, 7000, 6000]),
    );
    assert.equal(instances.length, 1 + round);
    assert.ok(sizeOf(round) > 4 * 7000 * 6000);
  }
  assert.deepEqual((await decoded(bmp, fresh)).pixels, rgba(31, 23, colourAt));
  assert.equal(instances.length, 3);
  assert.ok(sizeOf(2) < 4 << 20, `${sizeOf(2)} bytes`);
  instantiate.mock.restore();
});

test('an error of the receiver is passed on, and the next picture decodes', async () => {
  const trouble = new Error('no room');
  await assert.rejects(
    decode(bmp, () => {
      throw trouble;
    }),
    trouble,
  );
  assert.deepEqual((await decoded(bmp)).pixels, rgba(31, 23, colourAt));
});

test('the module imports only the memory notification, and reports when memory is used up', async () => {
  const module = await WebAssembly.compile(await readFile(new URL('image/decoder.wasm', wasmUrl)));
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: 'env', name: 'emscripten_notify_memory_growth', kind: 'function' },
  ]);
  const { exports } = await WebAssembly.instantiate(module, { env: { emscripten_notify_memory_growth() {} } });
  exports._initialize();
  assert.equal(exports.encodedBuffer(4_294_000_000), 0);
  assert.notEqual(exports.encodedBuffer(1000), 0);
});
