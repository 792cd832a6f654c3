// Tests the built decoder module in Node with intact, damaged and hostile picture files.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { deflateSync, gzipSync } from 'node:zlib';
import { ffmpeg, root, scratchFolder } from '../support/data.mjs';
import { jpegWithScans, toBmp } from '../support/draw.mjs';
import { importTs } from '../support/import-ts.mjs';

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
    [Buffer.from('RIFF\x24\0\0\0WEBPVP8 '), /The format of the file is WebP\. Supported: JPEG, PNG and BMP/],
    [wide, /PNG file has 16385x23 pixels\. Each side must be 1 to 16384/],
    [large, /PNG file has 16384x16384 pixels\. .*at most 128000000/],
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

test('files that would cost much time or memory are refused at once', async (t) => {
  const memories = [];
  const instantiate = t.mock.method(WebAssembly, 'instantiate', async (module, imports) => {
    const instance = new WebAssembly.Instance(module, imports);
    memories.push(instance.exports.memory);
    return instance;
  });
  const largePng = Buffer.from(png);
  largePng.writeUInt32BE(10_000, 16);
  largePng.writeUInt32BE(10_000, 20);
  const claimed = Buffer.concat([png.subarray(0, 33), Buffer.from('40000000', 'hex'), Buffer.from('IDAT')]);
  const largeBmp = patched(bmp.subarray(0, 62), 18, 0x10, 0x27, 0, 0, 0x10, 0x27);
  const inflating = Buffer.concat([
    toPng(1, 1, 0, () => [0]).subarray(0, 33),
    chunk('IDAT', deflateSync(Buffer.alloc(1e8))),
  ]);
  const bombs = {
    'JPEG with 4,000 scans': [jpegWithScans(1000, 1000, 4000), /up to 4001 passes over 1000x1000 pixels/],
    'PNG of one pixel that inflates to 100 MB': [
      Buffer.concat([inflating, chunk('IEND', [])]),
      /more compressed data than its pixels need/,
    ],
    'PNG that claims a chunk of 1 GB': [claimed, /more compressed data than its pixels need/],
    'PNG header of 100 megapixels': [largePng, /PNG file is truncated/],
    'BMP header of 100 megapixels': [largeBmp, /BMP file is truncated: it has 62 bytes/],
    'JPEG header of 100 megapixels': [jpegWithScans(10_000, 10_000, 0), /JPEG file is truncated/],
  };
  for (const [name, [file, message]] of Object.entries(bombs)) {
    const fresh = await loadDecoder({ wasmUrl });
    const started = performance.now();
    await assert.rejects(decoded(file, fresh), { name: 'ClassifierError', code: 'bad-image', message }, name);
    const ms = performance.now() - started;
    assert.ok(ms < 15_000, `${name}: ${ms} ms`);
    const { byteLength } = memories.at(-1).buffer;
    assert.ok(byteLength < 16 << 20, `${name}: ${byteLength} bytes of memory for ${file.length} bytes`);
    // The same instance decodes the next picture.
    assert.deepEqual((await decoded(bmp, fresh)).pixels, rgba(31, 23, colourAt));
  }
  assert.equal(memories.length, Object.keys(bombs).length);
  instantiate.mock.restore();
  // The same number of scans over a small picture takes no time.
  assert.equal((await decoded(jpegWithScans(16, 16, 4000))).width, 16);
});

