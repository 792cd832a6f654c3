// Pictures that browsers decode or show in different ways, in Chromium, Firefox and partly WebKit: transparency, videos, formats.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test, { after, before } from 'node:test';
import { openFirefox } from '../support/firefox.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';

const browsers = {};
/** A server of another origin, with a picture. */
const other = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'image/svg+xml' });
  response.end('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="50" height="50"/></svg>');
});

before(async () => {
  browsers.Chromium = await openBrowser();
  browsers.Firefox = await openFirefox();
  browsers.WebKit = await openWebKit();
  await once(other.listen(0, '127.0.0.1'), 'listening');
});

after(async () => {
  await Promise.all(Object.values(browsers).map((browser) => browser.close()));
  other.closeAllConnections();
  other.close();
});

/** Runs in the page. */
const helpers = `
  globalThis.open = async (options) => (await import('/lib/index.js')).load(options);
  globalThis.cosine = (a, b) => {
    let ab = 0, aa = 0, bb = 0;
    a.forEach((value, index) => { ab += value * b[index]; aa += value * value; bb += b[index] * b[index]; });
    return ab / Math.sqrt(aa * bb);
  };
  globalThis.errorOf = (promise) => promise.then(() => undefined, ({ code, message }) => ({ code, message }));
  globalThis.imageOf = async (src) => {
    const image = Object.assign(new Image(), { src });
    await new Promise((resolve) => { image.onload = image.onerror = resolve; });
    return image;
  };
  // A clip of 2 seconds: red and blue with a green corner, then yellow with a black square. 'turn' and 'wide' patch its header.
  globalThis.videoOf = async ({ turn = 0, wide = 1 } = {}) => {
    const bytes = new Uint8Array(await (await fetch('/pages/two-scenes.mp4')).arrayBuffer());
    const at = (name) => bytes.findIndex((_, i) => [...name].every((letter, k) => bytes[i + k] === letter.charCodeAt(0)));
    const view = new DataView(bytes.buffer);
    const [cos, sin] = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] }[turn];
    [cos, sin, 0, -sin, cos, 0].forEach((value, i) => view.setInt32(at('tkhd') + 44 + 4 * i, value * (i % 3 === 2 ? 1 : 65536)));
    view.setUint32(at('pasp') + 4, wide);
    view.setUint32(at('pasp') + 8, 1);
    view.setUint32(at('tkhd') + 80, wide * 160 * 65536);
    const video = Object.assign(document.createElement('video'), { muted: true });
    video.src = URL.createObjectURL(new Blob([bytes], { type: 'video/mp4' }));
    return video;
  };
  globalThis.heard = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
  globalThis.drawnAs = (source, width, height) => {
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext('2d').drawImage(source, 0, 0, width, height);
    return canvas;
  };
`;

/** Opens a page in each browser and runs `use` in it, with the address of a picture of another origin. */
function inEach(title, use, check, { names = ['Chromium', 'Firefox'], serving } = {}) {
  for (const name of names) {
    test(`${title}, in ${name}`, { timeout: 120_000 }, async (t) => {
      const { page } = await openPage(t, browsers[name], {
        path: 'pages/blank.html',
        serving: { csp: '', ...serving },
      });
      await page.evaluate(helpers);
      check(await page.evaluate(use, `http://127.0.0.1:${other.address().port}/`), name);
    });
  }
}

