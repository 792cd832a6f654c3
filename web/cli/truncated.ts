// Detects picture files that end too early.
//
// The decoder (cpp/image/decode.cpp) fills the missing part of such a picture with one colour, as browsers do. That is
// right for a page, where half a picture is better than none. As an example of a data set it would teach that colour,
// so the command skips the file.
//
// The decoder can't answer this question here. It runs in the classifier's worker, and embed() returns only the
// embedding, so a public option would have to pass the answer on. Decoding a second time in the command's own thread
// takes 0.25 s for a photo of 12 megapixels, which would slow down all workers. This file reads only the markers and
// the header that tell where a picture ends.

/** Returns true for a JPEG file without its end or a BMP file without its last row. For a truncated PNG file, the decoder throws. */
export function isTruncated(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return isTruncatedJpeg(bytes);
  if (bytes[0] === 0x42 && bytes[1] === 0x4d) return isTruncatedBmp(bytes);
  return false;
}

/** Skips the segments before the scan (ISO/IEC 10918-1, B.1.1). From there on, FF D9 can only be the end of the image. */
function isTruncatedJpeg(bytes: Uint8Array): boolean {
  const startOfScan = 0xda;
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== startOfScan) {
    // A marker may be preceded by any number of FF bytes.
    at += bytes[at + 1] === 0xff ? 1 : 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  // Other bytes between segments are damage, which the decoder reports.
  if (at + 4 <= bytes.length && bytes[at] !== 0xff) return false;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('ffd9', at, 'hex') < 0;
}

/** Computes the size from the header of Windows 3 and later: uncompressed rows, each padded to four bytes. */
function isTruncatedBmp(bytes: Uint8Array): boolean {
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
  const isRunLengthCoded = compression === 1 || compression === 2;
  return !isRunLengthCoded && pixels + Math.ceil((width * bitsPerPixel) / 32) * 4 * Math.abs(height) > bytes.length;
}
