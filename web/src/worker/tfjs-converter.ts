// TensorFlow.js models to .tflite files, by a module of its own (cpp/converter), which only those who load a model.json fetch.

import { absolute } from '../shared/addresses.js';
import { type BareInstance, loadBareModule } from './bare-module.js';

/** What wasm/tfjs/converter.wasm exports; cpp/converter/module.cpp says what each is. */
interface ConverterFunctions {
  modelBuffer(byteLength: number): number;
  weightsBuffer(byteLength: number): number;
  convert(): number;
}

/** What a TensorFlow.js model became. */
export interface ConvertedModel {
  /** A .tflite file of floats. */
  tflite: Uint8Array<ArrayBuffer>;
  /** What it was. */
  format: 'tfjs-layers' | 'tfjs-graph';
}

/** @param weights The shards of the manifest, joined in its order. @throws 'bad-model', 'unsupported-op', 'out-of-memory' */
export type Converter = (modelJson: Uint8Array, weights: Uint8Array) => Promise<ConvertedModel>;

/** Fetches and compiles the converter. Throws 'load-failed', 'aborted'. */
export async function loadConverter({
  wasmUrl,
  signal,
}: {
  wasmUrl?: string | undefined;
  signal?: AbortSignal | undefined;
}): Promise<Converter> {
  const url = wasmUrl
    ? new URL('tfjs/converter.wasm', wasmUrl).href
    : absolute(new URL('./wasm/tfjs/converter.wasm', import.meta.url).href);
  const start = await loadBareModule<ConverterFunctions>(url, signal);
  // An instance for each model: its memory, several times the model's size, goes with it.
  return async (modelJson, weights) => convert(await start(), modelJson, weights);
}

function convert(
  { functions, fill, answerAt }: BareInstance<ConverterFunctions>,
  modelJson: Uint8Array,
  weights: Uint8Array,
): ConvertedModel {
  fill(functions.modelBuffer(modelJson.byteLength), modelJson);
  fill(functions.weightsBuffer(weights.byteLength), weights);
  const { word, bytes } = answerAt(functions.convert());
  return { tflite: bytes.slice(), format: word as ConvertedModel['format'] };
}
