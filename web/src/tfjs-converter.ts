// TensorFlow.js models to .tflite files, by a module of its own (cpp/converter), which only those who load a model.json fetch.

import { absolute } from './addresses.js';
import { ClassifierError } from './errors.js';
import { downloadBinary } from './load.js';

/** What wasm/tfjs/converter.wasm exports; cpp/converter/module.cpp says what each is. Addresses are bytes of its memory. */
interface ConverterExports {
  memory: WebAssembly.Memory;
  _initialize(): void;
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
export async function loadConverter({ wasmUrl, signal }: { wasmUrl?: string | undefined; signal?: AbortSignal | undefined }): Promise<Converter> {
  const url = wasmUrl ? new URL('tfjs/converter.wasm', wasmUrl).href : absolute(new URL('./wasm/tfjs/converter.wasm', import.meta.url).href);
  const bytes = await downloadBinary(url, { signal });
  let compiled: WebAssembly.Module;
  try {
    compiled = await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    throw new ClassifierError('load-failed', `The WebAssembly module ${url} could not be started: ${(cause as Error).message}`, { cause });
  }
  // An instance for each model: its memory, several times the model's size, goes with it.
  return async (modelJson, weights) => convert(await WebAssembly.instantiate(compiled, { env: { emscripten_notify_memory_growth() {} } }), modelJson, weights);
}

function convert({ exports }: WebAssembly.Instance, modelJson: Uint8Array, weights: Uint8Array): ConvertedModel {
  const { memory, _initialize, modelBuffer, weightsBuffer, convert: run } = exports as unknown as ConverterExports;
  _initialize();
  // Growing memory replaces its buffer: each view is made where it is used. Addresses above 2 GB arrive negative.
  const read = (address: number, byteLength: number) => new Uint8Array(memory.buffer, address >>> 0, byteLength).slice();
  const fill = (address: number, bytes: Uint8Array) => {
    if (address === 0 && bytes.byteLength > 0) throw new ClassifierError('out-of-memory', `There is no memory to convert a model of ${modelJson.byteLength + weights.byteLength} bytes.`);
    new Uint8Array(memory.buffer, address >>> 0, bytes.byteLength).set(bytes);
  };
  fill(modelBuffer(modelJson.byteLength), modelJson);
  fill(weightsBuffer(weights.byteLength), weights);
  const answer = run() >>> 0;
  const [isConverted = 0, kindAt = 0, kindLength = 0, bytesAt = 0, byteLength = 0] = new Uint32Array(memory.buffer, answer, 5);
  const kind = new TextDecoder().decode(read(kindAt, kindLength));
  const bytes = read(bytesAt, byteLength);
  if (!isConverted) throw new ClassifierError(kind as ClassifierError['code'], new TextDecoder().decode(bytes));
  return { tflite: bytes, format: kind as ConvertedModel['format'] };
}
