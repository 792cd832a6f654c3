// Runs in the page. Measures one engine from the start to its first result, and then frame by frame. Part of rivals.mjs.

/** The engines. Each loads its code and a model, and returns a function that runs a frame of RGBA pixels {data, width, height}. */
const engines = {
  async 'teachable-wasm'({ model, variant }) {
    const { load } = await import('/lib/index.js');
    const classifier = await load({ model, variant });
    return (pixels) => classifier.embed(pixels);
  },

  async 'LiteRT.js'({ model, isolated }) {
    const { loadLiteRt, loadAndCompile, Tensor } = await import('/node_modules/@litertjs/core/dist/index.js');
    await loadLiteRt('/node_modules/@litertjs/core/wasm/', { threads: isolated });
    const compiled = await loadAndCompile(model, { accelerator: 'wasm' });
    return async ({ data, width, height }) => {
      const input = new Tensor(toRgb(data), [1, height, width, 3]);
      const [output] = await compiled.run(input);
      const values = await output.data();
      input.delete();
      output.delete();
      return values;
    };
  },
};

function toRgb(rgba) {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}

/** Draws a picture, a different one for each `seed`. */
function draw(seed, side) {
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  for (let i = 0; i < 40; i++) {
    context.fillStyle = `hsl(${(i * 47 + seed * 13) % 360} 70% ${30 + (i % 5) * 10}%)`;
    context.fillRect((i * 61 + seed * 7) % side, (i * 89) % side, 30, 45);
  }
  return context.getImageData(0, 0, side, side);
}

/** @returns {Promise<{firstMs: number, frameMs: number}>} Time from the call to the first result, and the median of later frames. */
export async function measure({ engine, side, frames, ...order }) {
  const pictures = Array.from({ length: frames + 1 }, (_, seed) => draw(seed, side));
  const began = performance.now();
  const run = await engines[engine]({ ...order, isolated: crossOriginIsolated });
  const first = await run(pictures[0]);
  const firstMs = performance.now() - began;
  if (!(first.length > 0)) throw new Error(`${engine} returned no values.`);
  const times = [];
  for (const picture of pictures.slice(1)) {
    const start = performance.now();
    await run(picture);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { firstMs, frameMs: times[Math.floor(times.length / 2)] };
}
