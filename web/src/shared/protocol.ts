// What page and worker say to each other. Types only.

/** A picture on its way to the worker. Bitmaps and video frames are transferred, and the worker closes them. */
export type Frame =
  | { kind: 'bitmap'; bitmap: ImageBitmap }
  | { kind: 'video'; frame: VideoFrame }
  /** [height, width, 4] bytes, straight alpha, sRGB, top-left first. */
  | { kind: 'rgba'; data: Uint8Array | Uint8ClampedArray; width: number; height: number }
  /** A file: JPEG, PNG, BMP, or what else the browser decodes. */
  | { kind: 'encoded'; bytes: Blob | ArrayBuffer | Uint8Array }
  /** The absolute address of such a file. */
  | { kind: 'address'; url: string };

/** What is looked at: a picture, or an embedding that was computed before. */
export type Subject = { frame: Frame } | { embedding: Float32Array };

/** One of the builds of the module. */
export type Variant = 'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads';

/** Which variant runs. */
export interface Choice {
  /** The build of the module. */
  variant: Variant;
  /** 1 for a variant without threads. */
  threads: number;
  /** A sentence for people. */
  reason: string;
}

/** How a frame becomes the network's input. */
export interface Preprocess {
  /** 'center': the largest centred rectangle of the input's aspect ratio. 'squash': all of it, aspect ratio not kept. */
  crop: 'center' | 'squash';
  /** Where output pixels sample the source: as TensorFlow 2 and browsers do, or as tfjs-models/mobilenet does. */
  resize: 'half-pixel' | 'align-corners';
  /** Flips left and right. */
  mirror: boolean;
  /** Real values of a channel at 0 and at 255. Absent: as the model says, else [-1, 1]; see ModelInfo.rangeSource. */
  range?: readonly [number, number];
}

/** Download and start of a load. */
export interface Progress {
  /** 'module': the WebAssembly file. 'model': the network's files. 'start': everything has arrived and is being set up. */
  phase: 'module' | 'model' | 'start';
  /** Bytes so far. */
  loaded: number;
  /** Bytes in all; undefined when the server doesn't say. */
  total: number | undefined;
}

/** A file of a model, relative to the entry that names it. */
export interface ModelFile {
  /** Relative to the entry, or absolute. */
  path: string;
  /** Checked; of a longer file no more is read. */
  byteLength?: number | undefined;
  /** Lower-case hex. Checked where the browser offers digests (https, localhost). */
  sha256?: string | undefined;
}

/** An entry of models/catalog.json: a model's files and how it wants to be fed. */
export interface ModelEntry {
  /** Names the network; data sets keep it. */
  id: string;
  /** For people. */
  title: string;
  /** The first is the model (.tflite or model.json); shards of a model.json are found by its own manifest. */
  files: readonly ModelFile[];
  /** A text file, one class a line. */
  labels?: ModelFile | undefined;
  /** How it wants to be fed. */
  preprocess?: Partial<Preprocess> | undefined;
  /** False for a backbone whose own classes aren't worth showing. */
  showClasses?: boolean | undefined;
}

/**
 * The numbers that a network computes in. 'auto': the fastest for the file; a uint8 file runs as int8, which is faster and moves
 * probabilities by some hundredths. 'exact': what the file says, to the bit, which gives TensorFlow Lite's own numbers. 'f32' turns an
 * integer file into floats. 'int8' is for integer files only.
 */
export type Precision = 'auto' | 'f32' | 'int8' | 'exact';

/** Where the worker finds the model. URLs are absolute. */
export type ModelRequest =
  | { kind: 'url'; url: string }
  | { kind: 'entry'; entry: ModelEntry; baseUrl: string }
  | { kind: 'bytes'; model: ArrayBuffer | Uint8Array; weights?: ArrayBuffer | Uint8Array | undefined };

