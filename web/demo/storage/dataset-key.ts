// The names under which data sets are stored. Embeddings of different networks or layers can't be compared.

import type { ModelInfo } from 'teachable-wasm';

/** Returns the name of the data sets of a network's embeddings. The last layer alone has the network's id, as in earlier versions. */
export function datasetKey({ id, layers }: Pick<ModelInfo, 'id' | 'layers'>): string {
  return layers === 'two' ? `${id} + middle layer` : id;
}
