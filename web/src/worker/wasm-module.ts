// Types of the WebAssembly module. cpp/bindings/bindings.cpp registers it. A bound name is the C++ name in camelCase.
// A view of the module's memory is valid until the next call into the module: use it in the statement that gets it.

/** Error that the module throws: a plain Error with a code from cpp/core/error.h. */
export interface WasmError extends Error {
  code: string;
}

/** Preprocessing of frames. */
export interface WasmPreprocess {
  /** 'squash' | 'center' */
  crop: string;
  /** 'area' | 'half-pixel' | 'align-corners' */
  resize: string;
  mirror: boolean;
  /** Real values of a channel at 0 and at 255. NaN for both: the model's own range, else -1 and 1. */
  rangeLow: number;
  rangeHigh: number;
  /** Colour behind transparent pixels, 0xRRGGBB; -1 to ignore alpha. */
  background: number;
  /** [6] ranges of the channels in place of the one above: the values of R, G, B at 0, then at 255. */
  channelRanges?: number[] | undefined;
  /** Name or index of the tensor to use as the embedding. */
  embedding?: string | undefined;
  /** Name or index of the output to use. */
  output?: string | undefined;
  /** Size of the input in pixels, for a network of any size. */
  width?: number | undefined;
  height?: number | undefined;
}

export interface WasmClassScore {
  /** Index into the network's output. */
  classIndex: number;
  /** 0-1 */
  probability: number;
}

/** Options of a prediction. All fields are required: shared/predict-defaults.ts has the defaults. */
export interface WasmPredictOptions {
  /** 'combined' | 'neighbours' */
  rule: string;
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
  /** -1..1; -1 for never. */
  unknownThreshold: number;
  /** Half-life in predictions, >= 0; 0 for none. predictEmbeddings() and review() ignore it. */
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
  /** [classCount] in the order of labels(). */
  confidences: number[];
}

/** Work to do for the current frame. */
export interface WasmFrameRequest {
  /** Adds the frame as an example of `label`, before the prediction. */
  teaches: boolean;
  label: string;
  /** Also adds the mirrored frame, as the next example. */
  alsoMirrored: boolean;
  /** Predicts the frame with `options`. */
  predicts: boolean;
  /** Leaves the prediction out while no example may vote, instead of throwing. */
  predictsOnlyWhenTaught: boolean;
  options: WasmPredictOptions;
  /** Maximum number of the model's own classes; 0 for none. */
  topk: number;
  /** Returns the embedding. */
  embedding: boolean;
  /** Returns the place on the last map. */
  map: boolean;
}

export interface WasmFrameResult {
  /** Milliseconds for preprocessing and network. */
  networkMs: number;
  /** Milliseconds of them for preprocessing. */
  preprocessMs: number;
  /** Undefined without a label. */
  exampleId?: number;
  /** Number of examples of the label; 0 without one. */
  exampleCount: number;
  prediction: WasmPrediction | null;
  /** Labels of the classes that `prediction` refers to; empty without a prediction. */
  labels: string[];
  /** Most probable first. */
  classes: WasmClassScore[];
  /** [embeddingSize], a copy. */
  embedding?: Float32Array;
  /** Place on the map, as from mapPoint(); undefined unless asked for. */
  mapPoint?: Float32Array | null;
}

export interface WasmReview {
  tested: number;
  correct: number;
  temperature: number;
  prior: number;
  sharpness: number;
  /** [tested, 3] id, class index and predicted class index of each tested example, in the order of the ids. */
  predictions: number[];
  mostConfusable: { classA: number; classB: number; confusions: number } | null;
  duplicates: { id: number; of: number; similarity: number }[];
  outliers: { id: number; classIndex: number; suggestedClass: number; confidence: number }[];
}

export interface WasmMap {
  /** [n] in ascending order. */
  ids: number[];
  /** [n, 2], a copy. */
  points: Float32Array;
  /** [2] shares of the variance, 0-1, greatest first. */
  explained: Float32Array;
}

export interface WasmThumbnail {
  id: number;
  bytes: Uint8Array;
}