/** No network: embeddings come from elsewhere. */
export interface NoModel {
  kind: 'none';
  /** What made the embeddings; a data set of another id isn't taken. */
  id: string;
  /** Floats in an embedding, >= 1. */
  embeddingSize: number;
}

/** An answer on its way from the page, by early-fetch.ts. */
export interface EarlyAnswer {
  url: string;
  port: MessagePort;
}

export interface OpenRequest {
  model: ModelRequest | NoModel;
  /** Class names in the network's order, or the absolute URL of a text file with one a line. */
  labels?: readonly string[] | string | undefined;
  preprocess?: Partial<Preprocess> | undefined;
  precision?: Precision | undefined;
  /** What runs. */
  choice: Choice;
  /** Whether a simpler one may, should it fail. */
  fallsBack: boolean;
  /** Folder with <variant>/teachable.js and .wasm; ends in '/'. */
  wasmUrl?: string | undefined;
  /** The model's first file, when the page has asked for it already. */
  earlyModel?: EarlyAnswer | undefined;
  /** The code of the choice's variant, when the page has asked for it already. */
  earlyCode?: EarlyAnswer | undefined;
}

/** The network that runs. */
export interface ModelInfo {
  /** The catalogue's id; the file's name for a model without an entry. */
  id: string;
  /** The catalogue's; of a model without an entry what its file calls it, else its id. */
  title: string;
  /** Of its file; 'none' without a network. */
  format: 'tflite' | 'tfjs-layers' | 'tfjs-graph' | 'none';
  /** Pixels; 0 without a network. */
  inputWidth: number;
  /** Pixels; 0 without a network. */
  inputHeight: number;
  /** What the first layer reads. */
  inputType: 'float32' | 'int8' | 'uint8';
  /** The numbers that its weights are computed in. */
  precision: 'float32' | 'int8' | 'uint8';
  /** How frames become its input. */
  preprocess: Required<Preprocess>;
  /**
   * Who says the range of `preprocess`. 'given': an option, the catalogue's entry, or the metadata.json of Teachable Machine. 'metadata':
   * that of a .tflite file. 'file': its quantisation, or what its first operators do. 'assumed': nobody; another one may be meant.
   */
  rangeSource: 'given' | 'metadata' | 'file' | 'assumed';
  /** Floats in an embedding. */
  embeddingSize: number;
  /** 0 for a model without a classifier. */
  classCount: number;
  /** Whether its own classes are worth showing. Always false when classCount is 0. */
  showClasses: boolean;
  /** Of the weights as they lie in memory. */
  weightBytes: number;
  /** Of one picture, classifier included. */
  multiplyAdds: number;
  /** How often each kind of operator runs, after simplification: { Conv2d: 36, DepthwiseConv2d: 17, … }. */
  operators: Record<string, number>;
}

/** Milliseconds that a load took, measured where the network runs. The two downloads overlap. */
export interface LoadTimings {
  /** Until the module ran: download, compilation. */
  moduleMs: number;
  /** Until the model's files had arrived; 0 without a network. */
  modelMs: number;
  /** Of reading the network and preparing its weights. */
  prepareMs: number;
}

/** Milliseconds of the last frame, measured in the worker. */
export interface Timings {
  /** From the picture that arrived to RGBA in the module's memory. */
  pixelsMs: number;
  /** Crop, resize and network. */
  networkMs: number;
  /** Nearest neighbours and top classes. */
  answerMs: number;
}

/** What info() says of a classifier. */
export interface Info {
  /** The build of the module. */
  variant: Variant;
  /** Why this variant runs, in a sentence; and why it runs in the caller's thread, where that wasn't asked for. */
  reason: string;
  /** That compute once all have started, after the first result, the caller's of the network among them; 1 for a variant without threads. */
  threads: number;
  /** Whether it runs in a worker. False: each call blocks the thread that makes it. */
  worker: boolean;
  /** Whether the page is cross-origin isolated, which threads need. */
  isolated: boolean;
  /** The network that runs. */
  model: ModelInfo;
  /** Bytes of the model's files. */
  modelBytes: number;
  /** Bytes of the module's memory, which never shrinks. */
  heapBytes: number;
  /** Bytes of it that the examples take. */
  exampleBytes: number;
  /** Null before the first frame. */
  timings: Timings | null;
  /** How long the load took. */
  loadTimings: LoadTimings;
}

