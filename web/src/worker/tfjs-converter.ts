// Converts TensorFlow.js models to .tflite files with a module of its own (cpp/converter), which is fetched with the first model.json.

import { bundled } from '../shared/home.js';
import { wasmHashes } from '../shared/packaged.js';
import { type BareInstance, loadBareModule } from './bare-module.js';

/** Exports of wasm/tfjs/converter.wasm; see cpp/converter/module.cpp. */
interface ConverterFunctions {
  modelBuffer(byteLength: number): number;
  weightsBuffer(byteLength: number): number;
  outputBuffer(byteLength: number): number;
  convert(): number;
}

/** Result of a conversion. */
export interface ConvertedModel {
  /** Contents of a .tflite file with float weights. */
  tflite: Uint8Array<ArrayBuffer>;
  /** Format of the TensorFlow.js model. */
  format: 'tfjs-layers' | 'tfjs-graph';
  /** Names of the outputs of the TensorFlow.js model. */
  outputs: readonly string[];
  /** Index in `outputs` of the one in the file. */
  outputIndex: number;
}

/**
 * Converts a model. `weights` are the weight files, joined in the manifest's order. `output` is the name or index of one of several
 * outputs. Throws 'bad-model', 'unsupported-op', 'out-of-memory', or 'bad-argument' when there is no such output.
 */
export type Converter = (
  modelJson: Uint8Array,
  weights: Uint8Array,
  output?: string | number | undefined,
) => Promise<ConvertedModel>;

/** Fetches and compiles the converter. Throws 'load-failed' or 'aborted'. */
export async function loadConverter({
  wasmUrl,
  signal,
}: {
  wasmUrl?: string | undefined;
  signal?: AbortSignal | undefined;
}): Promise<Converter> {
  const url = wasmUrl
    ? new URL('tfjs/converter.wasm', wasmUrl).href
    : bundled(new URL('./wasm/tfjs/converter.wasm', import.meta.url)).href;
  const start = await loadBareModule<ConverterFunctions>(url, {
    signal,
    sha256: wasmUrl ? undefined : wasmHashes.tfjs,
  });
  // Each model gets an instance of its own, because its memory, several times the model's size, is then released.
  return async (modelJson, weights, output = '') => convert(await start(), modelJson, weights, String(output));
}

function convert(
  { functions, fill, answerAt }: BareInstance<ConverterFunctions>,
  modelJson: Uint8Array,
  weights: Uint8Array,
  output: string,
): ConvertedModel {
  fill(functions.modelBuffer(modelJson.byteLength), modelJson);
  fill(functions.weightsBuffer(weights.byteLength), weights);
  const wanted = new TextEncoder().encode(output);
  fill(functions.outputBuffer(wanted.byteLength), wanted);
  const { word, bytes } = answerAt(functions.convert());
  const [format, index, ...outputs] = word.split('\n');
  return { tflite: bytes.slice(), format: format as ConvertedModel['format'], outputs, outputIndex: Number(index) };
}
