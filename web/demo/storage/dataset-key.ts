// The names under which data sets are stored. Embeddings of different networks or layers can't be compared, and each project has
// examples of its own.

import type { ModelInfo } from 'teachable-wasm';

/** No network has this in its id: '/' stands in no name of a file, and the catalogue's ids have no spaces. */
const projectMark = ' / project ';

/**
 * Returns the name of the data set of a project and a network's embeddings. In the first project, the last layer alone has the network's
 * id, as in earlier versions.
 */
export function datasetKey({ id, layers }: Pick<ModelInfo, 'id' | 'layers'>, projectId = ''): string {
  const network = layers === 'two' ? `${id} + middle layer` : id;
  return keyInProject(network, projectId);
}

/** Returns the key of the same embeddings in another project. */
export function keyInProject(key: string, projectId: string): string {
  const { network } = partsOfKey(key);
  return projectId === '' ? network : `${network}${projectMark}${projectId}`;
}

/** Returns the network and the project of a key. */
export function partsOfKey(key: string): { network: string; projectId: string } {
  const mark = key.lastIndexOf(projectMark);
  if (mark < 0) return { network: key, projectId: '' };
  return { network: key.slice(0, mark), projectId: key.slice(mark + projectMark.length) };
}
