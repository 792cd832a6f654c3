// Runs the worker's half in the calling thread. Its code is fetched only when it is needed.

import type { StartHere } from '../page/engine.js';

export const startInline: StartHere = async () => (await import('./inline.js')).makeInlinePort();
