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
