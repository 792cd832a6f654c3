// What page and worker say to each other. Types only.

/** A picture on its way to the worker. Bitmaps and video frames are transferred, and the worker closes them. */
export type Frame =
  | { kind: 'bitmap'; bitmap: ImageBitmap }
  | { kind: 'video'; frame: VideoFrame }
  /** [height, width, 4] bytes, straight alpha, sRGB, top-left first. */
  | { kind: 'rgba'; data: Uint8Array | Uint8ClampedArray; width: number; height: number }
  /** A file: JPEG, PNG, BMP, or what else the browser decodes. */
  | { kind: 'encoded'; bytes: Blob | ArrayBuffer | Uint8Array };

/** What is looked at: a picture, or an embedding that was computed before. */
export type Subject = { frame: Frame } | { embedding: Float32Array };

/** One of the builds of the module. */
export type Variant = 'simd' | 'simd-threads' | 'relaxed' | 'relaxed-threads';

/** How a frame becomes the network's input. */
export interface Preprocess {
  /** 'center': the largest centred rectangle of the input's aspect ratio. 'squash': all of it, aspect ratio not kept. */
  crop: 'center' | 'squash';
  /** Where output pixels sample the source: as TensorFlow 2 and browsers do, or as tfjs-models/mobilenet does. */
  resize: 'half-pixel' | 'align-corners';
  /** Flips left and right. */
  mirror: boolean;
  /** Real values of a channel at 0 and at 255. Absent: as the model says, else [-1, 1]. */
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
  path: string;
  byteLength?: number | undefined;
  /** Lower-case hex. Checked where the browser offers digests (https, localhost). */
  sha256?: string | undefined;
}

/** An entry of models/catalog.json: a model's files and how it wants to be fed. */
export interface ModelEntry {
  id: string;
  title: string;
  /** The first is the model (.tflite or model.json); shards of a model.json are found by its own manifest. */
  files: readonly ModelFile[];
  /** A text file, one class a line. */
  labels?: ModelFile | undefined;
  preprocess?: Partial<Preprocess> | undefined;
  /** False for a backbone whose own classes aren't worth showing. */
  showClasses?: boolean | undefined;
}

/**
 * The numbers that a network computes in. 'auto': the fastest for the file; a uint8 file runs as int8, which is faster and
 * says the same. 'exact': what the file says, to the bit. 'f32' turns an integer file into floats. 'int8' is for integer files only.
 */
export type Precision = 'auto' | 'f32' | 'int8' | 'exact';

/** Where the worker finds the model. URLs are absolute. */
export type ModelRequest =
  | { kind: 'url'; url: string }
  | { kind: 'entry'; entry: ModelEntry; baseUrl: string }
  | { kind: 'bytes'; model: ArrayBuffer | Uint8Array; weights?: ArrayBuffer | Uint8Array | undefined };

export interface OpenRequest {
  model: ModelRequest;
  /** Class names in the network's order, or the absolute URL of a text file with one a line. */
  labels?: readonly string[] | string | undefined;
  preprocess?: Partial<Preprocess> | undefined;
  precision?: Precision | undefined;
  variant?: Variant | undefined;
  threads?: number | undefined;
  /** Folder with <variant>/teachable.js and .wasm; ends in '/'. */
  wasmUrl?: string | undefined;
}

/** The network that runs. */
export interface ModelInfo {
  /** The catalogue's id; the file's name for a model without an entry. */
  id: string;
  title: string;
  format: 'tflite' | 'tfjs-layers' | 'tfjs-graph';
  /** Pixels. */
  inputWidth: number;
  inputHeight: number;
  /** What the first layer reads. */
  inputType: 'float32' | 'int8' | 'uint8';
  preprocess: Required<Preprocess>;
  /** Floats in an embedding. */
  embeddingSize: number;
  /** 0 for a model without a classifier. */
  classCount: number;
  /** Whether its own classes are worth showing. Always false when classCount is 0. */
  showClasses: boolean;
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

export interface Info {
  variant: Variant;
  /** Why this variant runs, in a sentence. */
  reason: string;
  threads: number;
  /** Whether the page is cross-origin isolated, which threads need. */
  isolated: boolean;
  model: ModelInfo;
  /** Bytes of the module's memory, which never shrinks. */
  heapBytes: number;
  /** Null before the first frame. */
  timings: Timings | null;
}

export interface ClassScore {
  className: string;
  /** 0-1; all classes of the model together make 1. */
  probability: number;
  /** Index into the network's output. */
  classIndex: number;
}

/** A prediction with its confidences as pairs: labels such as '__proto__' don't survive as keys of a cloned object. */
export interface WirePrediction {
  label: string;
  classIndex: number;
  confidences: [label: string, confidence: number][];
}

export interface WireObservation {
  /** Null as long as there are no examples. */
  prediction: WirePrediction | null;
  classes: ClassScore[];
  /** Examples of the label that was given. */
  exampleCount: number | undefined;
  embedding: Float32Array | undefined;
  timings: Timings;
}

/** The worker's methods. Requests are answered one at a time, in the order of their arrival. */
export interface ClassifierMethods {
  open(args: OpenRequest): Info;
  classify(args: { frame: Frame; topk: number }): ClassScore[];
  embed(args: { frame: Frame }): Float32Array;
  /** Examples that the label has now. */
  addExample(args: { subject: Subject; label: string }): number;
  predict(args: { subject: Subject; k: number }): WirePrediction;
  observe(args: { frame: Frame; label?: string | undefined; k: number; topk: number; embedding: boolean }): WireObservation;
  clear(args: { label?: string | undefined }): void;
  counts(args: Record<string, never>): [label: string, count: number][];
  info(args: Record<string, never>): Info;
  /** Frees the classifier and ends the worker, so there is no answer. */
  close(args: Record<string, never>): void;
}
