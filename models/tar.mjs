// Reads files from a .tgz archive in memory. Nothing is extracted to disk: paths of the archive are only compared.
import { gunzipSync } from 'node:zlib';

/** Maximum unpacked size of an archive in bytes. */
const kMaxBytes = 1 << 30;

/** Types of entries that are files. Folders and links are ignored. */
const kFileTypes = new Set(['File', 'OldFile', 'ContiguousFile']);

/**
 * Returns the files of an archive whose path satisfies `wants(path)`, by path.
 * Throws an Error whose message is a reason, without a full stop.
 * @param {Buffer} tgz
 * @param {(path: string) => boolean} wants
 * @returns {Promise<Map<string, Buffer>>}
 */
export async function readTgz(tgz, wants) {
  const { Parser } = await importTar();
  const files = new Map();
  try {
    const tar = gunzipSync(tgz, { maxOutputLength: kMaxBytes });
    await new Promise((resolve, reject) => {
      // With `strict`, each damage that the parser finds is an error.
      const parser = new Parser({ strict: true });
      parser.on('error', reject);
      parser.on('end', resolve);
      parser.on('entry', (entry) => {
        if (!kFileTypes.has(entry.type) || !wants(entry.path)) {
          entry.resume();
          return;
        }
        const chunks = [];
        entry.on('data', (chunk) => chunks.push(chunk));
        entry.on('end', () => files.set(entry.path, Buffer.concat(chunks)));
      });
      parser.end(tar);
    });
  } catch (error) {
    throw new Error(`the archive is damaged or too large (${error.message})`, { cause: error });
  }
  return files;
}

/** The package is imported late, so that models/fetch.mjs can be loaded before the Node packages are installed. */
async function importTar() {
  try {
    return await import('tar');
  } catch (error) {
    throw new Error("the Node package 'tar' is not installed; run 'npm ci'", { cause: error });
  }
}
