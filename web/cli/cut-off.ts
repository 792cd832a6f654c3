// Whether a picture file ends too early. For a page, half a picture is better than none, and the decoder fills in the rest;
// as an example, it would teach that rest.

/** True for a JPEG without its end and a BMP without its last row. A PNG that is cut off doesn't decode at all. */
export function isCutOff(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return isJpegCutOff(bytes);
  if (bytes[0] === 0x42 && bytes[1] === 0x4d) return isBmpCutOff(bytes);
  return false;
}

/** ISO/IEC 10918-1, B.1.1: segments up to a start of scan; from there on, FF D9 is nothing but the end. */
function isJpegCutOff(bytes: Uint8Array): boolean {
  const startOfScan = 0xda;
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== startOfScan) {
    // Any number of FF may fill the space before a marker.
    at += bytes[at + 1] === 0xff ? 1 : 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  // What is no segment is for the decoder to judge.
  if (at + 4 <= bytes.length && bytes[at] !== 0xff) return false;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('ffd9', at, 'hex') < 0;
}

/** Headers of Windows 3 and later: uncompressed rows, padded to four bytes. */
function isBmpCutOff(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = 54;
  if (bytes.length < headerBytes) return true;
  const [pixels, width, height, bitsPerPixel, compression] = [
    view.getUint32(10, true),
    view.getInt32(18, true),
    view.getInt32(22, true),
    view.getUint16(28, true),
    view.getUint32(30, true),
  ];
  const runLengthCoded = compression === 1 || compression === 2;
  return !runLengthCoded && pixels + Math.ceil((width * bitsPerPixel) / 32) * 4 * Math.abs(height) > bytes.length;
}