/** One of a network's own classes, of one picture. */
export interface ClassScore {
  /** As its labels call it, else 'class <index>'. */
  className: string;
  /** 0-1; all classes of the model together make 1, unless it ends in a sigmoid: then each is for itself. */
  probability: number;
  /** Index into the network's output. */
  classIndex: number;
}

/** How the nearest examples make a prediction. */
export interface PredictOptions {
  /** Neighbours that vote, >= 1; with fewer examples, all of them. Default 3. */
  k?: number | undefined;
  /** What a vote counts. 'votes': 1. 'similarity': less the farther it is than the nearest, by `temperature`. Default 'votes'. */
  weighting?: 'votes' | 'similarity' | undefined;
  /** Of 'similarity': > 0; the less, the more the nearest decide. Default 0.05. */
  temperature?: number | undefined;
  /**
   * With `sharpness`, for confidences that can be believed: review() finds both. >= 0: votes that nobody cast, shared evenly by
   * all classes, so that neighbours that agree are no certainty. The label is the same. Default 0: confidences are shares of the votes.
   */
  prior?: number | undefined;
  /** > 0: above 1, the leading class' confidence gains; the label is the same. Default 1. */
  sharpness?: number | undefined;
  /** Divides a class' votes by its examples, so that the class with most doesn't win by their number. Default false. */
  balanced?: boolean | undefined;
  /** -1..1: with the nearest example less similar, the prediction is `unknown`. Default: never. */
  unknownThreshold?: number | undefined;
  /**
   * For video: confidences are a mean over the predictions of this classifier that asked for the same; what one says counts half
   * after so many more. The label is that of the greatest mean, the neighbours are the last frame's. Starts anew when classes
   * come, go, are enabled or disabled. Not of predictMany() and review(). Default 0: none.
   */
  smoothing?: number | undefined;
}

/** An example that a prediction rests on. */
export interface Neighbour {
  /** Names the example as long as it is there. No id is given twice; but a file that is loaded brings the ids it was saved with. */
  id: number;
  /** Its class. */
  label: string;
  /** Cosine, -1..1. */
  similarity: number;
}

/** How well the examples predict each other, and which of them look wrong. */
export interface Review {
  /** Examples that were predicted from all others; of many, a sample. */
  tested: number;
  /** Share of them whose own label came out, 0-1; NaN when none was tested. */
  accuracy: number;
  /** How often an example of `label` was taken for `takenFor`; what never happened is left out. */
  confusion: {
    /** What it is. */
    label: string;
    /** What came out. */
    takenFor: string;
    /** >= 1. */
    count: number;
  }[];
  /** The two classes that are mixed up most often; null when none are. */
  mostConfusable: {
    /** Both names. */
    labels: [string, string];
    /** How often either was taken for the other. */
    confusions: number;
  } | null;
  /** Pairs that are all but the same picture. */
  duplicates: {
    /** Of the example that came later. */
    id: number;
    /** Of the one that it is like. */
    of: number;
    /** Their cosine. */
    similarity: number;
  }[];
  /** Examples whose neighbours have another label: perhaps mislabelled. */
  outliers: {
    /** Of the example. */
    id: number;
    /** What it was taught as. */
    label: string;
    /** What its neighbours say. */
    suggestedLabel: string;
    /** Of that, 0-1. */
    confidence: number;
  }[];
  /** Of 'similarity': the one under which the examples' own labels are most probable. */
  temperature: number;
  /**
   * With `sharpness`, for PredictOptions that are otherwise those of the review: of predictions with a confidence of 0.8, about 8
   * of 10 are then right, as far as what comes is like the examples, and these aren't copies of each other.
   */
  prior: number;
  /** See `prior`. */
  sharpness: number;
}

