// teachable-wasm inspect MODEL: what a model file holds.

import type { Info, ModelInfo } from 'teachable-wasm';
import type { Call, Command } from './command-line.js';
import { type ExitCode, exitCodes } from './exit.js';
import { openClassifier } from './model-option.js';

const mostNames = 4;

const formats: Record<ModelInfo['format'], string> = {
  tflite: 'TensorFlow Lite',
  'tfjs-layers': 'TensorFlow.js layers-model',
  'tfjs-graph': 'TensorFlow.js graph-model',
};

const rangeSources: Record<ModelInfo['rangeSource'], string> = {
  given: 'by the entry',
  metadata: "by the file's metadata",
  file: 'by the file',
  assumed: "assumed: the file doesn't say",
};

export const inspectCommand: Command = {
  name: 'inspect',
  subject: 'MODEL',
  summary: 'Says what a .tflite file, or a model.json with its weights beside it, holds.',
  details: `
A file that this package can't run is an error, which names the operator or the damage. Operators are counted after
batch normalisation and the like were folded: as they run.`,
  options: {
    json: { help: 'the result as JSON' },
  },
  run: inspect,
};

async function inspect({ subject, values, out }: Call): Promise<ExitCode> {
  // As the file says, not as it runs fastest.
  const classifier = await openClassifier({ model: subject }, 'exact');
  try {
    const info = await classifier.info();
    const classNames = await classifier.classNames();
    out.write(
      values['json']
        ? `${JSON.stringify({ file: subject, fileBytes: info.modelBytes, ...info.model, classNames }, null, 2)}\n`
        : toText(subject, info, classNames),
    );
    return exitCodes.done;
  } finally {
    classifier.dispose();
  }
}

function toText(file: string, { model, modelBytes }: Info, classNames: readonly string[]): string {
  const [low, high] = model.preprocess.range;
  const rows: [string, string][] = [
    ['name', model.title],
    ['format', `${formats[model.format]}, ${toBytes(modelBytes)}`],
    [
      'input',
      `[1, ${model.inputHeight}, ${model.inputWidth}, 3] ${model.inputType}; bytes 0 to 255 stand for ${toNumber(low)} to ${toNumber(high)} (${rangeSources[model.rangeSource]})`,
    ],
    ['embedding', `[${model.embeddingSize}] float32`],
    ['classes', toClasses(model.classCount, classNames)],
    ['weights', `${model.precision}, ${toBytes(model.weightBytes)} in memory`],
    ['work', `${(model.multiplyAdds / 1e6).toFixed(1)} million multiply-adds a picture`],
  ];
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
    '',
  ].join('\n');
}

function toClasses(count: number, names: readonly string[]): string {
  if (count === 0) return 'none: a backbone';
  if (names.length === 0) return `${count}, without names`;
  // Names of ImageNet have commas inside.
  return `${count}: ${names.slice(0, mostNames).join('; ')}${names.length > mostNames ? '; …' : ''}`;
}

function toBytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** -0.9960784 -> -0.9961, -1 -> -1 */
function toNumber(value: number): string {
  return String(Number(value.toFixed(4)));
}
