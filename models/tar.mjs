// Reads files out of a .tgz, as npm packs them (ustar, long names by prefix or pax header).
import { gunzipSync } from 'node:zlib';

const kBlock = 512;
/** Unpacked size that a package may have. */
const kMaxBytes = 1 << 30;

function textAt(block, start, length) {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

function paxPath(records) {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(records.toString('utf8'))?.[1];
}

/**
 * The files whose path `wants(path)`; folders and links are left out. The bytes are views of one
 * buffer.
 * @param {Buffer} tgz
 * @param {(path: string) => boolean} wants
 * @returns {Map<string, Buffer>}
 */
export function readTgz(tgz, wants) {
  const tar = gunzipSync(tgz, { maxOutputLength: kMaxBytes });
  const files = new Map();
  let longPath;
  for (let at = 0; at + kBlock <= tar.length; ) {
    const header = tar.subarray(at, at + kBlock);
    if (header[0] === 0) break;
    const size = Number.parseInt(textAt(header, 124, 12).trim() || '0', 8);
    at += kBlock;
    if (!Number.isInteger(size) || size < 0 || at + size > tar.length) {
      throw new Error(`the archive is damaged at offset ${at - kBlock}`);
    }
    const type = String.fromCharCode(header[156]);
    const body = tar.subarray(at, at + size);
    if (type === 'x') {
      longPath = paxPath(body);
    } else {
      const prefix = textAt(header, 345, 155);
      const path = longPath ?? (prefix ? `${prefix}/` : '') + textAt(header, 0, 100);
      longPath = undefined;
      if ((type === '0' || type === '\0') && wants(path)) files.set(path, body);
    }
    at += Math.ceil(size / kBlock) * kBlock;
  }
  return files;
}
