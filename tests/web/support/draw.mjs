// Drawn pictures for tests: two shapes that a network can tell apart, with variations.

/** Returns a BMP file with 24 bits per pixel. `colourAt(x, y)` returns [red, green, blue], 0-255 each. */
export function toBmp(width, height, colourAt) {
  const row = Math.ceil((3 * width) / 4) * 4;
  const file = Buffer.alloc(54 + row * height);
  file.write('BM');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red, green, blue] = colourAt(x, y);
      file.set([blue, green, red], 54 + (height - 1 - y) * row + 3 * x);
    }
  }
  return file;
}

const shapes = {
  disc: (x, y, n) => (x - 60 - n) ** 2 + (y - 64) ** 2 < (30 + n) ** 2,
  stripes: (x, _y, n) => Math.floor((x + n) / 6) % 2 === 0,
};

/** Returns the n-th variation of a shape, 'disc' or 'stripes', as a BMP file of 128 x 128 pixels. */
export function drawShape(shape, n) {
  const colours =
    shape === 'disc'
      ? [
          [210, 60, 40],
          [240, 235, 225],
        ]
      : [
          [20, 30, 80 + n],
          [250, 250, 250],
        ];
  return toBmp(128, 128, (x, y) => colours[shapes[shape](x, y, n) ? 0 : 1]);
}

/**
 * Returns a progressive JPEG file whose first scan has all blocks in one grey, with further scans that visit all other coefficients
 * and contain nothing.
 */
export function jpegWithScans(width, height, count) {
  const [zeros15, eights] = [Array(15).fill(0), Array(64).fill(8)];
  const scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, 0];
  return Buffer.from([
    ...[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, ...eights],
    ...[0xff, 0xc2, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0],
    // Code 0 means "the same grey" for the first value of a block, and "one coefficient" for the others.
    ...[0xff, 0xc4, 0, 20, 0x00, 1, ...zeros15, 0, 0xff, 0xc4, 0, 20, 0x10, 1, ...zeros15, 1],
    ...[0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0],
    ...Array(count).fill(scan).flat(),
    ...[0xff, 0xd9],
  ]);
}
