// The option --model: which network, and a description by which its embeddings are told from another's.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Classifier, load, type Precision } from 'teachable-wasm';
import type { OptionSpec, Values } from './command-line.js';
import { CommandError, reasonOf } from './exit.js';

export const modelOption: OptionSpec = {
  value: 'FILE',
  help: 'a .tflite file, or a model.json with its weights beside it\n(default: the packaged MobileNet V2)',
};

/** Loads the network in a thread of its own. Throws CommandError for a file that isn't there. */
export async function openClassifier(values: Values, precision?: Precision): Promise<Classifier> {
  const file = values['model'] as string | undefined;
  if (file !== undefined) await sha256Of(file);
  // One thread each: several classifiers at once use the processor better than several threads of one.
  return load({ ...(file === undefined ? {} : { model: pathToFileURL(path.resolve(file)) }), precision, threads: 1 });
}

/** What an embedding depends on: the model's file and how pictures are fed to it. */
export async function describeEmbeddings(values: Values, { model }: Classifier): Promise<object> {
  const file = values['model'] as string | undefined;
  return {
    id: model.id,
    ...(file === undefined ? {} : { sha256: await sha256Of(file) }),
    preprocess: model.preprocess,
    embeddingSize: model.embeddingSize,
  };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (cause) {
    throw new CommandError(`The model ${file} can't be read: ${reasonOf(cause)}.`, undefined, { cause });
  }
  return hash.digest('hex');
}
