/**
 * Converts TensorFlow.js models to TensorFlow Lite files. Start with `convertModel()`.
 * @module teachable-wasm/convert
 */

import { type Limits, limited } from '../page/limits.js';
import { aborted } from '../shared/abort.js';
import { absolute } from '../shared/addresses.js';
import { isAddress } from '../shared/brand.js';
import { ClassifierError } from '../shared/errors.js';
import { checked } from '../shared/foreign.js';
import { fetchModel } from '../worker/fetch-model.js';
import type { ConvertedModel } from '../worker/tfjs-converter.js';

export type { Progress } from '../shared/protocol.js';
export type { ConvertedModel } from '../worker/tfjs-converter.js';

/** Options of `convertModel()`. The conversion itself blocks for a few tenths of a second, and nothing ends it. */
export interface ConvertOptions extends Limits {
  /** Folder that contains tfjs/converter.wasm. Default: wasm/ beside this file. */
  wasmUrl?: string | URL | undefined;
  /** Name or index of the output to keep, for a model with several. Default: the first one with class scores, else the last one. */
  output?: string | number | undefined;
}

/**
 * Converts a model to a .tflite file with float weights, as `load()` does in memory for a model.json. Batch normalization and
 * activations are folded into the layers before them.
 * @param model Address of a model.json with its weight files beside it (in Node, a path); or its bytes, with the weight files joined
 * in the manifest's order.
 * @throws 'bad-model'; 'unsupported-op' with the name of the layer or node; 'bad-argument' for another kind of file or output; 'load-failed';
 * 'aborted'.
 */
export async function convertModel(
  model: string | URL | { bytes: ArrayBuffer | Uint8Array; weights: ArrayBuffer | Uint8Array },
  options: ConvertOptions = {},
): Promise<ConvertedModel> {
  return checked(() => limited(options, (limits) => convertWithin(model, { ...options, ...limits })));
}

async function convertWithin(
  model: string | URL | { bytes: ArrayBuffer | Uint8Array; weights: ArrayBuffer | Uint8Array },
  { wasmUrl, signal, onProgress, output }: ConvertOptions,
): Promise<ConvertedModel> {
  const request = isAddress(model)
    ? ({ kind: 'url', url: absolute(model) } as const)
    : ({ kind: 'bytes', model: model.bytes, weights: model.weights } as const);
  const folder = wasmUrl === undefined ? undefined : absolute(wasmUrl).replace(/\/*$/, '/');
  const { model: bytes, tfjs } = await fetchModel(
    { model: request },
    {
      signal,
      wasmUrl: folder,
      onBytes: onProgress && ((loaded, total) => onProgress({ phase: 'model', loaded, total })),
    },
  );
  if (!tfjs)
    throw new ClassifierError(
      'bad-argument',
      `${isAddress(model) ? String(model) : 'The model'} is not a TensorFlow.js model.json.`,
    );
  const convert = await tfjs.converter;
  if (signal?.aborted) throw aborted(signal);
  onProgress?.({ phase: 'start', loaded: 0, total: undefined });
  return convert(bytes, tfjs.weights, output);
}
