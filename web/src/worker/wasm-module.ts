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

export interface WasmPredictOptions {
  /** >= 1 */
  k: number;
  /** 'votes' | 'similarity' */
  weighting: string;
  /** > 0 */
  temperature: number;
  /** >= 0 */
  prior: number;
  /** > 0 */
  sharpness: number;
  balanced: boolean;
  /** -1..1; -1 for never */
  unknownThreshold: number;
  /** Half-life in predictions, >= 0; 0 for none. Not of predictEmbeddings() and review(). */
  smoothing: number;
}

export interface WasmNeighbour {
  id: number;
  classIndex: number;
  similarity: number;
}

export interface WasmPrediction {
  classIndex: number;
  label: string;
  unknown: boolean;
  /** Nearest first. */
  neighbours: WasmNeighbour[];
  /** [class] in the order of labels(). */
  confidences: number[];
}

export interface WasmReview {
  tested: number;
  correct: number;
  temperature: number;
  prior: number;
  sharpness: number;
  /** The cells that are not 0. */
  confusion: { classIndex: number; takenFor: number; count: number }[];
  mostConfusable: { classA: number; classB: number; confusions: number } | null;
  duplicates: { id: number; of: number; similarity: number }[];
  outliers: { id: number; classIndex: number; suggestedClass: number; confidence: number }[];
}

export interface WasmThumbnail {
  id: number;
  bytes: Uint8Array;
}

export interface WasmModelInfo {
  inputWidth: number;
  inputHeight: number;
  /** 'float32' | 'int8' | 'uint8': what the network's first layer reads. */
  inputType: string;
  rangeLow: number;
  rangeHigh: number;
  /** 'given' | 'metadata' | 'file' | 'assumed', see ModelInfo. */
  rangeSource: string;
  embeddingSize: number;
  /** 0 for a model without a classifier. */
  classCount: number;
  /** What its maker calls it; '' when the file doesn't say. */
  name: string;
  /** File of class names in the zip archive behind a .tflite; '' when there is none. */
  labelsFile: string;
  /** Of the weights: 'float32' | 'int8' | 'uint8'. */
  precision: string;
  /** Of the weights as they lie in memory. */
  weightBytes: number;
  /** Of one picture, classifier included. */
  multiplyAdds: number;
  /** How often each operator runs, by its name in cpp/graph/graph.h. */
  operators: Record<string, number>;
}

/** Frame -> embedding -> prediction. The only C++ object that JavaScript holds: end it with delete(). */
export interface WasmClassifier {
  /** So many threads, the caller's among them, compute from now on. In a threaded variant workers for the others must be there: WasmThreads. */
  useThreads(count: number): void;
  /** A view of fresh memory for a .tflite file: fill it, then call loadModel. */
  modelBuffer(byteLength: number): Uint8Array;
  /** Reads what modelBuffer holds and frees it. On an error the model that ran before goes on.
   * `precision`: 'auto' | 'f32' | 'int8' | 'exact', see cpp/model/precision.h. */
  loadModel(preprocess: WasmPreprocess, precision: string): WasmModelInfo;

  /** A view [height, width, 4] to be filled with the next frame's RGBA. */
  frameBuffer(width: number, height: number): Uint8Array;

  /** Each looks at the current frame. */
  classify(topk: number): WasmClassScore[];
  /** [embeddingSize], a copy. */
  embed(): Float32Array;
  /** [classCount], before softmax, a copy. */
  logits(): Float32Array;
  /** The example's id. */
  addExample(label: string): number;
  predict(options: WasmPredictOptions): WasmPrediction;

  /** The same for an embedding that the caller has, or for [n, dimension] of them. */
  addEmbedding(embedding: Float32Array, label: string): number;
  addEmbeddings(embeddings: Float32Array, dimension: number, labels: readonly string[]): number[];
  predictEmbedding(embedding: Float32Array, options: WasmPredictOptions): WasmPrediction;
  predictEmbeddings(embeddings: Float32Array, dimension: number, options: WasmPredictOptions): WasmPrediction[];

  removeExample(id: number): void;
  moveExample(id: number, label: string): void;
  /** Takes back the last added, removed or moved example; false when there is none. */
  undo(): boolean;
  addClass(label: string): void;
  renameClass(label: string, newLabel: string): void;
  mergeClasses(from: string, into: string): void;
  enableClass(label: string, enabled: boolean): void;
  classEnabled(classIndex: number): boolean;
  exampleIds(label: string): number[];
  /** [dimension], of length 1, a copy. */
  exampleEmbedding(id: number): Float32Array;
  review(options: WasmPredictOptions, mostExamples: number): WasmReview;
  /** 'f32' | 'i16' | 'i8'; only without examples. */
  useStorage(storage: string): void;
  storage(): string;
  /** Replaces the examples by those of `other`, which has none then. They get ids that were not given here before. There is nothing to undo after it. */
  takeExamples(other: WasmClassifier): void;
  /** Bytes that the examples take. */
  exampleBytes(): number;

  /** A file of the examples in pieces: start, then nextSaved() until it is empty. Copies. */
  startSave(modelId: string, sha256: string, preprocessing: string, thumbnails: readonly WasmThumbnail[]): void;
  nextSaved(): Uint8Array;
  /** Lets go of a save that began, if there is one. */
  cancelSave(): void;
  /** Start, then for each piece fill datasetBuffer() and loadPiece(); finishLoad() replaces the examples. An error ends the load. */
  startLoad(modelId: string, sha256: string, embeddingSize: number): void;
  datasetBuffer(byteLength: number): Uint8Array;
  loadPiece(): void;
  finishLoad(): WasmThumbnail[];
  /** Lets go of a load that began, if there is one. */
  cancelLoad(): void;

  /** Forgets one label's examples, or all of them with clearAll. */
  clear(label: string): void;
  clearAll(): void;
  labels(): string[];
  counts(): number[];

  delete(): void;
}

export interface WasmModule {
  /** threadCount >= 1; a variant without threads takes 1 only. */
  Classifier: new (
    threadCount: number,
  ) => WasmClassifier;
  /** Bytes of the wasm memory, which never shrinks. */
  heapBytes(): number;
  /** Classifiers that have not been deleted. */
  liveClassifierCount(): number;
  /** Of a threaded variant. */
  readonly PThread?: WasmThreads;
}

/** What a module takes. */
export interface ModuleSettings {
  /** Makes the instance and gives it to `use`. Default: of `wasmBinary`; in Node also of the file beside the glue. */
  instantiateWasm?: (
    imports: WebAssembly.Imports,
    use: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ) => object;
  wasmBinary?: ArrayBuffer | Uint8Array;
}

/** Emscripten's threads, of which it starts none itself: a worker that blocks couldn't. */
export interface WasmThreads {
  /** Where a new thread finds its worker. */
  unusedWorkers: Worker[];
  /** Resolves when the worker can be a thread. */
  loadWasmModuleToWorker(worker: Worker): Promise<unknown>;
  terminateAllThreads(): void;
}

/** Default export of wasm/<variant>/teachable.js. */
export type CreateModule = (settings: ModuleSettings) => Promise<WasmModule>;
