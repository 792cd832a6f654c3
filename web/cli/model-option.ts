// The option --model: opens the network and describes it, so that embeddings of different networks are never mixed.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Classifier, type LoadOptions, load, type Precision } from 'teachable-wasm';
import type { OptionSpec, Values } from './command-line.js';
import { CommandError, exitCodes, reasonOf } from './exit.js';
import { toLayers } from './layers-option.js';
import { checkModelFiles } from './model-files.js';

export const modelOption: OptionSpec = {
  value: 'FILE',
  help: 'the model: a .tflite file, or a model.json with its\nweights in the same folder (default: the packaged MobileNet V2)',
};

export const embeddingOption: OptionSpec = {
  value: 'NAME',
  help: 'tensor to use as the embedding, by its name or index\n(default: what the classifier reads; inspect shows it)',
};

export const outputOption: OptionSpec = {
  value: 'NAME',
  help: 'output of a model with several, by its name or index\n(default: class scores, else the last; inspect lists them)',
};

export const inputSizeOption: OptionSpec = {
  value: 'SIZE',
  help: 'size of the input in pixels, such as 192 or 320x240 (width x\nheight), for a model that takes pictures of any size',
};

/** Returns the size of the input; undefined without the option. @throws CommandError with exit code 2 for a wrong value */
function toInputSize(values: Values): { width: number; height: number } | undefined {
  const value = values['input-size'];
  if (value === undefined) return undefined;
  const [, width, height = width] = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(String(value)) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (![size.width, size.height].every((side) => side >= 1 && side <= 16384))
    throw new CommandError(
      `The option --input-size must be one number of pixels or two, such as 192 or 320x240, from 1 to 16384; got '${String(value)}'.`,
      exitCodes.usage,
    );
  return size;
}

export const labelsOption: OptionSpec = {
  value: 'FILE',
  help: 'class names: one per line, JSON, or metadata.json\n(default: labels.txt or metadata.json beside the model)',
};

/** Returns the labels that were given; undefined without the option. */
function givenLabels(values: Values): URL | undefined {
  const given = values['labels'] as string | undefined;
  return given === undefined ? undefined : pathToFileURL(path.resolve(given));
}

/** Returns the labels beside a model; undefined when there are none. A catalogue entry has its own. */
function labelsBeside(model: string | undefined): URL | undefined {
  if (model === undefined || (model.endsWith('.json') && path.basename(model) !== 'model.json')) return undefined;
  const folder = path.dirname(path.resolve(model));
  const found = ['metadata.json', 'labels.txt'].map((name) => path.join(folder, name)).find((each) => existsSync(each));
  return found === undefined ? undefined : pathToFileURL(found);
}

/**
 * Loads the network in a worker thread of its own.
 * @throws CommandError when the file can't be read, or names files that are not allowed
 */
export async function openClassifier(values: Values, precision?: Precision): Promise<Classifier> {
  const file = values['model'] as string | undefined;
  if (file !== undefined) await checkModelFiles(file, values);
  const options: LoadOptions = {
    ...(file === undefined ? {} : { model: pathToFileURL(path.resolve(file)) }),
    precision,
    layers: toLayers(values),
    embedding: values['embedding'] as string | undefined,
    output: values['output'] as string | undefined,
    preprocess: toInputSize(values),
    // One thread per classifier: several classifiers at once use the processor better than several threads in one.
    threads: 1,
    // The missing part of a truncated picture would be taught as its colour.
    truncated: 'refuse' as const,
  };
  const beside = values['labels'] === undefined ? labelsBeside(file) : undefined;
  if (beside) {
    try {
      return await withRangeBeside(file, { ...options, labels: beside });
    } catch {
      // They may belong to another model in the folder. An error of the model itself appears again.
    }
  }
  return withRangeBeside(file, { ...options, labels: givenLabels(values) });
}

/** Loads a model. If nothing says which range it takes, the range of a quantized file of the same network beside it is used. */
async function withRangeBeside(file: string | undefined, options: LoadOptions): Promise<Classifier> {
  const classifier = await load(options);
  if (file === undefined || classifier.model.rangeSource !== 'assumed') return classifier;
  for (const rangeFrom of await tfliteBeside(file)) {
    try {
      const other = await load({ ...options, rangeFrom });
      classifier.dispose();
      return other;
    } catch {
      // It is a file of another network, or not quantized.
    }
  }
  return classifier;
}

/** Returns the other .tflite files in the folder of a model, at most 16. */
async function tfliteBeside(file: string): Promise<URL[]> {
  const model = path.resolve(file);
  const names = await readdir(path.dirname(model)).catch(() => []);
  return names
    .filter((name) => name.endsWith('.tflite'))
    .sort()
    .map((name) => path.join(path.dirname(model), name))
    .filter((each) => each !== model)
    .slice(0, 16)
    .map((each) => pathToFileURL(each));
}

/** Describes all that an embedding depends on: the model's file and the preprocessing of pictures. */
export async function describeEmbeddings(values: Values, { model }: Classifier): Promise<object> {
  const file = values['model'] as string | undefined;
  return {
    id: model.id,
    ...(file === undefined ? {} : { sha256: await sha256Of(file) }),
    preprocess: model.preprocess,
    embeddingSize: model.embeddingSize,
    ...(model.layers === 'last' ? {} : { layers: model.layers }),
    ...(values['embedding'] === undefined ? {} : { embedding: values['embedding'] }),
    ...(values['output'] === undefined ? {} : { output: values['output'] }),
  };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (cause) {
    throw new CommandError(`Can't read the model ${file}: ${reasonOf(cause)}.`, undefined, { cause });
  }
  return hash.digest('hex');
}