inEach(
  'a transparent drawing is seen over white, in the same way as every kind of picture',
  async () => {
    const classifier = await open();
    const draw = (behind, hidden) => {
      const canvas = new OffscreenCanvas(300, 200);
      const context = canvas.getContext('2d');
      if (behind) {
        context.fillStyle = behind;
        context.fillRect(0, 0, 300, 200);
      }
      context.lineWidth = 12;
      context.strokeStyle = 'rgba(20, 20, 90, 0.9)';
      context.beginPath();
      context.arc(150, 100, 60, 0, 5);
      context.stroke();
      context.fillStyle = 'rgba(250, 80, 0, 0.4)';
      context.fillRect(120, 20, 100, 120);
      return hidden ? hidden(context.getImageData(0, 0, 300, 200)) : canvas;
    };
    const canvas = draw();
    const html = Object.assign(document.createElement('canvas'), { width: 300, height: 200 });
    html.getContext('2d').drawImage(canvas, 0, 0);
    const float16 = new OffscreenCanvas(300, 200);
    float16.getContext('2d', { colorType: 'float16' }).drawImage(canvas, 0, 0);
    const png = await canvas.convertToBlob({ type: 'image/png' });
    const address = URL.createObjectURL(png);
    const pixels = canvas.getContext('2d').getImageData(0, 0, 300, 200);
    const hiddenColours = draw(undefined, (image) => {
      image.data.forEach((_, i) => {
        if (i % 4 === 3 && image.data[i] === 0) image.data.set([255, 0, 200], i - 3);
      });
      return image;
    });
    const kinds = {
      canvas,
      html,
      float16,
      ImageData: pixels,
      hiddenColours,
      rgba: { data: new Uint8Array(pixels.data), width: 300, height: 200 },
      bitmap: await createImageBitmap(canvas),
      straightBitmap: await createImageBitmap(canvas, { premultiplyAlpha: 'none' }),
      premultipliedBitmap: await createImageBitmap(pixels, { premultiplyAlpha: 'premultiply' }),
      VideoFrame: new VideoFrame(canvas, { timestamp: 0, alpha: 'keep' }),
      img: await imageOf(address),
      file: png,
      address,
      webp: await canvas.convertToBlob({ type: 'image/webp', quality: 1 }),
    };
    const white = await classifier.embed(draw('#fff'));
    const black = await classifier.embed(draw('#000'));
    const cosines = {};
    for (const [kind, image] of Object.entries(kinds)) cosines[kind] = cosine(await classifier.embed(image), white);
    const here = await open({ worker: false, preprocess: { background: [0, 0, 0] } });
    const overBlack = cosine(await here.embed(canvas), black);
    const { background } = here.model.preprocess;
    const ignoring = await open({ preprocess: { background: 'none' } });
    const ignored = cosine(await ignoring.embed(canvas), white);
    const isStandIn = classifier.model.classCount === 0;
    for (const each of [classifier, here, ignoring]) each.dispose();
    return { cosines, contrast: cosine(white, black), overBlack, background, ignored, isStandIn };
  },
  ({ cosines, contrast, overBlack, background, ignored, isStandIn }) => {
    assert.ok(contrast < 0.95, `contrast ${contrast}`);
    for (const [kind, value] of Object.entries(cosines)) assert.ok(value > 0.99, `${kind}: ${value}`);
    assert.ok(overBlack > 0.99, `over black: ${overBlack}`);
    assert.deepEqual(background, [0, 0, 0]);
    // The stand-in sees less of a difference.
    assert.ok(ignored < (isStandIn ? 0.97 : 0.95), `ignored: ${ignored}`);
  },
);

