// Runs in the page. Makes the pictures of each path: a new one for each call, outside the measured time.

export const width = 640;
export const height = 480;

/** Draws scene number `seed` on a context. */
function drawScene(context, seed, [w, h] = [width, height]) {
  context.fillStyle = `hsl(${(seed * 29) % 360} 40% 50%)`;
  context.fillRect(0, 0, w, h);
  for (let i = 0; i < 40; i++) {
    context.fillStyle = `hsl(${(i * 47 + seed * 13) % 360} 70% ${30 + (i % 5) * 10}%)`;
    context.fillRect((i * 61 + seed * 7) % w, (i * 89) % h, w / 7, h / 5);
  }
}

function makeCanvas(w, h, options) {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: w, height: h });
  return [canvas, canvas.getContext('2d', options)];
}

function pixelsOf(seed, w, h) {
  const [, context] = makeCanvas(w, h, { willReadFrequently: true });
  drawScene(context, seed, [w, h]);
  return context.getImageData(0, 0, w, h);
}

/** The paths: each opens a source of pictures, and `next(seed)` returns a picture that no call has seen. */
const sources = {
  /** Pixels of the network's size. The engine converts them to its input before the measured time. */
  tensor: (side) => {
    const kept = new Map();
    return {
      next: (seed) => {
        const key = seed % 8;
        if (!kept.has(key)) kept.set(key, pixelsOf(key, side, side));
        return kept.get(key);
      },
    };
  },
  pixels: () => ({ next: (seed) => pixelsOf(seed, width, height) }),
  canvas: () => {
    const [canvas, context] = makeCanvas(width, height);
    return { next: (seed) => (drawScene(context, seed), canvas) };
  },
  bitmap: () => {
    const [canvas, context] = makeCanvas(width, height);
    return { next: (seed) => (drawScene(context, seed), createImageBitmap(canvas)), done: (bitmap) => bitmap.close() };
  },
  /** A video that shows a new frame for each call, like a camera. */
  video: async () => {
    const [canvas, context] = makeCanvas(width, height);
    drawScene(context, 0);
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = canvas.captureStream();
    document.body.append(video);
    await video.play();
    return {
      async next(seed) {
        const shown = new Promise((resolve) =>
          video.requestVideoFrameCallback ? video.requestVideoFrameCallback(resolve) : setTimeout(resolve, 50),
        );
        drawScene(context, seed);
        await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 200))]);
        return video;
      },
    };
  },
  /** JPEG files. */
  file: () => {
    const kept = new Map();
    return {
      async next(seed) {
        const key = seed % 8;
        if (!kept.has(key)) {
          const [canvas, context] = makeCanvas(width, height);
          drawScene(context, key);
          kept.set(key, await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9)));
        }
        return kept.get(key);
      },
    };
  },
};

/** Opens the pictures of a path. `side`: the size of the network's input. */
export const openPictures = async (path, side) => ({ done() {}, ...(await sources[path](side)) });
