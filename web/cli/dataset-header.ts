// The start of a data-set file: whose embeddings it holds. Only as much as is needed to open a classifier that reads and
// checks all of it. The format is described in cpp/knn/dataset_file.h.

import { open } from 'node:fs/promises';
import { CommandError, reasonOf } from './exit.js';

export interface DatasetHeader {
  /** Of the model, as the catalogue or the file calls it. */
  modelId: string;
  /** Values of an embedding. */
  embeddingSize: number;
}

/** Magic, version, padding, kind and length of the first section. */
const fixedBytes = 16;
/** Ids and preprocessing are short; labels come after what is read here. */
const mostHeaderBytes = 1 << 16;
const headerSection = 1;

/** @throws CommandError when it isn't a data set */
export async function readDatasetHeader(file: string): Promise<DatasetHeader> {
  const bytes = await readStart(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isDataset =
    bytes.length >= fixedBytes &&
    Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'TMKN' &&
    view.getUint32(8, true) === headerSection;
  if (!isDataset) throw new CommandError(`${file} is not a data set: it doesn't begin as one.`);
  let at = fixedBytes;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new CommandError(`${file} is a damaged data set: its header ends too early.`);
    at += length;
    return at - length;
  };
  const number = () => view.getUint32(take(4), true);
  const text = () => {
    const length = number();
    const start = take(length);
    return Buffer.from(bytes.subarray(start, start + length)).toString('utf8');
  };
  const modelId = text();
  text(); // SHA-256
  text(); // preprocessing
  number(); // storage
  const embeddingSize = number();
  if (embeddingSize < 1) throw new CommandError(`${file} is a damaged data set: its embeddings have no values.`);
  return { modelId, embeddingSize };
}

async function readStart(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(mostHeaderBytes), 0, mostHeaderBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new CommandError(`${file} can't be read: ${reasonOf(cause)}.`, undefined, { cause });
  }
}
