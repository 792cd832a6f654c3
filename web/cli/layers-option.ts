// The option --layers: the layers of the network that an embedding describes.

import type { Layers } from 'teachable-wasm';
import type { OptionSpec, Values } from './command-line.js';
import { CommandError, exitCodes } from './exit.js';

const choices: readonly Layers[] = ['last', 'two', 'auto'];

export const layersOption: OptionSpec = {
  value: 'LAYERS',
  help: "layers of an embedding: 'last', 'two' or 'auto', as in load()\n(default: that of load())",
};

/** Returns the chosen layers; undefined without the option. @throws CommandError with exit code 2 for a wrong value */
export function toLayers(values: Values): Layers | undefined {
  const value = values['layers'];
  if (value === undefined) return undefined;
  const found = choices.find((each) => each === value);
  if (!found)
    throw new CommandError(
      `The option --layers must be one of ${choices.join(', ')}, but is '${String(value)}'.`,
      exitCodes.usage,
    );
  return found;
}
