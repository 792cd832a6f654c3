// Runs in the page. This package.

import { load } from '/lib/index.js';

export async function open({ network, variant, threads, worker }) {
  const classifier = await load({ model: `/networks/${network}.tflite`, variant, threads, worker, layers: 'last' });
  return {
    ready: (pixels) => pixels,
    embedReady: (pixels) => classifier.embed(pixels),
    embed: (picture) => classifier.embed(picture),
    classifier,
  };
}
