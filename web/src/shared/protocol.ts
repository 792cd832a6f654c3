// The messages between the page and the worker. Types only.

/** A picture on its way to the worker. Bitmaps and video frames are transferred, and the worker closes them. */
export type Frame =
  | { kind: 'bitmap'; bitmap: ImageBitmap }
  /** `isStraight`: the frame was made of pixels with straight alpha, not by the browser. */
  | { kind: 'video'; frame: VideoFrame; isStraight?: boolean }
  /** [height, width, 4] bytes, straight alpha, sRGB, top-left first. */
  | { kind: 'rgba'; data: Uint8Array | Uint8ClampedArray; width: number; height: number }
  /** An encoded file: JPEG, PNG, BMP, or another format that the browser decodes. `name`: its file name for error messages. */
  | { kind: 'encoded'; bytes: Blob | ArrayBuffer | Uint8Array; name?: string | undefined }
  /** The absolute address of such a file. */
  | { kind: 'address'; url: string };

/** How canvases and bitmaps are sent, so that this browser is quick. Pixels in memory are sent as 'frame' or as a copy. */
export type SentAs = 'frame' | 'pixels' | 'bitmap';

/** A picture, or an embedding that was computed before. */
export type Subject = { frame: Frame } | { embedding: Float32Array };

/** Name of a build of the WebAssembly module. */
export type Variant = 'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads';

/** The chosen variant, and why it was chosen. */
export interface Choice {
  /** Build of the module. */
  variant: Variant;
  /** Number of threads; 1 for a variant without threads. */
  threads: number;
  /** One sentence that explains the choice. */
  reason: string;
}

/** How a frame becomes the network's input. */
export interface Preprocess {
  /** 'center' takes the largest centred rectangle with the input's aspect ratio. 'squash' takes everything and changes the aspect ratio. */
  crop: 'center' | 'squash';
  /**
   * How the source becomes pixels of the input. 'half-pixel' as TensorFlow 2 and 'align-corners' as tfjs-models/mobilenet: linear
   * interpolation between two pixels along each side. 'area': the mean of all pixels along a side that has at least twice the input's
   * pixels, so that none is left out; 'half-pixel' along other sides.
   */
  resize: 'area' | 'half-pixel' | 'align-corners';
  /** Flips left and right. */
  mirror: boolean;
  /** Real values of a channel at 0 and at 255. Default: the model's own range, else [-1, 1]; see `ModelInfo.rangeSource`. */
  range?: readonly [number, number];
  /**
   * Colour behind transparent pixels: red, green and blue, 0-255 each. Pixels are blended before they are resized. 'none' ignores alpha, as
   * TensorFlow.js does: hidden colours of transparent pixels show then. Default: white.
   */
  background: readonly [number, number, number] | 'none';
  /**
   * Mean of each channel R, G, B for pixels of 0 to 1, as torchvision documents it: the network reads (pixel / 255 - mean) / std. Needs
   * `std`, and takes the place of `range`.
   */
  mean?: readonly [number, number, number] | undefined;
  /** Standard deviation of each channel R, G, B for pixels of 0 to 1. */
  std?: readonly [number, number, number] | undefined;
  /**
   * Width of the input in pixels, for a network that takes pictures of any size. Default: 224. Another width than that of a network with
   * a fixed size is 'bad-argument'.
   */
  width?: number | undefined;
  /** Height of the input in pixels, as `width`. */
  height?: number | undefined;
}

/** Progress of a load. */
export interface Progress {
  /** 'module': the WebAssembly file. 'model': the files of the network. 'start': all files have arrived and are being prepared. */
  phase: 'module' | 'model' | 'start';
  /** Number of bytes that have arrived. */
  loaded: number;
  /** Total number of bytes; undefined when the server doesn't say. */
  total: number | undefined;
}

