// The option --threads: how many pictures are computed at the same time.

import { availableParallelism } from 'node:os';
import { type OptionSpec, toCount, type Values } from './command-line.js';

const maxThreads = 64;
/** Maximum without the option. Each thread holds its own copy of the network, about 50 MB. */
const maxDefaultThreads = 8;

export const threadsOption: OptionSpec = {
  value: 'N',
  help: `number of pictures to compute at the same time, 1 to ${maxThreads}\n(default: the number of processors, at most ${maxDefaultThreads})`,
};

/** Returns the number of threads to use. @throws CommandError with exit code 2 for a wrong value */
export function toThreads(values: Values): number {
  return toCount(values, 'threads', maxThreads) ?? Math.min(availableParallelism(), maxDefaultThreads);
}