inEach(
  "opaque canvases, bitmaps and frames give the pixels that getImageData() reads, and stay the caller's",
  async () => {
    const classifier = await open();
    let frames = 0;
    let bitmaps = 0;
    globalThis.createImageBitmap = new Proxy(createImageBitmap, {
      apply(target, self, args) {
        bitmaps++;
        return Reflect.apply(target, self, args);
      },
    });
    globalThis.VideoFrame = new Proxy(VideoFrame, {
      construct(target, args) {
        frames++;
        return new target(...args);
      },
    });
    const scene = (canvas, settings) => {
      const context = Object.assign(canvas, { width: 640, height: 480 }).getContext('2d', settings);
      for (let y = 0; y < 480; y += 8) {
        for (let x = 0; x < 640; x += 8) {
          context.fillStyle = `rgb(${(x * 7 + y) % 256} ${(x + y * 3) % 256} ${(x * y) % 256})`;
          context.fillRect(x, y, 8, 8);
        }
      }
      return canvas;
    };
    const canvas = scene(document.createElement('canvas'));
    const pixels = canvas.getContext('2d').getImageData(0, 0, 640, 480);
    // Without frames, pixels go as bytes, and the module crops them.
    const embedBytes = async (network, image) => {
      const { VideoFrame: kept } = globalThis;
      globalThis.VideoFrame = undefined;
      const embedding = network.embed(image);
      globalThis.VideoFrame = kept;
      return embedding;
    };
    const expected = await embedBytes(classifier, pixels);
    const mostOff = (values) => Math.max(...values.map((value, i) => Math.abs(value - expected[i])));
    const off = {};
    const made = {};
    const kinds = {
      canvas,
      withoutAlpha: scene(document.createElement('canvas'), { alpha: false }),
      read: scene(document.createElement('canvas'), { willReadFrequently: true }),
      OffscreenCanvas: scene(new OffscreenCanvas(1, 1)),
      bitmap: await createImageBitmap(canvas),
      straightBitmap: await createImageBitmap(pixels, { premultiplyAlpha: 'none' }),
      VideoFrame: new VideoFrame(canvas, { timestamp: 0 }),
      bytes: { data: new Uint8Array(pixels.data), width: 640, height: 480 },
    };
    for (const [kind, picture] of Object.entries(kinds)) {
      frames = 0;
      bitmaps = 0;
      off[kind] = mostOff(await classifier.embed(picture));
      off[`${kind} again`] = mostOff(await classifier.embed(picture));
      made[kind] = { frames, bitmaps };
    }
    const wide = scene(document.createElement('canvas'), { colorSpace: 'display-p3' });
    const narrow = wide.getContext('2d').getImageData(0, 0, 640, 480, { colorSpace: 'srgb' });
    const wideGamut = cosine(await classifier.embed(wide), await classifier.embed(narrow));

    // Sides whose central square doesn't begin at an even pixel, and a network that sees everything.
    const squash = await open({ preprocess: { crop: 'squash' } });
    for (const network of [classifier, squash]) {
      for (const [width, height] of [
        [501, 330],
        [300, 402],
      ]) {
        const part = canvas.getContext('2d').getImageData(0, 0, width, height);
        const small = Object.assign(document.createElement('canvas'), { width, height });
        small.getContext('2d').putImageData(part, 0, 0);
        const [ofPixels, ofCanvas] = [await embedBytes(network, part), await network.embed(small)];
        const title = `${width} x ${height}, ${network.model.preprocess.crop}`;
        off[title] = Math.max(...ofPixels.map((value, i) => Math.abs(value - ofCanvas[i])));
      }
    }
    const ignoring = await open({ preprocess: { background: 'none' } });
    const hidden = new ImageData(
      pixels.data.map((value, i) => (i % 4 === 3 ? i % 250 : value)),
      640,
      480,
    );
    off['hidden colours'] = mostOff(await ignoring.embed(hidden));
    for (const each of [classifier, squash, ignoring]) each.dispose();
    return { off, made, wideGamut };
  },
  ({ off, made, wideGamut }, name) => {
    for (const [kind, difference] of Object.entries(off)) assert.equal(difference, 0, kind);
    // Pictures become frames where that takes no conversion in the page. Elsewhere the page reads them: see sent-as.ts.
    const { VideoFrame: _, ...sent } = made;
    for (const [kind, counts] of Object.entries(sent))
      assert.deepEqual(counts, { frames: name === 'Chromium' ? 2 : 0, bitmaps: 0 }, kind);
    assert.ok(wideGamut > 0.999, `wide gamut: ${wideGamut}`);
  },
  { names: ['Chromium', 'Firefox', 'WebKit'] },
);

inEach(
  'a canvas with pixels of another origin is refused, and the next one is seen',
  async (there) => {
    const classifier = await open();
    const canvas = Object.assign(document.createElement('canvas'), { width: 300, height: 200 });
    const context = canvas.getContext('2d');
    context.fillRect(50, 50, 100, 100);
    const before = await classifier.embed(canvas);
    const tainted = document.createElement('canvas');
    tainted.getContext('2d').drawImage(await imageOf(there), 0, 0);
    const errors = [await errorOf(classifier.embed(tainted)), await errorOf(classifier.embed(tainted))];
    const after = await classifier.embed(canvas);
    classifier.dispose();
    return { errors, same: after.every((value, i) => value === before[i]) };
  },
  ({ errors, same }) => {
    for (const error of errors) {
      assert.equal(error?.code, 'bad-image');
      assert.match(error.message, /comes from another origin/);
    }
    assert.ok(same);
  },
  { names: ['Chromium', 'Firefox', 'WebKit'], serving: { isolated: false } },
);

inEach(
  'a phone video that is turned or has wide pixels is seen as drawImage() shows it',
  async () => {
    const classifier = await open();
    const result = {};
    for (const settings of [{}, { turn: 90 }, { turn: 180 }, { turn: 270 }, { wide: 2 }]) {
      const video = await videoOf(settings);
      await heard(video, 'loadeddata');
      const seen = await classifier.embed(video);
      const { videoWidth: width, videoHeight: height } = video;
      const drawn = await classifier.embed(drawnAs(video, width, height));
      const plain = await classifier.embed(drawnAs(video, 160, 120));
      result[JSON.stringify(settings)] = { width, height, same: cosine(seen, drawn), plain: cosine(drawn, plain) };
    }
    classifier.dispose();
    return result;
  },
  (result) => {
    const sizes = Object.values(result).map(({ width, height }) => `${width}x${height}`);
    assert.deepEqual(sizes, ['160x120', '120x160', '160x120', '120x160', '320x120']);
    for (const [settings, { same }] of Object.entries(result)) assert.ok(same > 0.99, `${settings}: ${same}`);
  },
);

