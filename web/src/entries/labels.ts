/**
 * Names of ImageNet's classes, fetched on demand.
 * @module teachable-wasm/labels
 */

import { absolute } from '../shared/addresses.js';
import { download } from '../shared/download.js';
import { ClassifierError } from '../shared/errors.js';
import { checked } from '../shared/foreign.js';
import { packagedLabels } from '../shared/packaged.js';
import { parseLabels } from '../worker/class-names.js';

/**
 * Loads the names of ImageNet's classes in the order of MobileNet's output.
 * @returns [1001] names: 'background', then the 1000 classes.
 * @throws 'load-failed' or 'aborted'.
 */
export async function loadImageNetLabels(options: { signal?: AbortSignal | undefined } = {}): Promise<string[]> {
  return checked(() => fetchLabels(options));
}

async function fetchLabels({ signal }: { signal?: AbortSignal | undefined }): Promise<string[]> {
  const url = packagedLabels();
  if (!url) throw new ClassifierError('load-failed', 'This package was built without class names.');
  const bytes = await download(absolute(url), {
    what: 'the class names',
    hint: "Serve the package's models/ folder beside its entry.",
    signal,
  });
  return parseLabels(new TextDecoder().decode(bytes));
}
