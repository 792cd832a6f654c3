// Runs in the page. This package.

import { load } from '/lib/index.js';

export async function open({ network, variant, threads, busy }) {
  const classifier = await load({
    model: `/networks/${network}.tflite`,
    variant,
    // Beside a busy core, the package chooses the number of threads by itself, as it does for users.
    threads: busy && threads > 1 ? undefined : threads,
    layers: 'last',
  });
  return {
    ready: (pixels) => pixels,
    embedReady: (pixels) => classifier.embed(pixels),
    embed: (picture) => classifier.embed(picture),
    classifier,
  };
}
