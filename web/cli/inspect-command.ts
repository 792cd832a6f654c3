// teachable-wasm inspect MODEL: prints the contents of a model file.

import type { Classifier, Info, ModelInfo } from 'teachable-wasm';
import type { Call, Command } from './command-line.js';
import { type ExitCode, exitCodes } from './exit.js';
import { layersOption } from './layers-option.js';
import { outsideFilesOption } from './model-files.js';
import { embeddingOption, inputSizeOption, labelsOption, openClassifier, outputOption } from './model-option.js';

/** Class names that are printed at most. */
const maxNames = 4;

const formats: Record<ModelInfo['format'], string> = {
  tflite: 'TensorFlow Lite',
  'tfjs-layers': 'TensorFlow.js layers-model',
  'tfjs-graph': 'TensorFlow.js graph-model',
};

const rangeSources: Record<ModelInfo['rangeSource'], (file: string | undefined) => string> = {
  given: () => 'given by the catalogue entry',
  metadata: () => "from the file's metadata",
  file: () => 'from the file',
  sibling: (file) => `from the quantized file '${file}' beside it`,
  assumed: () => "assumed: the file doesn't say it",
};

export const inspectCommand: Command = {
  name: 'inspect',
  argument: 'MODEL',
  summary: 'Prints what a model holds: a .tflite file, or a model.json with its weights in the same folder.',
  details: `
For a model that can't run, the error names the unsupported operator or the damage. Operators are counted as they
run, after batch normalization and activations were folded into other operators.`,
  options: {
    layers: layersOption,
    embedding: embeddingOption,
    output: outputOption,
    'input-size': inputSizeOption,
    labels: labelsOption,
    ...outsideFilesOption,
    json: { help: 'print the result as JSON' },
  },
  run: inspect,
};

async function inspect({ argument: file, values, out }: Call): Promise<ExitCode> {
  // 'exact' shows the precision of the file. 'auto' would show the fastest one.
  const classifier = await openClassifier({ ...values, model: file }, 'exact');
  try {
    const info = await classifier.info();
    const classNames = await classifier.classNames();
    const frameMs = await timeOfFrame(classifier, info);
    if (values['json']) out.json({ file, fileBytes: info.modelBytes, ...info.model, classNames, frameMs });
    else out.lines(toText(file, info, classNames, frameMs));
    return exitCodes.done;
  } finally {
    classifier.dispose();
  }
}

/** Returns the median time of five runs with a grey picture, in milliseconds. */
async function timeOfFrame(classifier: Classifier, { model }: Info): Promise<number> {
  const [width, height] = [model.inputWidth, model.inputHeight];
  const picture = { data: new Uint8Array(width * height * 4).fill(128), width, height };
  const times: number[] = [];
  for (let run = 0; run < 6; run++) {
    await classifier.embed(picture);
    times.push((await classifier.info()).timings!.networkMs);
  }
  return times.slice(1).sort((a, b) => a - b)[2]!;
}

function toText(file: string, { model, modelBytes }: Info, classNames: readonly string[], frameMs: number): string[] {
  const [low, high] = model.preprocess.range;
  const rows: [string, string][] = [
    ['name', model.title],
    ['format', `${formats[model.format]}, ${toBytes(modelBytes)}`],
    [
      'input',
      `[1, ${model.inputHeight}, ${model.inputWidth}, ${model.inputChannels}] ${model.inputType}; pixel values 0 to 255 become ${toNumber(low)} to ${toNumber(high)} (${rangeSources[model.rangeSource](model.rangeFile)})`,
    ],
    ...toOutputs(model),
    ['embedding', toEmbedding(model)],
    ['', `'${model.embeddingLayer}': ${model.embeddingReason}`],
    ['classes', toClasses(model.classCount, classNames)],
    ['weights', `${model.precision}, ${toBytes(model.weightBytes)} in memory`],
    [
      'work',
      `${(model.multiplyAdds / 1e6).toFixed(1)} million multiply-adds per picture; ${frameMs.toFixed(1)} ms here, with one thread`,
    ],
  ];
  rows.push(...model.warnings.map((warning): [string, string] => ['warning', warning]));
  const counts = Object.entries(model.operators);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const width = Math.max(...counts.map(([name]) => name.length));
  const operators = counts.map(([name, count]) => `  ${name.padEnd(width)}  ${String(count).padStart(4)}`);
  return [
    file,
    ...rows.map(([name, value]) => `  ${name.padEnd(9)}  ${value}`),
    '',
    `${total} operators`,
    ...operators,
  ];
}

/** Returns a row for a file with several outputs. */
function toOutputs({ outputs, outputIndex }: ModelInfo): [string, string][] {
  if (outputs.length === 1) return [];
  const names = outputs.map((name, index) => `${index} '${name}'`);
  return [['output', `${names[outputIndex]}, of ${names.join(', ')}`]];
}

function toEmbedding({ embeddingSize, layers, middleLayerSize }: ModelInfo): string {
  const own = embeddingSize - (layers === 'two' ? middleLayerSize : 0);
  if (middleLayerSize === 0) return `[${own}] float32 (no middle layer)`;
  const two = `[${own + middleLayerSize}] float32`;
  return layers === 'two'
    ? `${two}: ${own} of the last layer, ${middleLayerSize} of a middle layer`
    : `[${own}] float32; ${two} with layers 'two'`;
}

function toClasses(count: number, names: readonly string[]): string {
  if (count === 0) return 'none (a backbone without a classifier)';
  if (names.length === 0) return `${count}, without names`;
  // Separated by semicolons, because ImageNet's class names contain commas.
  return `${count}: ${names.slice(0, maxNames).join('; ')}${names.length > maxNames ? '; …' : ''}`;
}

function toBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** Rounds to four decimals and drops trailing zeros: -0.9960784 becomes -0.9961, -1 stays -1. */
function toNumber(value: number): string {
  return String(Number(value.toFixed(4)));
}
