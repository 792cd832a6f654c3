// Reads the header of a data set: the model's id and the embedding size. This is what is needed to open a classifier,
// which then reads and checks the whole file. The format is described in cpp/knn/dataset_file.h.

import { open } from 'node:fs/promises';
import { CommandError, reasonOf } from './exit.js';

export interface DatasetHeader {
  /** Id of the model that computed the embeddings. */
  modelId: string;
  /** Number of values in an embedding, >= 1. */
  embeddingSize: number;
}

/** Bytes of the magic number, version, padding, and the kind and length of the first section. */
const fixedBytes = 16;
/** Bytes that are read. The fields of the header are short, and the labels come after them. */
const maxHeaderBytes = 1 << 16;
const headerSection = 1;

/**
 * Reads the header of a data set.
 * @throws CommandError when the file can't be read, is no data set or has a damaged header
 */
export async function readDatasetHeader(file: string): Promise<DatasetHeader> {
  const bytes = await readStart(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isDataset =
    bytes.length >= fixedBytes &&
    Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'TMKN' &&
    view.getUint32(8, true) === headerSection;
  if (!isDataset)
    throw new CommandError(
      `The file ${file} is not a data set of teachable-wasm. Write one with 'teachable-wasm embed' or saveDataset().`,
    );
  let at = fixedBytes;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new CommandError(`The data set ${file} is damaged: its header is truncated.`);
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
  if (embeddingSize < 1)
    throw new CommandError(`The data set ${file} is damaged: its embedding size is ${embeddingSize}.`);
  return { modelId, embeddingSize };
}

async function readStart(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(maxHeaderBytes), 0, maxHeaderBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new CommandError(`Can't read ${file}: ${reasonOf(cause)}.`, undefined, { cause });
  }
}