inEach(
  'a video that has just loaded or was just sought is awaited, and an abort ends the wait',
  async () => {
    const classifier = await open();
    const first = await videoOf();
    await heard(first, 'loadeddata');
    const early = await classifier.embed(first);
    const attached = document.body.appendChild(await videoOf());
    await heard(attached, 'loadedmetadata');
    attached.currentTime = 1.5;
    const sought = await classifier.embed(attached);
    const again = classifier.embed(attached);
    attached.currentTime = 0.5;
    const back = await classifier.embed(attached);
    const abort = new AbortController();
    attached.currentTime = 1.7;
    const ended = heard(attached, 'seeked');
    const aborted = errorOf(classifier.embed(attached, { signal: abort.signal }));
    abort.abort();
    await ended;
    const empty = await errorOf(classifier.embed(document.createElement('video')));
    const result = {
      soughtBack: cosine(back, early),
      other: cosine(sought, early),
      again: cosine(await again, sought),
    };
    const drawn = cosine(await classifier.embed(drawnAs(attached, 160, 120)), sought);
    const codes = [(await aborted).code, empty.code];
    classifier.dispose();
    return { ...result, drawn, codes };
  },
  ({ soughtBack, other, again, drawn, codes }) => {
    assert.ok(soughtBack > 0.99, `sought back: ${soughtBack}`);
    assert.ok(other < 0.9, `other scene: ${other}`);
    assert.ok(again > 0.99, `again: ${again}`);
    assert.ok(drawn > 0.99, `drawn: ${drawn}`);
    assert.deepEqual(codes, ['aborted', 'bad-image']);
  },
);

test('a browser that gives noise in place of pixels is noticed: elements are refused, files work, and info() says so', {
  timeout: 120_000,
}, async (t) => {
  const guarded = await openFirefox({ prefs: { 'privacy.resistFingerprinting': true } });
  t.after(() => guarded.close());
  const { page } = await openPage(t, guarded, { path: 'pages/blank.html', serving: { csp: '' } });
  await page.evaluate(helpers);
  const { readsCanvases, errors, file, compat } = await page.evaluate(async () => {
    const classifier = await open();
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
    canvas.getContext('2d').fillRect(0, 0, 30, 30);
    const video = await videoOf();
    await heard(video, 'loadeddata');
    const pictures = { canvas, video, img: await imageOf('/icon.svg'), bitmap: await createImageBitmap(canvas) };
    const errors = {};
    for (const [kind, picture] of Object.entries(pictures)) errors[kind] = await errorOf(classifier.embed(picture));
    const bmp = new Uint8Array(58);
    bmp.set([66, 77, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24]);
    const file = (await classifier.embed(new Blob([bmp]))).length;
    const { readsCanvases } = await classifier.info();
    classifier.dispose();
    const original = await (await import('/lib/compat/mobilenet.js')).load();
    // The stand-in has no classes.
    const compat = await errorOf((async () => original.infer(canvas, true))());
    original.dispose();
    return { readsCanvases, errors, file, compat };
  });
  assert.equal(readsCanvases, false);
  assert.ok(file > 0);
  for (const [kind, error] of Object.entries({ ...errors, compat })) {
    assert.equal(error?.code, 'bad-image', kind);
    assert.match(error.message, /noise .* Pass picture files in JPEG, PNG or BMP/, kind);
  }
  for (const name of ['Chromium', 'Firefox']) {
    const { page: usual } = await openPage(t, browsers[name], { path: 'pages/blank.html' });
    await usual.evaluate(helpers);
    const reads = await usual.evaluate(async () => {
      const classifier = await open();
      const info = await classifier.info();
      classifier.dispose();
      return info.readsCanvases;
    });
    assert.equal(reads, true, name);
  }
});