test('a file gives the same pixels in a fresh instance and in one that has decoded others', async () => {
  const palettes = [1, 4, 8].map((bits) => {
    // 13 x 15 pixels of every value, and a palette of one entry.
    const rowBytes = Math.ceil((13 * bits) / 32) * 4;
    const header = Buffer.alloc(58);
    header.write('BM');
    header.writeUInt32LE(58, 10);
    header.writeUInt32LE(40, 14);
    header.writeInt32LE(13, 18);
    header.writeInt32LE(15, 22);
    header.writeUInt16LE(1, 26);
    header.writeUInt16LE(bits, 28);
    header.set([3, 2, 1, 0], 54);
    return Buffer.concat([header, Buffer.from(Array.from({ length: rowBytes * 15 }, (_, i) => (i * 37) & 255))]);
  });
  const files = [
    ...palettes,
    toPng(13, 15, 3, (x, y) => [(x * y) & 255], [1, 2, 3]),
    toPng(13, 15, 3, (x, y) => [(x * y) & 255], []),
    jpeg.subarray(0, jpeg.length / 2),
    jpegWithScans(20, 20, 2).subarray(0, -20),
    bmp.subarray(0, bmp.length / 2),
  ];
  for (const [index, file] of files.entries()) {
    const results = [];
    const used = await loadDecoder({ wasmUrl });
    for (const before of [null, jpeg, png, bmp, null]) {
      const decoder = before ? used : await loadDecoder({ wasmUrl });
      if (before) await decoded(before, decoder);
      results.push(await decoded(file, decoder).catch((error) => error.message));
    }
    for (const result of results) assert.deepEqual(result, results[0], `file ${index}`);
  }
  // Missing entries are black.
  const { pixels } = await decoded(palettes[2]);
  assert.deepEqual([...pixels.subarray(13 * 4 * 14, 13 * 4 * 14 + 8)], [1, 2, 3, 255, 0, 0, 0, 255]);
});

test('a decoder that refuses truncated files tells them wherever they end', async () => {
  const strict = await loadDecoder({ wasmUrl, refusesTruncated: true });
  for (const [name, file] of Object.entries({ jpeg, bmp, png })) {
    assert.deepEqual(await decoded(file, strict), await decoded(file), name);
    assert.deepEqual(await decoded(Buffer.concat([file, Buffer.from('a trailer')]), strict), await decoded(file), name);
    for (let length = 1; length < file.length - 3; length += 7)
      await assert.rejects(
        decoded(file.subarray(0, length), strict),
        { code: 'bad-image' },
        `${name}, ${length} bytes`,
      );
  }
  await assert.rejects(decoded(jpeg.subarray(0, -2), strict), /The JPEG file is truncated: its end is missing/);
  await assert.rejects(decoded(bmp.subarray(0, -9), strict), /The BMP file is truncated: its end is missing/);
});

/** Returns a function that starts helpers from the built script, the list of those that it started, and a wait for the next request. */
function helpers() {
  const started = [];
  let onRequest = () => {};
  const nextRequest = () => new Promise((resolve) => (onRequest = resolve));
  const startHelper = () => {
    const worker = new Worker(new URL('web/dist/worker.js', pathToFileURL(`${root}/`)));
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    started.push({ worker, ended });
    return {
      ask(message, onAnswer, onFailure) {
        worker.once('message', onAnswer);
        worker.once('error', onFailure);
        worker.postMessage(message);
        onRequest();
      },
      terminate: () => void worker.terminate(),
    };
  };
  return { started, startHelper, nextRequest };
}

test('a picture that takes long is decoded by a helper, and ends with it at the deadline or an abort', async () => {
  const { started, startHelper, nextRequest } = helpers();
  const slow = jpegWithScans(1000, 1000, 70);
  const endless = jpegWithScans(1000, 1000, 1490);
  const patient = await loadDecoder({ wasmUrl, startHelper });
  await decoded(jpeg, patient);
  assert.equal(started.length, 0, 'ordinary pictures need no helper');
  assert.deepEqual(await decoded(slow, patient), await decoded(slow));
  await decoded(slow, patient);
  assert.equal(started.length, 1, 'the helper is kept');
  await assert.rejects(decoded(slow, await loadDecoder({ wasmUrl, startHelper, deadlineMs: 1 })), {
    code: 'bad-image',
    message: /took longer than 0\.001 s and was stopped/,
  });
  await started[1].ended;

  const reason = new Error('no longer wanted');
  const controller = new AbortController();
  const requested = nextRequest();
  const call = patient(endless, () => assert.fail('decoded'), controller.signal);
  await requested;
  controller.abort(reason);
  await assert.rejects(call, { code: 'aborted', cause: reason });
  await started[0].ended;
  await assert.rejects(
    patient(endless, () => assert.fail('decoded'), controller.signal),
    { code: 'aborted' },
  );
  // The next picture gets another helper.
  assert.equal((await decoded(slow, patient)).width, 1000);
  assert.equal(started.length, 3);
  // Errors arrive as they would from this thread.
  const strict = await loadDecoder({ wasmUrl, startHelper, refusesTruncated: true });
  await assert.rejects(decoded(slow.subarray(0, -2), strict), /JPEG file is truncated: its end is missing/);
  for (const { worker } of started) await worker.terminate();
});