/** How the examples are kept: all of each value, 16 or 8 bits of it. */
export type Storage = 'f32' | 'i16' | 'i8';

/** A small picture file of an example, kept in a saved data set. */
export interface Thumbnail {
  /** Of the example. */
  id: number;
  /** The file. */
  bytes: Uint8Array;
}

export type WirePredictOptions = { [K in keyof PredictOptions]-?: Exclude<PredictOptions[K], undefined> };

/** A change of what is taught. */
export type Edit =
  | { kind: 'remove'; id: number }
  | { kind: 'move'; id: number; label: string }
  | { kind: 'add-class'; label: string }
  | { kind: 'rename'; label: string; newLabel: string }
  | { kind: 'merge'; label: string; into: string }
  | { kind: 'enable'; label: string; enabled: boolean }
  | { kind: 'storage'; storage: Storage };

/** A prediction with its confidences as pairs: labels such as '__proto__' don't survive as keys of a cloned object. */
export interface WirePrediction {
  label: string;
  classIndex: number;
  unknown: boolean;
  confidences: [label: string, confidence: number][];
  neighbours: Neighbour[];
}

export interface WireObservation {
  /** Null as long as there are no examples. */
  prediction: WirePrediction | null;
  classes: ClassScore[];
  /** Examples of the label that was given. */
  exampleCount: number | undefined;
  exampleId: number | undefined;
  embedding: Float32Array | undefined;
  timings: Timings;
}

/** What the host knows; where it runs, only the caller's side does. */
export type HostInfo = Omit<Info, 'worker'>;

/** The worker's methods. Requests are answered one at a time, in the order of their arrival. */
export interface ClassifierMethods {
  open(args: OpenRequest): HostInfo;
  classify(args: { frame: Frame; topk: number }): ClassScore[];
  embed(args: { frame: Frame }): Float32Array;
  /** Examples that the label has now. */
  addExample(args: { subject: Subject; label: string }): number;
  addExamples(args: { embeddings: Float32Array; labels: string[] }): number[];
  predict(args: { subject: Subject; options: WirePredictOptions }): WirePrediction;
  predictMany(args: { embeddings: Float32Array; options: WirePredictOptions }): WirePrediction[];
  observe(args: {
    frame: Frame;
    label?: string | undefined;
    options: WirePredictOptions;
    topk: number;
    embedding: boolean;
  }): WireObservation;
  /** Of the network's own classes, [classCount]; empty when they are not known. */
  classNames(args: Record<string, never>): readonly string[];
  clear(args: { label?: string | undefined }): void;
  counts(args: Record<string, never>): [label: string, count: number][];
  edit(args: Edit): void;
  /** False when there is nothing to take back. */
  undo(args: Record<string, never>): boolean;
  exampleIds(args: { label: string }): number[];
  exampleEmbedding(args: { id: number }): Float32Array;
  review(args: { options: WirePredictOptions; mostExamples: number }): Review;
  /** The number by which its pieces are asked for. */
  startSave(args: { thumbnails: Thumbnail[] }): number;
  /** Empty after the last. */
  nextSaved(args: { save: number }): Uint8Array;
  /** Lets go of what a save holds, if it is still the last that began. */
  cancelSave(args: { save: number }): void;
  /** The number by which its pieces are given. */
  startLoad(args: Record<string, never>): number;
  loadPiece(args: { load: number; bytes: Uint8Array }): void;
  finishLoad(args: { load: number }): Thumbnail[];
  /** Lets go of what a load holds, if it is still the last that began. */
  cancelLoad(args: { load: number }): void;
  exportJson(args: Record<string, never>): string;
  importJson(args: { json: unknown }): void;
  info(args: Record<string, never>): HostInfo;
  /** Frees the classifier and ends the worker, so there is no answer. */
  close(args: Record<string, never>): void;
}