inEach(
  'SVG pictures, canvases without a context and turned PNG files are seen; other formats are named in the error',
  async () => {
    const classifier = await open();
    const svg = (head) =>
      new Blob(
        [
          `<svg xmlns="http://www.w3.org/2000/svg" ${head}><rect width="60" height="30" fill="red"/><circle cx="70" cy="70" r="25"/></svg>`,
        ],
        { type: 'image/svg+xml' },
      );
    const cosines = {};
    for (const head of ['', 'viewBox="0 0 100 100"', 'width="100%" height="100%"', 'width="90" height="120"']) {
      const image = await imageOf(URL.createObjectURL(svg(head)));
      const { naturalWidth: width, naturalHeight: height } = image;
      cosines[`svg ${head}`] = cosine(
        await classifier.embed(image),
        await classifier.embed(drawnAs(image, width, height)),
      );
    }
    const blank = await classifier.embed(Object.assign(document.createElement('canvas'), { width: 40, height: 30 }));
    const unused = new OffscreenCanvas(40, 30);
    cosines.unused = cosine(await classifier.embed(unused), blank);
    const isUnused = unused.getContext('webgl') !== null || unused.getContext('bitmaprenderer') !== null;

    // A PNG file whose chunk eXIf says that it must be turned to the right.
    const scene = drawnAs(await imageOf(URL.createObjectURL(svg('width="90" height="120"'))), 90, 120);
    const png = new Uint8Array(await (await scene.convertToBlob()).arrayBuffer());
    const chunk = [
      0x65,
      0x58,
      0x49,
      0x66,
      ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0],
      0,
      0,
      0,
      0,
    ];
    let crc = 0xffffffff;
    for (const byte of chunk) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    crc = ~crc >>> 0;
    const ends = [24, 16, 8, 0].map((shift) => (crc >>> shift) & 255);
    const turned = new Blob([png.subarray(0, 33), Uint8Array.of(0, 0, 0, 26, ...chunk, ...ends), png.subarray(33)]);
    const image = await imageOf(URL.createObjectURL(turned));
    cosines.turned = cosine(await classifier.embed(turned), await classifier.embed(image));
    const size = [image.naturalWidth, image.naturalHeight];

    const text = (...parts) => new Blob(parts);
    const box = (brand) => text(Uint8Array.of(0, 0, 0, 24), 'ftyp', brand, new Uint8Array(12));
    const others = {
      HEIC: box('heic'),
      AVIF: box('avif'),
      SVG: svg(''),
      TIFF: text('II*\0'),
      'JPEG XL': text(Uint8Array.of(255, 10, 9)),
    };
    const errors = {};
    for (const [name, file] of Object.entries(others)) errors[name] = await errorOf(classifier.embed(file));
    classifier.dispose();
    return { cosines, isUnused, size, errors };
  },
  ({ cosines, isUnused, size, errors }, name) => {
    for (const [kind, value] of Object.entries(cosines)) assert.ok(value > 0.99, `${kind}: ${value}`);
    assert.ok(isUnused, 'the OffscreenCanvas has no context afterwards');
    assert.deepEqual(size, [120, 90]);
    for (const [format, error] of Object.entries(errors)) {
      assert.equal(error?.code, 'bad-image', `${name}: ${format}`);
      assert.match(error.message, new RegExp(`format of the file is ${format}.*Convert it`));
    }
  },
);

inEach(
  'a photo of 48 megapixels needs little memory beside 10,000 examples, and is seen like its small copy',
  async () => {
    const scene = (width, height) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d');
      const sky = context.createLinearGradient(0, 0, width, height);
      sky.addColorStop(0, '#4a90d9');
      sky.addColorStop(1, '#e8d8b0');
      context.fillStyle = sky;
      context.fillRect(0, 0, width, height);
      context.fillStyle = '#c03020';
      context.fillRect(width * 0.4, height * 0.3, width * 0.2, height * 0.4);
      return canvas;
    };
    const classifier = await open();
    const small = await classifier.embed(scene(800, 600));
    const rows = Float32Array.from({ length: 10_000 * small.length }, (_, i) => Math.sin(i));
    await classifier.addExamples(
      rows,
      Array.from({ length: 10_000 }, (_, i) => i % 5),
    );
    const before = (await classifier.info()).heapBytes;
    const file = await scene(8000, 6000).convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    const image = await imageOf(URL.createObjectURL(file));
    const cosines = {
      image: cosine(await classifier.embed(image), small),
      file: cosine(await classifier.embed(file), small),
    };
    await classifier.addExample(image, 'photo', { alsoMirrored: true });
    const { photo } = await classifier.counts();
    const grown = (await classifier.info()).heapBytes - before;
    classifier.dispose();
    return { cosines, grown, photo };
  },
  ({ cosines, grown, photo }) => {
    for (const [kind, value] of Object.entries(cosines)) assert.ok(value > 0.98, `${kind}: ${value}`);
    assert.equal(photo, 2);
    assert.ok(grown < 64 << 20, `the module's memory grew by ${grown} bytes`);
  },
);