/** A file of a model. */
export interface ModelFile {
  /** Address of the file, absolute or relative to the catalogue entry. */
  path: string;
  /** Length of the file. It is checked, and reading stops at a longer file. */
  byteLength?: number | undefined;
  /** SHA-256 checksum in lower-case hex. It is checked where the browser offers digests (https and localhost). */
  sha256?: string | undefined;
}

/** An entry of models/catalog.json: the files of a model and its preprocessing. */
export interface ModelEntry {
  /** Identifier of the network. Data sets store it. */
  id: string;
  /** Name for people. */
  title: string;
  /** Files of the model, a .tflite or a model.json first. A model.json names its weight files itself. */
  files: readonly ModelFile[];
  /** A text file with one class name per line. */
  labels?: ModelFile | undefined;
  /** How frames become the network's input. */
  preprocess?: Partial<Preprocess> | undefined;
  /** Space for embeddings of two layers: what the embeddings of generic pictures have in common, as models/space.mjs writes it. */
  space?: ModelFile | undefined;
  /** False for a backbone whose own classes aren't worth showing. */
  showClasses?: boolean | undefined;
}

/**
 * Number format of the network's computation. 'auto' is the fastest one for the file: a uint8 file runs as int8, which changes
 * probabilities by a few hundredths. 'exact' computes as the file says and gives the same bits as TensorFlow Lite. 'f32' converts an
 * integer file to floats. 'int8' requires an integer file.
 */
export type Precision = 'auto' | 'f32' | 'int8' | 'exact';

/**
 * Layers of the network that an embedding describes. 'last': the network's own embedding. 'two': that one, followed by the mean over all
 * pixels of a middle layer, each scaled to length 1; the middle layer is the input of the last layer that halves height and width.
 * 'auto': 'two' for a catalogue entry with a `space`, such as the packaged network's, else 'last'. All layers come from one run of the
 * network.
 */
export type Layers = 'last' | 'two' | 'auto';

/** Where the worker finds the model. URLs are absolute. */
export type ModelRequest =
  | { kind: 'url'; url: string }
  | { kind: 'entry'; entry: ModelEntry; baseUrl: string }
  | { kind: 'bytes'; model: ArrayBuffer | Uint8Array; weights?: ArrayBuffer | Uint8Array | undefined };

/** No network: embeddings come from elsewhere. */
export interface NoModel {
  kind: 'none';
  /** Name of the source of the embeddings. A data set with another id is refused. */
  id: string;
  /** Number of floats in an embedding, >= 1. */
  embeddingSize: number;
}

/** A download that the page has started for the worker; see page/early-fetch.ts. */
export interface EarlyAnswer {
  url: string;
  /** Receives the file's bytes, or undefined when the download failed. */
  port: MessagePort;
}

/** Arguments of `open()`. */
export interface OpenRequest {
  model: ModelRequest | NoModel;
  /** Class names in the network's order, or the absolute URL of a text file with one name per line. */
  labels?: readonly string[] | string | undefined;
  preprocess?: Partial<Preprocess> | undefined;
  precision?: Precision | undefined;
  layers?: Layers | undefined;
  /** Name or index of the tensor to use as the embedding. */
  embedding?: string | number | undefined;
  /** Name or index of the output to use. */
  output?: string | number | undefined;
  /** Absolute address of a quantized file of the same network, for its input range. */
  rangeFrom?: string | undefined;
  /** Refuses picture files whose end is missing. */
  refusesTruncated?: boolean | undefined;
  /** The variant to start. */
  choice: Choice;
  /** Starts a simpler variant when the chosen one fails. */
  fallsBack: boolean;
  /** Uses fewer threads while frames are no slower with them. */
  choosesThreads?: boolean | undefined;
  /** Folder with <variant>/teachable.js and .wasm; ends in '/'. */
  wasmUrl?: string | undefined;
  /** The model's first file, when the page has started to download it. */
  earlyModel?: EarlyAnswer | undefined;
  /** The .wasm file of the chosen variant, when the page has started to download it. */
  earlyCode?: EarlyAnswer | undefined;
}