export interface WasmModelInfo {
  inputWidth: number;
  inputHeight: number;
  /** Data type that the first layer reads: 'float32' | 'int8' | 'uint8'. */
  inputType: string;
  rangeLow: number;
  rangeHigh: number;
  /** 'given' | 'metadata' | 'file' | 'assumed'; see ModelInfo. */
  rangeSource: string;
  inputChannels: number;
  embeddingSize: number;
  embeddingLayer: string;
  embeddingReason: string;
  warnings: string[];
  /** Names of the outputs of the file. */
  outputs: string[];
  /** Index of the one that is used. */
  outputIndex: number;
  /** 'last' | 'two'. */
  layers: string;
  /** 0 for a model without a middle layer. */
  middleLayerSize: number;
  /** 0 for a model without a classifier. */
  classCount: number;
  /** Name inside the file; '' when there is none. */
  name: string;
  /** File of class names in the zip archive behind a .tflite; '' when there is none. */
  labelsFile: string;
  /** Data type of the weights: 'float32' | 'int8' | 'uint8'. */
  precision: string;
  /** Bytes of the weights in memory. */
  weightBytes: number;
  /** For one picture, the classifier included. */
  multiplyAdds: number;
  /** Number of operators of each kind, by their names in cpp/graph/graph.h. */
  operators: Record<string, number>;
}

/** The only C++ object that JavaScript holds. End it with delete(). */
export interface WasmClassifier {
  /** Sets the number of threads, the calling one included. In a threaded variant the other workers must be there: see WasmThreads. */
  useThreads(count: number): void;
  /** Computes with at most `count` of these threads from the next frame on; >= 1. The others sleep. */
  limitThreads(count: number): void;
  /** Returns a view of fresh memory for a .tflite file. Fill it, then call loadModel(). */
  modelBuffer(byteLength: number): Uint8Array;
  /**
   * Reads the model in modelBuffer() and frees the buffer. On an error the earlier model stays.
   * `precision`: 'auto' | 'f32' | 'int8' | 'exact'; see cpp/model/precision.h.
   * `layers`: 'last' | 'two' | 'auto'; see cpp/net/network.h.
   */
  loadModel(preprocess: WasmPreprocess, precision: string, layers: string): WasmModelInfo;

  /** Sets the mean of the embeddings of generic pictures: float16 values. Loading a model removes it. */
  useSpace(halves: Uint8Array): void;

  /** Returns a view [height, width, 4] for the RGBA of the next frame. */
  frameBuffer(width: number, height: number): Uint8Array;
  /**
   * Converts the frame to RGBA, once, when frameBuffer() was filled with B, G, R first, or with fourth bytes that mean nothing. Returns
   * true if all its pixels are opaque.
   */
  reorderFrame(blueFirst: boolean, hasAlpha: boolean): boolean;
  /**
   * Starts a frame whose rows come in parts, and returns the first row that is wanted. While rowBuffer(), [rows, width, 4], isn't empty,
   * fill it and call takeRows(), which returns the next row. The result is that of frameBuffer(), with some megabytes of memory.
   */
  startFrame(width: number, height: number): number;
  rowBuffer(): Uint8Array;
  takeRows(): number;
  /** Does everything that is asked for with the current frame: one call for each frame. */
  observe(request: WasmFrameRequest): WasmFrameResult;
  /** Embeds the current frame: [embeddingSize], a copy. */
  embed(): Float32Array;
  /** Returns the outputs for the current frame before softmax: [classCount], a copy. */
  logits(): Float32Array;

  /** Adds an example and returns its id. */
  addEmbedding(embedding: Float32Array, label: string): number;
  /** Adds [labels.length, dimension] examples and returns their ids. */
  addEmbeddings(embeddings: Float32Array, dimension: number, labels: readonly string[]): number[];
  predictEmbedding(embedding: Float32Array, options: WasmPredictOptions): WasmPrediction;
  /** Predicts [n, dimension] embeddings. */
  predictEmbeddings(embeddings: Float32Array, dimension: number, options: WasmPredictOptions): WasmPrediction[];

