// Recognizes files that are no model which this package runs, by their beginning, and says what to do.

import { ClassifierError } from '../shared/errors.js';

const retrain = "Convert it with TensorFlow's TFLiteConverter, or export it as TensorFlow Lite";
const unpack = 'Unpack it, and pass the .tflite file or the model.json';
const exportTorch = 'Export it with ai-edge-torch, or through ONNX and onnx2tf';
const classify = 'Pass it to classify(), and a model to load()';
const otherExport = 'Take the export as TensorFlow Lite or TensorFlow.js';

/** Kinds of files: the first row applies whose text begins the file and whose pattern is in its first 4096 bytes, both in Latin-1. */
const kinds: readonly [beginning: string, pattern: RegExp, what: string, advice: string][] = [
  ['', /^$/, 'an empty file', 'Download it again'],
  ['version ', /git-lfs/, 'a Git LFS pointer, not the file itself', 'Run `git lfs pull`, or download the raw file'],
  ['', /^\s*<(!doctype|html|head|body|!--)/i, 'a web page (HTML)', 'Check the address of the model'],
  ['', /^\s*<(\?xml|error)/i, 'an XML page, which servers send as an error', 'Check the address of the model'],
  ['\x89HDF\r\n', /^/, "a Keras file (HDF5, '.h5')", `${retrain} or TensorFlow.js (tensorflowjs_converter)`],
  ['PK', /data\.pkl/, 'a PyTorch file', exportTorch],
  ['PK', /model\.weights\.h5|config\.json/, "a Keras 3 file ('.keras')", retrain],
  ['PK', /apple/i, 'a Core ML package', otherExport],
  ['PK', /^/, 'a zip archive without a model.json or a .tflite file, or a damaged one', unpack],
  ['\x80\x02', /^/, 'a PyTorch file', exportTorch],
  [
    '\x08',
    /^.{3,4}(pytorch|tf2onnx|onnx|keras2onnx|skl2onnx|torch|[a-z][\w.-]{3,})/is,
    'an ONNX file',
    'Convert it with onnx2tf to TensorFlow Lite',
  ],
  [
    '\x08\x01\x12',
    /serve|Const|NoOp|Placeholder|VarHandleOp/,
    "a TensorFlow SavedModel ('saved_model.pb')",
    `${retrain}, from its whole folder`,
  ],
  ['\x08', /^..?\x12/s, 'a Core ML file', otherExport],
  [
    '\n',
    /Const|Placeholder/,
    "a frozen TensorFlow graph ('.pb')",
    `${retrain}; convert a tensorflowjs_model.pb again with tensorflowjs 1.0 or newer`,
  ],
  ['\x1f\x8b', /^/, 'a gzip archive', unpack],
  ['', /^.{257}ustar/s, 'a tar archive', unpack],
  ['\xff\xd8\xff', /^/, 'a picture', classify],
  ['\x89PNG', /^/, 'a picture', classify],
  [
    '',
    /^\s*(#|\/\/|\/\*|alignas|static |extern |const |unsigned )/,
    'a source file, as for microcontrollers',
    'Take the export as a .tflite file',
  ],
];

/** Keys of JSON files that are no model. */
const jsonKinds: readonly [key: string, what: string, advice: string][] = [
  ['wordLabels', 'the metadata of a sound model', 'Only models that take pictures run'],
  ['packageName', "Teachable Machine's metadata.json", 'Pass the model.json beside it, and this file as `labels`'],
  [
    'class_name',
    'the architecture of a Keras model without its weights',
    'Convert the whole model with tensorflowjs_converter',
  ],
  ['weightsManifest', 'a model.json without its modelTopology', 'Convert the model again'],
  ['classes', 'a data set', 'Pass it to loadDataset() or importJson()'],
];

/** Throws 'bad-model' for a file of another kind, and says what it is. The module refuses what isn't recognized here. */
export function refuseOther(bytes: Uint8Array, where: string): void {
  const start = bytes.subarray(0, 4096);
  if (String.fromCharCode(...bytes.subarray(4, 8)) === 'TFL3') return;
  const latin1 = String.fromCharCode(...start);
  const found = kinds.find(([beginning, pattern]) => latin1.startsWith(beginning) && pattern.test(latin1));
  if (found) throw other(where, found[2], found[3]);
}

/** Throws 'bad-model' for JSON that is no model, as refuseOther(). */
export function refuseJson(json: Record<string, unknown>, where: string): void {
  const found = jsonKinds.find(([key]) => key in json);
  if (found && !('modelTopology' in json)) throw other(where, found[1], found[2]);
}

function other(where: string, what: string, advice: string): ClassifierError {
  return new ClassifierError(
    'bad-model',
    `${where} is ${what}. Supported: .tflite files, and model.json of TensorFlow.js. ${advice}.`,
  );
}