/** Description of the network that runs. */
export interface ModelInfo {
  /** The catalogue's id. A model without an entry has the name of its file. */
  id: string;
  /** The catalogue's title. A model without an entry has the name inside its file, else its id. */
  title: string;
  /** Format of the model file. */
  format: 'tflite' | 'tfjs-layers' | 'tfjs-graph';
  /** Width of the input in pixels. */
  inputWidth: number;
  /** Height of the input in pixels. */
  inputHeight: number;
  /** Data type that the first layer reads. */
  inputType: 'float32' | 'int8' | 'uint8';
  /** Data type of the weights as they are computed. */
  precision: 'float32' | 'int8' | 'uint8';
  /** Channels of the input: 3, or 1 for a network of grey pictures, which gets 0.299 R + 0.587 G + 0.114 B. */
  inputChannels: number;
  /** How frames become the network's input. `range` spans all channels. */
  preprocess: Required<Omit<Preprocess, 'mean' | 'std' | 'width' | 'height'>> &
    Pick<Preprocess, 'mean' | 'std' | 'width' | 'height'>;
  /**
   * Source of `preprocess.range`. 'given': an option, the catalogue entry, or Teachable Machine's metadata.json. 'metadata': the metadata
   * of the .tflite file. 'file': its quantization, or its first operators. 'sibling': the quantization of another file of the same
   * network, `rangeFile`. 'assumed': no source; the right range may be another one.
   */
  rangeSource: 'given' | 'metadata' | 'file' | 'sibling' | 'assumed';
  /** Name of the file that the range comes from, with `rangeSource: 'sibling'`. */
  rangeFile?: string | undefined;
  /** Names of the outputs of the file; '' for one without a name. */
  outputs: readonly string[];
  /** Index in `outputs` of the one that is used. */
  outputIndex: number;
  /** Number of floats in an embedding. */
  embeddingSize: number;
  /** Name of the embedding's tensor in the file; '' when it has none. */
  embeddingLayer: string;
  /** Why this tensor is the embedding, in a few words. */
  embeddingReason: string;
  /** Plain sentences about what may be wrong with the model or its use. Empty for most models. */
  warnings: readonly string[];
  /** Layers that an embedding describes. */
  layers: Exclude<Layers, 'auto'>;
  /** Number of floats that a middle layer adds to an embedding of two layers; 0 for a network without such a layer. */
  middleLayerSize: number;
  /** Number of the model's own classes; 0 for a model without a classifier. */
  classCount: number;
  /** True when the model's own classes are worth showing. Always false when `classCount` is 0. */
  showClasses: boolean;
  /** Bytes of the weights in memory. */
  weightBytes: number;
  /** Number of multiply-adds for one picture, the classifier included. */
  multiplyAdds: number;
  /** Number of operators of each kind after simplification, such as { Conv2d: 36, DepthwiseConv2d: 17 }. */
  operators: Record<string, number>;
}

/** Durations of a load in milliseconds, measured where the network runs. The two downloads overlap. */
export interface LoadTimings {
  /** Time until the module ran: download and compilation. */
  moduleMs: number;
  /** Time until the model's files had arrived; 0 without a network. */
  modelMs: number;
  /** Time to read the network and to prepare its weights; 0 without a network. */
  prepareMs: number;
}

/** Durations of the last frame in milliseconds, measured in the worker. */
export interface Timings {
  /** Time to write the picture as RGBA into the module's memory. */
  pixelsMs: number;
  /** Time to crop, to resize and to run the network. */
  networkMs: number;
  /** Part of `networkMs` in which the picture was cropped and resized. */
  preprocessMs: number;
  /** Time for the nearest neighbours and the top classes. */
  answerMs: number;
}

