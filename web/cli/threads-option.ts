// The option --threads.

import { availableParallelism } from 'node:os';
import { type OptionSpec, toCount, type Values } from './command-line.js';

const most = 64;
/** Each thread holds the network once, some 50 MB. */
const mostUnasked = 8;

export const threadsOption: OptionSpec = {
  value: 'N',
  help: `pictures computed at once (default: the processors, at most ${mostUnasked})`,
};

export function toThreads(values: Values): number {
  return toCount(values, 'threads', most) ?? Math.min(availableParallelism(), mostUnasked);
}
