// Runs in the page. Measures what a frame costs beyond the network, for each kind of picture. Part of frames.mjs.

const width = 640;
const height = 480;
const side = 224;

/** Draws a picture, a different one for each `seed`. */
function draw(context, seed) {
  const { width, height } = context.canvas;
  context.fillStyle = '#ddd';
  context.fillRect(0, 0, width, height);
  for (let i = 0; i < 40; i++) {
    context.fillStyle = `hsl(${(i * 47 + seed * 13) % 360} 70% ${30 + (i % 5) * 10}%)`;
    context.fillRect((i * 61 + seed * 7) % width, (i * 89) % height, width / 7, height / 5);
  }
}

function elementOf(width, height) {
  return Object.assign(document.createElement('canvas'), { width, height });
}

/** Returns pixels that need no conversion, at the network's own size. */
function readyPixels(seed) {
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  draw(context, seed);
  const { data } = context.getImageData(0, 0, side, side);
  return { data, width: side, height: side };
}

/** Opens the browser's fake camera; undefined where there is none. */
async function openCamera() {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width, height } });
    const video = Object.assign(document.createElement('video'), { muted: true, srcObject: stream });
    await video.play();
    return video.videoWidth === width && video.videoHeight === height ? video : undefined;
  } catch {
    return undefined;
  }
}

/** The kinds of pictures. Each makes a new picture, outside of the measured time. */
async function makeSources() {
  const element = elementOf(width, height).getContext('2d');
  const offscreen = new OffscreenCanvas(width, height).getContext('2d');
  const readable = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  const painted = (context) => (seed) => {
    draw(context, seed);
    return context.canvas;
  };
  const pixels = (seed) => {
    draw(readable, seed);
    return readable.getImageData(0, 0, width, height);
  };
  const video = await openCamera();
  return {
    canvas: painted(element),
    OffscreenCanvas: painted(offscreen),
    ImageBitmap: (seed) => createImageBitmap(painted(element)(seed)),
    ImageData: pixels,
    'RGBA bytes': (seed) => {
      const { data } = pixels(seed);
      return { data: new Uint8Array(data.buffer), width, height };
    },
    ...(video && { video: () => video }),
  };
}

/** The same work with LiteRT.js, as its guides do it: the page draws the picture at the network's size and reads it back. */
async function openRival({ model, threads }) {
  const { loadLiteRt, loadAndCompile, Tensor } = await import('/node_modules/@litertjs/core/dist/index.js');
  await loadLiteRt('/node_modules/@litertjs/core/wasm/', { threads: threads > 1 });
  const compiled = await loadAndCompile(model, { accelerator: 'wasm' });
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  return async (picture) => {
    const left = (width - height) / 2;
    context.drawImage(picture, left, 0, height, height, 0, 0, side, side);
    const { data } = context.getImageData(0, 0, side, side);
    const rgb = new Uint8Array(side * side * 3);
    for (let from = 0, to = 0; from < data.length; from += 4) {
      rgb[to++] = data[from];
      rgb[to++] = data[from + 1];
      rgb[to++] = data[from + 2];
    }
    const input = new Tensor(rgb, [1, side, side, 3]);
    const [output] = await compiled.run(input);
    const values = await output.data();
    input.delete();
    output.delete();
    return values;
  };
}

async function timed(work) {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/**
 * @param {{model: string, threads: number, turns: number, rival: boolean, lib?: string}} order `lib`: folder of another build of the
 * package, for before and after.
 * @returns {Promise<Record<string, {beyondMs: number[], totalMs: number[], readyMs: number[], stepsMs: object[]}>>} For each kind of
 * picture and each turn: the whole time, that of ready pixels just before, and their difference; and the worker's own steps. The row
 * 'LiteRT.js' has a canvas, and `readyMs` is our time for the same canvas.
 */
export async function measure({ model, threads, turns, rival, lib = '/lib/' }) {
  const { load } = await import(`${lib}index.js`);
  const classifier = await load({ model, threads });
  const sources = await makeSources();
  const ready = readyPixels(1);
  const embedReady = () => timed(() => classifier.embed(ready));
  // Threads start after the first answer, and engines optimize what has run for a while.
  for (let i = 0; i < 20; i++) await embedReady();
  const results = {};
  const note = (name, totalMs, readyMs, steps) => {
    const row = (results[name] ??= { beyondMs: [], totalMs: [], readyMs: [], stepsMs: [] });
    row.totalMs.push(totalMs);
    row.readyMs.push(readyMs);
    row.beyondMs.push(totalMs - readyMs);
    if (steps) row.stepsMs.push(steps);
  };
  const theirs = rival ? await openRival({ model, threads }) : undefined;
  const warmUp = 5;
  for (let turn = 0; turn < warmUp + turns; turn++) {
    for (const [name, make] of Object.entries(sources)) {
      const picture = await make(turn);
      const readyMs = await embedReady();
      const totalMs = await timed(() => classifier.embed(picture));
      if (turn >= warmUp) note(name, totalMs, readyMs, (await classifier.info()).timings);
      if (name === 'ImageBitmap') picture.close();
    }
    if (theirs) {
      const ours = await timed(() => classifier.embed(sources.canvas(turn)));
      const canvas = sources.canvas(turn + 1);
      const totalMs = await timed(() => theirs(canvas));
      if (turn >= warmUp) note('LiteRT.js', totalMs, ours);
    }
  }
  classifier.dispose();
  return results;
}