/** State of a classifier of embeddings, as its `info()` returns it. */
export interface KnnInfo {
  /** Build of the module that runs. */
  variant: Variant;
  /** One sentence that says why this variant runs, and why it runs in the caller's thread where a worker was expected. */
  reason: string;
  /**
   * Number of inference threads, including the worker itself. Extra threads start after the first result. Without the option `threads`,
   * fewer of them compute while frames are no slower with fewer threads, as beside other programs.
   */
  threads: number;
  /** True when it runs in a worker. When false, each call blocks the thread that makes it. */
  worker: boolean;
  /** True when the page is cross-origin isolated, which threads require. */
  isolated: boolean;
  /**
   * False when the browser gives noise in place of the pixels of elements, canvases and videos, as Firefox does with
   * privacy.resistFingerprinting. Such pictures are refused with 'bad-image'. JPEG, PNG and BMP files work.
   */
  readsCanvases: boolean;
  /** Description of the network; null for `loadKnn()`, which runs without one. */
  model: ModelInfo | null;
  /** Total bytes of the model's files. */
  modelBytes: number;
  /** Bytes of the module's memory. It grows when more is needed, and never shrinks. */
  heapBytes: number;
  /** Bytes of the module's memory that are in use: code's data, network, frames and examples. The rest is free for more. */
  usedBytes: number;
  /** Bytes of the module's memory that the examples take. */
  exampleBytes: number;
  /** Durations of the last frame; null before the first one. */
  timings: Timings | null;
  /** Durations of the load. */
  loadTimings: LoadTimings;
}

/** State of a classifier of pictures, as its `info()` returns it. */
export interface Info extends KnnInfo {
  /** Description of the network that runs. */
  model: ModelInfo;
}

/** Score of one of the network's own classes for a picture. */
export interface ClassScore {
  /** Name from the labels, else 'class <index>'. */
  className: string;
  /** Probability, 0-1. All classes of the model sum to 1, unless the network ends in a sigmoid: then each class is independent. */
  probability: number;
  /** Index into the network's output. */
  classIndex: number;
}

/** How the examples make a prediction. */
export interface PredictOptions {
  /**
   * Rule that makes the prediction. 'combined': a linear head over all examples, multiplied by the votes of all examples; the most accurate,
   * with calibrated confidences, and classes with few examples have a fair chance. 'neighbours': the `k` nearest examples vote, as in
   * `@tensorflow-models/knn-classifier`. Default: 'combined'.
   */
  rule?: 'combined' | 'neighbours' | undefined;
  /**
   * Number of neighbours, >= 1; fewer when there are fewer examples. With `rule: 'neighbours'` they vote, with 'combined' they explain the
   * prediction. Default: 3.
   */
  k?: number | undefined;
  /** For `rule: 'neighbours'`: weight of a vote. 'votes': each counts 1. 'similarity': a vote counts less the farther it is than the nearest. Default: 'votes'. */
  weighting?: 'votes' | 'similarity' | undefined;
  /** For `rule: 'neighbours'`: temperature of `weighting: 'similarity'`, > 0. The lower it is, the more the nearest neighbours decide. Default: 0.05. */
  temperature?: number | undefined;
  /**
   * For `rule: 'neighbours'`: pseudo-count for calibrated confidences, >= 0: votes that are shared evenly by all classes. The label doesn't change. `review()`
   * computes it together with `sharpness`. Default: 0, where confidences are shares of the votes.
   */
  prior?: number | undefined;
  /** Exponent for calibrated confidences, > 0. Above 1, the leading class gains. The label doesn't change. Default: 1. */
  sharpness?: number | undefined;
  /** For `rule: 'neighbours'`: divides the votes for a class by its number of examples, so that large classes have no advantage. Default: false. */
  balanced?: boolean | undefined;
  /**
   * Lowest similarity of the nearest example, -1..1; with `rule: 'combined'`, lowest mean of the two nearest. Below it, the prediction is
   * `unknown`. Default: -1, never.
   */
  unknownThreshold?: number | undefined;
  /**
   * Half-life of a running mean of confidences, for video: a prediction counts half after this many further ones. The label is the winner
   * of the mean; the neighbours are those of the last frame. The mean includes earlier predictions of this classifier with the same value,
   * and starts anew when classes are added, removed, enabled or disabled. `predictMany()` and `review()` ignore it. Default: 0, no smoothing.
   */
  smoothing?: number | undefined;
}

