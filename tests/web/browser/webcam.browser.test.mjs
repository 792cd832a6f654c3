// The main use: frames of a live webcam teach three classes, and later frames are recognised.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { fetchDefault, fetchModel } from '../../../models/fetch.mjs';
import { dataFolder, ffmpeg, needsData, scratchFolder } from '../support/data.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';

/** Output options of ffmpeg. Chromium's fake camera shows green for any other chroma subsampling. */
const playable = ['-pix_fmt', 'yuvj420p', '-q:v', '2'];

const thumb = { width: 18, height: 32 };

/** Returns all frames of a clip as small grey pictures. They tell which frame the camera shows. */
function thumbnails(clip) {
  const bytes = ffmpeg(
    '-i',
    clip,
    '-vf',
    `scale=${thumb.width}:${thumb.height}:flags=area,format=gray`,
    '-f',
    'rawvideo',
    '-',
  );
  const size = thumb.width * thumb.height;
  return Array.from({ length: bytes.length / size }, (_, i) => [...bytes.subarray(i * size, (i + 1) * size)]);
}

/**
 * Runs in the page. Each stretch of the clip is one class. Adds frames of each stretch's first half until every class has
 * `wanted` examples, then classifies frames of the second halves until every class has `wanted` results.
 */
async function teachFromCamera({ entry, variant, thumbs, thumb, stretches, wanted }) {
  const { load } = await import('/lib/index.js');
  const classifier = await load({ model: { ...entry, baseUrl: '/models/' }, variant });
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  const canvas = Object.assign(document.createElement('canvas'), thumb);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'high';

  const frameOf = (bitmap) => {
    context.drawImage(bitmap, 0, 0, thumb.width, thumb.height);
    const { data } = context.getImageData(0, 0, thumb.width, thumb.height);
    let best = Infinity;
    let index = -1;
    thumbs.forEach((grey, i) => {
      let distance = 0;
      for (let p = 0; p < grey.length && distance < best; p++) {
        distance += Math.abs(grey[p] - (data[4 * p] * 0.299 + data[4 * p + 1] * 0.587 + data[4 * p + 2] * 0.114));
      }
      if (distance < best) [best, index] = [distance, i];
    });
    return index;
  };
  const partOf = (index) => {
    for (const { label, first, last } of stretches) {
      if (index < first || index > last) continue;
      // A gap between the halves, so that no tested frame is next to a taught one.
      const middle = (first + last) / 2;
      return { label, use: index < middle - 1 ? 'teach' : index > middle + 1 ? 'test' : 'gap' };
    }
    return undefined;
  };

  const results = [];
  // By own keys, because a label may be '__proto__'.
  const countOf = (counts, label) => (Object.hasOwn(counts, label) ? counts[label] : 0);
  const enough = (counts) => stretches.every(({ label }) => countOf(counts, label) >= wanted);
  const deadline = performance.now() + 240_000;
  const tested = Object.create(null);
  while (!enough(tested) && performance.now() < deadline) {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    const bitmap = await createImageBitmap(video);
    const index = frameOf(bitmap);
    const part = partOf(index);
    const counts = await classifier.counts();
    if (part?.use === 'teach' && countOf(counts, part.label) < wanted) {
      await classifier.addExample(bitmap, part.label);
    } else if (part?.use === 'test' && enough(counts)) {
      const { label } = await classifier.predict(bitmap, { k: 3 });
      tested[part.label] = (tested[part.label] ?? 0) + 1;
      results.push({ index, wanted: part.label, got: label });
    } else {
      bitmap.close();
    }
  }
  const info = await classifier.info();
  const counts = await classifier.counts();
  classifier.dispose();
  video.srcObject.getTracks().forEach((track) => track.stop());
  // Entries, because an object with a key '__proto__' loses it on the way out of the page.
  return { results, counts: Object.entries(counts), tested: Object.entries(tested), info };
}

async function expectRecognised(t, { clip, stretches, entry, variant, isolated }) {
  const browser = await openBrowser({ camera: clip });
  const { page } = await openPage(t, browser, { path: 'pages/blank.html', serving: { isolated } });
  t.after(() => browser.close());
  const { results, counts, tested, info } = await page.evaluate(teachFromCamera, {
    entry,
    variant,
    thumbs: thumbnails(clip),
    thumb,
    stretches,
    wanted: 10,
  });
  for (const { label } of stretches) {
    const [taught, seen] = [counts, tested].map((entries) => new Map(entries).get(label));
    assert.ok(taught >= 8, `class '${label}' has ${taught} examples; at least 8 are needed`);
    assert.ok(seen >= 8, `class '${label}' was tested ${seen} times; at least 8 are needed`);
  }
  const right = results.filter((result) => result.wanted === result.got).length;
  t.diagnostic(
    `${info.variant}, ${info.threads} threads, ${info.model.id}: ${right} of ${results.length} held-out frames recognised`,
  );
  assert.ok(right / results.length >= 0.95, JSON.stringify(results.filter((result) => result.wanted !== result.got)));
  return info;
}

// Frame numbers at 25 frames per second.
const handStretches = [
  { label: 'two fingers', first: 20, last: 44 },
  { label: 'little finger', first: 58, last: 82 },
  { label: 'index finger', first: 134, last: 162 },
];

for (const [variant, isolated] of [
  ['relaxed-threads', true],
  ['simd-threads', true],
  ['relaxed', true],
  ['simd', false],
]) {
  test(`hand signs in front of the webcam are recognised (${variant})`, {
    ...needsData,
    timeout: 300_000,
  }, async (t) => {
    const clip = path.join(await scratchFolder(t), 'hand.mjpeg');
    ffmpeg('-i', path.join(dataFolder, 'video/asl_hand.25fps.mp4'), '-vf', 'scale=480:-2', ...playable, clip);
    const entry = await fetchModel('mobilenet-v2-1.0-224-int8');
    const info = await expectRecognised(t, { clip, stretches: handStretches, entry, variant, isolated });
    assert.equal(info.variant, variant);
  });
}

test('generated scenes in front of the webcam are recognised with the default model or its stand-in', {
  timeout: 300_000,
}, async (t) => {
  const clip = path.join(await scratchFolder(t), 'scenes.mjpeg');
  // Three moving pictures that ffmpeg generates, two seconds each.
  const scenes = [
    'testsrc2=size=320x240:rate=25',
    'mandelbrot=size=320x240:rate=25',
    'life=size=320x240:rate=25:mold=10:ratio=0.1:death_color=#C83232:life_color=#00ff00',
  ];
  const trim = scenes.map((_, i) => `[${i}:v]trim=duration=2,format=yuvj420p[v${i}]`).join(';');
  ffmpeg(
    ...scenes.flatMap((scene) => ['-f', 'lavfi', '-i', scene]),
    '-filter_complex',
    `${trim};[v0][v1][v2]concat=n=3:v=1`,
    ...playable,
    clip,
  );
  const stretches = [
    { label: 'test card', first: 2, last: 47 },
    { label: '__proto__', first: 52, last: 97 },
    { label: '', first: 102, last: 147 },
  ];
  await expectRecognised(t, { clip, stretches, entry: await fetchDefault(), variant: undefined, isolated: true });
});
