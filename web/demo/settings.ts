// What the address of the page may ask for: ?variant=simd&threads=2&model=./models/other.json

import type { LoadOptions, Variant } from 'teachable-wasm';

export function readSettings(search: string): LoadOptions {
  const parameters = new URLSearchParams(search);
  const options: LoadOptions = {};
  const model = parameters.get('model');
  const variant = parameters.get('variant');
  const threads = parameters.get('threads');
  // The library checks them and says what would be right.
  if (model) options.model = model;
  if (variant) options.variant = variant as Variant;
  if (threads) options.threads = Number(threads);
  return options;
}
