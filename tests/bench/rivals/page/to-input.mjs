// Runs in the page. Converts pictures to the input of engines that take tensors, as their users do: draw, read, convert.

/**
 * Returns a converter of pictures. It uses one small canvas and one array again and again.
 * @param {{side: number, type: 'uint8' | 'float32', order?: 'channels-last' | 'channels-first'}} input
 */
export function inputOf({ side, type, order = 'channels-last' }) {
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  const count = side * side;
  const values = type === 'uint8' ? new Uint8Array(3 * count) : new Float32Array(3 * count);
  const [step, plane] = order === 'channels-last' ? [3, 1] : [1, count];

  function convert(rgba) {
    if (type === 'uint8') {
      for (let from = 0, to = 0; from < rgba.length; from += 4, to += step) {
        values[to] = rgba[from];
        values[to + plane] = rgba[from + 1];
        values[to + 2 * plane] = rgba[from + 2];
      }
    } else {
      const scale = 1 / 127.5;
      for (let from = 0, to = 0; from < rgba.length; from += 4, to += step) {
        values[to] = rgba[from] * scale - 1;
        values[to + plane] = rgba[from + 1] * scale - 1;
        values[to + 2 * plane] = rgba[from + 2] * scale - 1;
      }
    }
    return values;
  }

  return {
    /** Returns the values of pixels that have the network's size, in an array of their own. */
    ready: ({ data }) => convert(data).slice(),
    /** Returns the values of a picture of any size. The next call changes them. */
    async of(picture) {
      let drawn = picture;
      if (picture instanceof ImageData || picture instanceof Blob) drawn = await createImageBitmap(picture);
      context.drawImage(drawn, 0, 0, side, side);
      if (drawn !== picture) drawn.close();
      return convert(context.getImageData(0, 0, side, side).data);
    },
  };
}
