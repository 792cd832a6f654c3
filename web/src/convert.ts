/**
 * TensorFlow.js models to TensorFlow Lite files.
 * @module teachable-wasm/convert
 */

import { absolute } from './addresses.js';
import { ClassifierError } from './errors.js';
import { fetchModel } from './fetch-model.js';
import type { ConvertedModel } from './tfjs-converter.js';

export type { ConvertedModel } from './tfjs-converter.js';

/** Where the converter is, and what ends it. */
export interface ConvertOptions {
  /** Folder that holds tfjs/converter.wasm. Default: wasm/ beside this file. */
  wasmUrl?: string | URL | undefined;
  /** Ends the conversion with 'aborted'. */
  signal?: AbortSignal | undefined;
}

/**
 * Makes a .tflite file of floats: what load() does in memory when it is given a model.json. Batch norms and activations are folded into
 * the layers before them.
 * @param model Address of a model.json with its weight files beside it; in Node a path. Or its bytes, with the weight files joined in the
 * manifest's order.
 * @throws 'bad-model', 'unsupported-op' naming the layer or node, 'bad-argument' for another kind of file, 'load-failed', 'aborted'.
 */
export async function convertModel(model: string | URL | { bytes: ArrayBuffer | Uint8Array; weights: ArrayBuffer | Uint8Array }, { wasmUrl, signal }: ConvertOptions = {}): Promise<ConvertedModel> {
  const isAddress = typeof model === 'string' || model instanceof URL;
  const request = isAddress ? ({ kind: 'url', url: absolute(model) } as const) : ({ kind: 'bytes', model: model.bytes, weights: model.weights } as const);
  const folder = wasmUrl === undefined ? undefined : absolute(wasmUrl).replace(/\/*$/, '/');
  const { model: bytes, tfjs } = await fetchModel({ model: request }, { signal, wasmUrl: folder });
  if (!tfjs) throw new ClassifierError('bad-argument', `${isAddress ? String(model) : 'The model'} is no model.json of TensorFlow.js.`);
  return (await tfjs.converter)(bytes, tfjs.weights);
}
