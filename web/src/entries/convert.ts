/**
 * TensorFlow.js models to TensorFlow Lite files.
 * @module teachable-wasm/convert
 */

import { aborted } from '../shared/abort.js';
import { absolute } from '../shared/addresses.js';
import { ClassifierError } from '../shared/errors.js';
import type { Progress } from '../shared/protocol.js';
import { fetchModel } from '../worker/fetch-model.js';
import type { ConvertedModel } from '../worker/tfjs-converter.js';

export type { Progress } from '../shared/protocol.js';
export type { ConvertedModel } from '../worker/tfjs-converter.js';

/** Where the converter is, and what ends it. */
export interface ConvertOptions {
  /** Folder that holds tfjs/converter.wasm. Default: wasm/ beside this file. */
  wasmUrl?: string | URL | undefined;
  /** Ends the downloads with 'aborted', and what comes after them before it begins. The conversion itself, some tenths of a second, blocks. */
  signal?: AbortSignal | undefined;
  /** Hears of the model's bytes that have come, as they come, and of the start of the conversion. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Makes a .tflite file of floats: what load() does in memory when it is given a model.json. Batch norms and activations are folded into
 * the layers before them.
 * @param model Address of a model.json with its weight files beside it; in Node a path. Or its bytes, with the weight files joined in the
 * manifest's order.
 * @throws 'bad-model', 'unsupported-op' naming the layer or node, 'bad-argument' for another kind of file, 'load-failed', 'aborted'.
 */
export async function convertModel(
  model: string | URL | { bytes: ArrayBuffer | Uint8Array; weights: ArrayBuffer | Uint8Array },
  { wasmUrl, signal, onProgress }: ConvertOptions = {},
): Promise<ConvertedModel> {
  const isAddress = typeof model === 'string' || model instanceof URL;
  const request = isAddress
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
      `${isAddress ? String(model) : 'The model'} is no model.json of TensorFlow.js.`,
    );
  const convert = await tfjs.converter;
  if (signal?.aborted) throw aborted(signal);
  onProgress?.({ phase: 'start', loaded: 0, total: undefined });
  return convert(bytes, tfjs.weights);
}
