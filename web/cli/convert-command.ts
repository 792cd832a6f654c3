// teachable-wasm convert MODEL --out FILE: converts a TensorFlow.js model to a .tflite file.

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { convertModel } from 'teachable-wasm/convert';
import type { Call, Command } from './command-line.js';
import { type ExitCode, exitCodes } from './exit.js';
import { replaceFile } from './incoming-file.js';
import { checkModelFiles, outsideFilesOption } from './model-files.js';
import { outputOption } from './model-option.js';

export const convertCommand: Command = {
  name: 'convert',
  argument: 'MODEL',
  summary: 'Converts a TensorFlow.js model.json, with its weights in the same folder, to a .tflite file.',
  details: `
The file has float32 weights, and TensorFlow Lite runs it too. A page that loads it doesn't fetch the converter.`,
  options: {
    out: { value: 'FILE', help: 'the file to write (default: MODEL with the extension .tflite)' },
    output: outputOption,
    ...outsideFilesOption,
  },
  run: convert,
};

async function convert({ argument: file, values, err, signal }: Call): Promise<ExitCode> {
  const target = (values['out'] as string | undefined) ?? file.replace(/(\.json)?$/, '.tflite');
  await checkModelFiles(file, values);
  const { tflite } = await convertModel(pathToFileURL(path.resolve(file)), {
    signal,
    output: values['output'] as string | undefined,
  });
  replaceFile(target, tflite);
  err.line(`Wrote ${target} (${(tflite.byteLength / 1e6).toFixed(2)} MB).`);
  return exitCodes.done;
}
