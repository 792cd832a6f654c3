// teachable-wasm convert MODEL --out FILE: a TensorFlow.js model as a .tflite file.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { convertModel } from 'teachable-wasm/convert';
import type { Call, Command } from './command-line.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';

export const convertCommand: Command = {
  name: 'convert',
  subject: 'MODEL',
  summary: 'Makes a .tflite file of a TensorFlow.js model.json with its weights beside it.',
  details: `
The file holds float32 and what TensorFlow Lite itself runs too. A page that loads it needs no converter.`,
  options: {
    out: { value: 'FILE', help: 'where to write it (default: MODEL with the ending .tflite)' },
  },
  run: convert,
};

async function convert({ subject, values, err, signal }: Call): Promise<ExitCode> {
  const target = (values['out'] as string | undefined) ?? subject.replace(/(\.json)?$/, '.tflite');
  const { tflite } = await convertModel(pathToFileURL(path.resolve(subject)), { signal });
  try {
    await writeFile(target, tflite);
  } catch (cause) {
    throw new CommandError(`${target} can't be written: ${reasonOf(cause)}.`, undefined, { cause });
  }
  err.write(`${target}: ${(tflite.byteLength / 1e6).toFixed(2)} MB\n`);
  return exitCodes.done;
}
