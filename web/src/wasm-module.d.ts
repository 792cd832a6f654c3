// The module as cpp/bindings/bindings.cpp registers it. A bound name is the C++ name in camelCase.
// A view of the wasm heap dies at the next call into the module: use it in the statement that asked for it.

/** What is thrown across the border: a plain Error with a code of cpp/core/error.h. */
export interface WasmError extends Error {
  code: string;
}

export interface WasmPreprocess {
  /** 'squash' | 'center' */
  crop: string;
  /** 'half-pixel' | 'align-corners' */
  resize: string;
  mirror: boolean;
  /** Real values of a channel at 0 and at 255. NaN: as the model says, else -1 and 1. */
  rangeLow: number;
  rangeHigh: number;
}

export interface WasmClassScore {
  /** Index into the network's output, before any offset of a label file. */
  classIndex: number;
  probability: number;
}

export interface WasmPrediction {
  classIndex: number;
  label: string;
  /** [class] in the order of labels(). */
  confidences: number[];
}

export interface WasmModelInfo {
  inputWidth: number;
  inputHeight: number;
  /** 'float32' | 'int8' | 'uint8': what the network's first layer reads. */
  inputType: string;
  rangeLow: number;
  rangeHigh: number;
  embeddingSize: number;
  /** 0 for a model without a classifier. */
  classCount: number;
  /** Format of the file: 'tflite' | 'tfjs-layers' | 'tfjs-graph'. */
  format: string;
}

/** Frame -> embedding -> prediction. The only C++ object that JavaScript holds: end it with delete(). */
export interface WasmClassifier {
  /** A view of fresh memory for a model file: fill it, then call loadModel. */
  modelBuffer(byteLength: number): Uint8Array;
  /** As modelBuffer, for the weights that a model.json refers to (its shards, joined in the manifest's order). */
  weightsBuffer(byteLength: number): Uint8Array;
  /** Reads what modelBuffer (and weightsBuffer) hold and frees both. On an error the model that ran before goes on.
   * `precision`: 'auto' | 'f32' | 'int8' | 'exact', see cpp/model/precision.h. */
  loadModel(preprocess: WasmPreprocess, precision: string): WasmModelInfo;

  /** A view [height, width, 4] to be filled with the next frame's RGBA. */
  frameBuffer(width: number, height: number): Uint8Array;
  /** A view for an encoded JPEG, PNG or BMP; decodeFrame() makes it the current frame. */
  encodedBuffer(byteLength: number): Uint8Array;
  decodeFrame(): { width: number; height: number };

  /** Each looks at the current frame. */
  classify(topk: number): WasmClassScore[];
  /** [embeddingSize], a copy. */
  embed(): Float32Array;
  addExample(label: string): void;
  predict(k: number): WasmPrediction;

  /** The same for an embedding that the caller has. */
  addEmbedding(embedding: Float32Array, label: string): void;
  predictEmbedding(embedding: Float32Array, k: number): WasmPrediction;

  /** Forgets one label's examples, or all of them with clearAll. */
  clear(label: string): void;
  clearAll(): void;
  labels(): string[];
  counts(): number[];

  delete(): void;
}

export interface WasmModule {
  /** threadCount >= 1; a variant without threads takes 1 only. */
  Classifier: new (threadCount: number) => WasmClassifier;
  /** Bytes of the wasm memory, which never shrinks. */
  heapBytes(): number;
  /** Classifiers that have not been deleted. */
  liveClassifierCount(): number;
}

/** Default export of wasm/<variant>/teachable.js. */
export default function createModule(options: {
  locateFile?: (path: string) => string;
  wasmBinary?: ArrayBuffer | Uint8Array;
  /** Workers that a threaded variant starts at once. */
  pthreadPoolSize?: number;
}): Promise<WasmModule>;
