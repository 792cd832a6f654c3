// teachable-wasm inspect MODEL: what a model file holds.

import type { Call, Command } from './command-line.js';
import { exitCodes, type ExitCode } from './exit.js';
import { openClassifier } from './model-option.js';

export const inspectCommand: Command = {
  name: 'inspect',
  subject: 'MODEL',
  summary: 'Says what a .tflite file, or a model.json with its weights beside it, holds.',
  details: '',
  options: {
    json: { help: 'the result as JSON' },
  },
  run: inspect,
};

async function inspect({ subject, out }: Call): Promise<ExitCode> {
  const classifier = await openClassifier({ model: subject });
  try {
    out.write(`${JSON.stringify(classifier.model, null, 2)}\n`);
    return exitCodes.done;
  } finally {
    classifier.dispose();
  }
}
