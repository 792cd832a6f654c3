// Options in the page's address, for example ?variant=simd&threads=2&layers=last&model=./models/other.json

import type { Layers, LoadOptions, Variant } from 'teachable-wasm';

/** Reads the options for load() from the query part of the address. */
export function readUrlOptions(search: string): LoadOptions {
  const parameters = new URLSearchParams(search);
  const options: LoadOptions = {};
  const model = parameters.get('model');
  const variant = parameters.get('variant');
  const threads = parameters.get('threads');
  const layers = parameters.get('layers');
  // load() checks the values; its error says which ones are allowed.
  if (model) options.model = model;
  if (variant) options.variant = variant as Variant;
  if (threads) options.threads = Number(threads);
  if (layers) options.layers = layers as Layers;
  return options;
}
