// teachable-wasm convert MODEL --out FILE: converts a TensorFlow.js model to a .tflite file.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { convertModel } from 'teachable-wasm/convert';
import type { Call, Command } from './command-line.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';
import { visible } from './visible.js';

export const convertCommand: Command = {
  name: 'convert',
  argument: 'MODEL',
  summary: 'Converts a TensorFlow.js model.json, with its weights in the same folder, to a .tflite file.',
  details: `
The file has float32 weights, and TensorFlow Lite runs it too. A page that loads it doesn't fetch the converter.`,
  options: {
    out: { value: 'FILE', help: 'the file to write (default: MODEL with the extension .tflite)' },
  },
  run: convert,
};

async function convert({ argument: file, values, err, signal }: Call): Promise<ExitCode> {
  const target = (values['out'] as string | undefined) ?? file.replace(/(\.json)?$/, '.tflite');
  const { tflite } = await convertModel(pathToFileURL(path.resolve(file)), { signal });
  try {
    await writeFile(target, tflite);
  } catch (cause) {
    throw new CommandError(`Can't write ${visible(target)}: ${reasonOf(cause)}.`, undefined, { cause });
  }
  err.write(`Wrote ${visible(target)} (${(tflite.byteLength / 1e6).toFixed(2)} MB).\n`);
  return exitCodes.done;
}
