// Runs the worker's half in the calling thread. Its code is fetched only when it is needed.

import type { StartHere } from '../page/engine.js';
import { ClassifierError, messageOf } from '../shared/errors.js';

export const startInline: StartHere = async () => {
  try {
    return (await import('./inline.js')).makeInlinePort();
  } catch (cause) {
    // An environment without import(): a service worker, or Jest when Node runs without --experimental-vm-modules.
    throw new ClassifierError(
      'load-failed',
      `The script inline.js beside the package's entry could not be imported: ${messageOf(cause)}`,
      { cause },
    );
  }
};