test('a picture that takes long is decoded here when no helper starts', async () => {
  const slow = jpegWithScans(1000, 1000, 70);
  const wanted = await decoded(slow);
  const startHelpers = [
    () => Promise.reject(new Error('no workers here')),
    () => ({ ask: (_message, _onAnswer, onFailure) => onFailure(), terminate() {} }),
    () => ({
      ask() {
        throw new Error("can't be cloned");
      },
      terminate() {},
    }),
  ];
  for (const startHelper of startHelpers)
    assert.deepEqual(await decoded(slow, await loadDecoder({ wasmUrl, startHelper })), wanted);
});

test('an abort stops a picture in a loaded classifier, which goes on', { timeout: 120_000 }, async () => {
  const { load } = await import(pathToFileURL(path.join(root, 'web/dist/index.js')).href);
  const classifier = await load();
  assert.equal(await classifier.addExample(bmp, 'a'), 1);
  const endless = jpegWithScans(1000, 1000, 1490);
  for (const ask of [
    (signal) => classifier.embed(endless, { signal }),
    (signal) => classifier.addExample(endless, 'b', { signal }),
  ]) {
    const started = performance.now();
    const call = ask(AbortSignal.timeout(300));
    const next = classifier.predict(bmp);
    await assert.rejects(call, { code: 'aborted' });
    assert.equal((await next).label, 'a');
    const ms = performance.now() - started;
    assert.ok(ms < 15_000, `${ms} ms: the deadline of 20 s ended it, not the signal`);
  }
  assert.deepEqual({ ...(await classifier.counts()) }, { a: 1 });
  classifier.dispose();
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
  // A part of the file is enough, because missing pixels of a BMP file get one colour.
  const large = Buffer.concat([bmp, Buffer.alloc(3e6)]);
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

test('what a cut-off JPEG file has no data for is grey, and what it has stays', async () => {
  for (const format of ['yuvj420p', 'yuvj444p', 'gray']) {
    const file = toJpeg(format);
    const { width, height, pixels } = await decoded(file);
    const side = 16;
    const header = file.indexOf(Buffer.from([0xff, 0xda]));
    for (const share of [0.1, 0.2, 0.3, 0.4, 0.5, 1]) {
      const length = Math.ceil(header + 14 + (file.length - header - 16) * share);
      const cut = await decoded(file.subarray(0, length));
      /** Per block: 'same', 'grey' or 'other'. */
      const blocks = [];
      for (let y = 0; y < height; y += side) {
        for (let x = 0; x < width; x += side) {
          let [same, grey] = [true, true];
          for (let v = y; v < Math.min(y + side, height); v++) {
            for (let u = x; u < Math.min(x + side, width); u++) {
              for (let c = 0; c < 3; c++) {
                const at = (v * width + u) * 4 + c;
                same &&= cut.pixels[at] === pixels[at];
                grey &&= cut.pixels[at] === 128;
              }
            }
          }
          blocks.push(same ? 'same' : grey ? 'grey' : 'other');
        }
      }
      const first = blocks.indexOf('grey') < 0 ? blocks.length : blocks.indexOf('grey');
      const what = `${format} ${share}: ${blocks.join(' ')}`;
      assert.ok(
        blocks.slice(first).every((block) => block === 'grey'),
        what,
      );
      assert.ok(share < 1 || first === blocks.length, what);
      assert.ok(share === 1 || first < blocks.length, what);
      // Where colours have fewer samples, those at the border of the missing part depend on both sides.
      const others = blocks.slice(0, first).filter((block) => block !== 'same').length;
      assert.ok(others <= (share === 1 ? 0 : 6), what);
    }
  }
});
