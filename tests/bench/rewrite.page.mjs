// Runs in the page. Measures what the conversion of uint8 networks to int8 costs and gains. Part of rewrite.mjs.

const size = 224;

/** Reads photos at the network's input size, so that they are not resized again. */
async function readPhotos(names) {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const photos = [];
  for (const name of names) {
    const blob = await (await fetch(`/data/${name}`)).blob();
    context.drawImage(await createImageBitmap(blob), 0, 0, size, size);
    photos.push(context.getImageData(0, 0, size, size));
  }
  return photos;
}

function cosine(a, b) {
  const dot = (u, v) => u.reduce((sum, each, i) => sum + each * v[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const mean = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;

/**
 * @param {{entry: object, photos: string[], variant: string, turns: number}} order
 * @returns {Promise<{exact: number, auto: number, worst: number, agreement: number, exactMs: number, autoMs: number}>} `exact` and
 * `auto`: mean cosine similarity to the float network. `worst`: the lowest one of auto. `agreement`: share of pictures with the
 * same top class, 0 to 1. `exactMs` and `autoMs`: the fastest frame, in ms.
 */
export async function measure({ entry, photos: names, variant, turns }) {
  const { load } = await import('/lib/index.js');
  // The conversion was chosen on pixels of this rule.
  const preprocess = { resize: 'half-pixel' };
  const open = (precision) => load({ model: { ...entry, baseUrl: '/models/' }, variant, precision, preprocess });
  const networks = { f32: await open('f32'), exact: await open('exact'), auto: await open('auto') };
  const photos = await readPhotos(names);
  const cosines = { exact: [], auto: [] };
  let agreed = 0;
  for (const photo of photos) {
    const truth = await networks.f32.embed(photo);
    for (const precision of ['exact', 'auto'])
      cosines[precision].push(cosine(await networks[precision].embed(photo), truth));
    const scores = await networks.exact.classify(photo, 2);
    const [{ classIndex }] = await networks.auto.classify(photo, 1);
    // Quantized scores can be equal. Then each of the two classes counts as the top class.
    if (scores.some((each) => each.classIndex === classIndex && each.probability === scores[0].probability)) agreed++;
  }
  const fastest = { exact: Infinity, auto: Infinity };
  for (let turn = 0; turn < turns; turn++) {
    for (const precision of ['exact', 'auto']) {
      await networks[precision].embed(photos[turn % photos.length]);
      const { timings } = await networks[precision].info();
      fastest[precision] = Math.min(fastest[precision], timings.networkMs);
    }
  }
  for (const each of Object.values(networks)) each.dispose();
  return {
    exact: mean(cosines.exact),
    auto: mean(cosines.auto),
    worst: Math.min(...cosines.auto),
    agreement: agreed / photos.length,
    exactMs: fastest.exact,
    autoMs: fastest.auto,
  };
}
