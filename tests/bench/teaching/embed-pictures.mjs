// Computes the embeddings of all pictures with the package, and keeps them in a file for the next run.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/** Number of pictures that are embedded again to find out whether kept embeddings are still right. */
const probeCount = 8;

/**
 * Returns the embeddings of pictures. Kept ones are used when the pictures are the same and some of them, embedded again, give the
 * same numbers: a change of the network, its options or the code then computes all of them again.
 * @param {string} file Where they are kept, without extension.
 * @param {(index: number) => Promise<import('teachable-wasm').Classifier>} open Returns a classifier; one for each worker.
 * @param {string[]} pictures Files.
 * @returns {Promise<{values: Float32Array, width: number, model: string}>} [pictures.length, width], and the id of the model.
 */
export async function embedPictures(file, open, pictures, report) {
  const probes = pictures.filter((_, i) => i % Math.ceil(pictures.length / probeCount) === 0);
  const first = await open();
  try {
    const width = first.embeddingSize;
    const kept = await readKept(file, pictures, width);
    const model = first.model.id;
    if (kept && (await isSame(kept, first, pictures, probes))) return { ...kept, model };
    const values = new Float32Array(pictures.length * width);
    let next = 0;
    let done = 0;
    const work = async (classifier) => {
      while (next < pictures.length) {
        const row = next++;
        values.set(await classifier.embed(await readFile(pictures[row])), row * width);
        report(`${++done} of ${pictures.length} pictures`);
      }
    };
    const others = Array.from({ length: availableParallelism() - 1 }, async () => {
      const classifier = await open();
      await work(classifier).finally(() => classifier.dispose());
    });
    await Promise.all([work(first), ...others]);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(`${file}.f32`, values);
    await writeFile(`${file}.json`, JSON.stringify({ pictures: nameOf(pictures), width }));
    return { values, width, model };
  } finally {
    first.dispose();
  }
}

const nameOf = (pictures) => createHash('sha256').update(pictures.join('\n')).digest('hex');

async function readKept(file, pictures, width) {
  const about = await readFile(`${file}.json`, 'utf8').then(JSON.parse, () => null);
  if (about?.pictures !== nameOf(pictures) || about.width !== width) return undefined;
  const bytes = await readFile(`${file}.f32`).catch(() => null);
  if (bytes?.byteLength !== pictures.length * width * 4) return undefined;
  return { width, values: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) };
}

async function isSame({ values, width }, classifier, pictures, probes) {
  for (const picture of probes) {
    const embedding = await classifier.embed(await readFile(picture));
    const row = pictures.indexOf(picture);
    const kept = values.subarray(row * width, (row + 1) * width);
    if (embedding.some((value, i) => value !== kept[i])) return false;
  }
  return true;
}