/** An example that a prediction is based on. */
export interface Neighbour {
  /** Id of the example, valid while the example exists. No id is used twice until `clear()`, but loading a file restores the ids of that file. */
  id: number;
  /** Label of the example. */
  label: string;
  /** Cosine similarity, -1..1. */
  similarity: number;
}

/** Leave-one-out review: how well the examples predict each other, and which of them look wrong. */
export interface Review {
  /** Number of examples that were predicted from all others. A large data set is sampled. */
  tested: number;
  /** Share of tested examples whose own label was predicted, 0-1; NaN when none was tested. */
  accuracy: number;
  /** Confusion matrix: how often examples of `label` were predicted as `takenFor`. Cells that are 0 are left out. */
  confusion: {
    /** Label of the examples. */
    label: string;
    /** Predicted label. */
    takenFor: string;
    /** Number of examples, >= 1. */
    count: number;
    /** Ids of these examples, oldest first. */
    ids: number[];
  }[];
  /** The two classes that are confused most often; null when none are. */
  mostConfusable: {
    /** Labels of both classes. */
    labels: [string, string];
    /** Number of examples of either class that were predicted as the other. */
    confusions: number;
  } | null;
  /** Pairs of nearly identical examples. */
  duplicates: {
    /** Id of the newer example. */
    id: number;
    /** Id of the older example. */
    of: number;
    /** Cosine similarity of the two. */
    similarity: number;
  }[];
  /** Examples whose neighbours have another label, and which may be mislabelled. */
  outliers: {
    /** Id of the example. */
    id: number;
    /** Its label. */
    label: string;
    /** Label of its neighbours. */
    suggestedLabel: string;
    /** Confidence of the suggestion, 0-1. */
    confidence: number;
  }[];
  /** Temperature for `weighting: 'similarity'` under which the examples' own labels are most probable. */
  temperature: number;
  /**
   * Prior for calibrated confidences, to be used with `sharpness` and the other options of this review. About 8 of 10 predictions with a
   * confidence of 0.8 are then right, provided that new pictures resemble the examples and the examples aren't copies of each other.
   * 0 while a class has fewer than 10 examples, which are too few, and with `rule: 'combined'`, which needs no calibration.
   */
  prior: number;
  /** Sharpness for calibrated confidences; 1 where `prior` is not computed. */
  sharpness: number;
}

/**
 * Flat map of the examples: their places in the plane in which they differ most, the one of the two leading principal components. Examples
 * that look alike to the network are close together. Distances are at most those of the embeddings of length 1, so they are 0-2.
 */
export interface ExampleMap {
  /** Ids of all examples, [n], in ascending order. */
  ids: number[];
  /** Places, [n, 2]: x and y of each example. All are 0 when the examples are equal. */
  points: Float32Array;
  /** Shares of the variance along the two leading components, 0-1, greatest first. A sum near 1 means that the map shows almost everything. */
  explained: [number, number];
}

/** Number format in which examples are stored: 32-bit floats, or 16 or 8 bits per value. */
export type Storage = 'f32' | 'i16' | 'i8';

/** A small picture file of an example, stored in a saved data set. */
export interface Thumbnail {
  /** Id of the example. */
  id: number;
  /** Bytes of the picture file. */
  bytes: Uint8Array;
}

/** PredictOptions with all defaults filled in. */
export type WirePredictOptions = { [K in keyof PredictOptions]-?: Exclude<PredictOptions[K], undefined> };