  removeExample(id: number): void;
  moveExample(id: number, label: string): void;
  /** Undoes the last added, removed or moved example. Returns false when there is none. */
  undo(): boolean;
  addClass(label: string): void;
  renameClass(label: string, newLabel: string): void;
  mergeClasses(from: string, into: string): void;
  enableClass(label: string, enabled: boolean): void;
  classEnabled(classIndex: number): boolean;
  exampleIds(label: string): number[];
  /** Returns a stored example: [dimension], of length 1, a copy. */
  exampleEmbedding(id: number): Float32Array;
  review(options: WasmPredictOptions, maxExamples: number): WasmReview;
  /** Computes the plane in which the examples differ most, and their places on it. */
  map(): WasmMap;
  /** Returns the place [2] of an embedding on the last map; null without a map, and for an embedding without a direction. */
  mapPoint(embedding: Float32Array): Float32Array | null;
  /** Converts the examples to another number format: 'f32' | 'i16' | 'i8'. */
  useStorage(storage: string): void;
  storage(): string;
  /** Replaces the examples by those of `other`, which is left without any. They get ids that were not given here before, while there are any. */
  takeExamples(other: WasmClassifier): void;
  /** Bytes that the examples take. */
  exampleBytes(): number;

  /**
   * Starts a save. Then call planThumbnail() for each thumbnail, nextSaved() until it returns an empty piece, savedThumbnail() for the
   * parts of each thumbnail, and endSave(). The file is all pieces that were returned. An error ends the save.
   */
  startSave(modelId: string, sha256: string, preprocessing: string): void;
  /** Checks a thumbnail before anything is written. Ids must ascend. */
  planThumbnail(id: number, byteLength: number): void;
  /** Returns the next piece of classes and examples, a copy. */
  nextSaved(): Uint8Array;
  /** Returns the piece for the part in pieceBuffer() of a thumbnail of `byteLength` bytes, a copy. Ids must ascend. */
  savedThumbnail(id: number, byteLength: number): Uint8Array;
  /** Returns the last piece, a copy. */
  endSave(): Uint8Array;
  /** Ends a save and frees its memory. */
  cancelSave(): void;
  /** Starts a load. For each piece fill pieceBuffer() and call loadPiece(), then call finishLoad(). An error ends the load. */
  startLoad(modelId: string, sha256: string, embeddingSize: number): void;
  pieceBuffer(byteLength: number): Uint8Array;
  /** Reads the piece and returns the thumbnails that it completes. */
  loadPiece(): WasmThumbnail[];
  /** Replaces the examples. */
  finishLoad(): void;
  /** Ends a load and frees its memory. */
  cancelLoad(): void;

  /** Removes a class with its examples. */
  clear(label: string): void;
  /** Removes all classes and examples. */
  clearAll(): void;
  labels(): string[];
  counts(): number[];

  /** Frees the object. */
  delete(): void;
}

export interface WasmModule {
  /** `threadCount` >= 1; a variant without threads takes 1 only. */
  Classifier: new (
    threadCount: number,
  ) => WasmClassifier;
  /** Returns the bytes of the module's memory, which never shrinks. */
  heapBytes(): number;
  /** Returns the bytes of static data, stack and allocated blocks. */
  usedBytes(): number;
  /** Returns the number of classifiers that have not been deleted. */
  liveClassifierCount(): number;
  /** Present in threaded variants. */
  readonly PThread?: WasmThreads;
}

/** Settings of a module. */
export interface ModuleSettings {
  /** Makes the instance and passes it to `use`. Default: compiles `wasmBinary`, or in Node the file beside the glue. */
  instantiateWasm?: (
    imports: object,
    use: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ) => object;
  wasmBinary?: ArrayBuffer | Uint8Array;
  /** The memory of a threaded module. Default: one that grows. */
  wasmMemory?: WebAssembly.Memory;
}

/** Emscripten's threads. The module starts none itself, because a worker that blocks can't start others. */
export interface WasmThreads {
  /** Workers that new threads will run in. */
  unusedWorkers: Worker[];
  /** Resolves when the worker can run a thread. */
  loadWasmModuleToWorker(worker: Worker): Promise<unknown>;
  terminateAllThreads(): void;
}

/** Type of the default export of wasm/<variant>/teachable.js. */
export type CreateModule = (settings: ModuleSettings) => Promise<WasmModule>;