/** A change of the examples or classes. */
export type Edit =
  | { kind: 'remove'; id: number }
  | { kind: 'move'; id: number; label: string }
  | { kind: 'add-class'; label: string }
  | { kind: 'rename'; label: string; newLabel: string }
  | { kind: 'merge'; label: string; into: string }
  | { kind: 'enable'; label: string; enabled: boolean }
  | { kind: 'storage'; storage: Storage };

/** A prediction with its confidences as pairs, because labels such as '__proto__' don't survive as keys of a cloned object. */
export interface WirePrediction {
  label: string;
  classIndex: number;
  unknown: boolean;
  confidences: [label: string, confidence: number][];
  neighbours: Neighbour[];
}

/** An Observation with a WirePrediction. */
export interface WireObservation {
  /** Null while no example may vote. */
  prediction: WirePrediction | null;
  classes: ClassScore[];
  /** Number of examples of the given label. */
  exampleCount: number | undefined;
  exampleId: number | undefined;
  embedding: Float32Array | undefined;
  mapPoint: [number, number] | null;
  timings: Timings;
}

/** The part of Info that the host knows. Only the caller's side knows where it runs. */
export type HostInfo = Omit<KnnInfo, 'worker'>;

/** Methods of the worker. Requests are answered one at a time, in the order of arrival. */
export interface ClassifierMethods {
  /** Starts the module and loads the model; null without a network. */
  open(args: OpenRequest): { model: ModelInfo | null; sentAs: SentAs };
  classify(args: { frame: Frame; topk: number }): ClassScore[];
  embed(args: { frame: Frame }): Float32Array;
  /** Returns the number of examples of the label. */
  addExample(args: { subject: Subject; label: string; alsoMirrored: boolean }): number;
  addExamples(args: { embeddings: Float32Array; labels: string[] }): number[];
  predict(args: { subject: Subject; options: WirePredictOptions }): WirePrediction;
  predictMany(args: { embeddings: Float32Array; options: WirePredictOptions }): WirePrediction[];
  observe(args: {
    frame: Frame;
    label?: string | undefined;
    alsoMirrored: boolean;
    options: WirePredictOptions;
    topk: number;
    embedding: boolean;
    map: boolean;
  }): WireObservation;
  /** Returns the names of the network's own classes, [classCount]; empty when they are unknown. */
  classNames(args: Record<string, never>): readonly string[];
  clear(args: { label?: string | undefined }): void;
  counts(args: Record<string, never>): [label: string, count: number][];
  disabledClasses(args: Record<string, never>): string[];
  edit(args: Edit): void;
  /** Returns false when there is nothing to undo. */
  undo(args: Record<string, never>): boolean;
  exampleIds(args: { label: string }): number[];
  exampleEmbedding(args: { id: number }): Float32Array;
  review(args: { options: WirePredictOptions; maxExamples: number }): Review;
  map(args: Record<string, never>): ExampleMap;
  mapPoint(args: { embedding: Float32Array }): [number, number] | null;
  /** Returns the number of this save, which the following calls take. */
  startSave(args: { thumbnails: Thumbnail[] }): number;
  /** Returns the next piece; empty after the last one. */
  nextSaved(args: { save: number }): Uint8Array;
  /** Frees the memory of a save, unless another one has started since. */
  cancelSave(args: { save: number }): void;
  /** Returns the number of this load, which the following calls take. */
  startLoad(args: Record<string, never>): number;
  loadPiece(args: { load: number; bytes: Uint8Array }): void;
  finishLoad(args: { load: number }): Thumbnail[];
  /** Frees the memory of a load, unless another one has started since. */
  cancelLoad(args: { load: number }): void;
  exportJson(args: Record<string, never>): string;
  importJson(args: { json: unknown }): void;
  info(args: Record<string, never>): HostInfo;
  /** Frees the classifier and ends the worker. There is no answer. */
  close(args: Record<string, never>): void;
}
