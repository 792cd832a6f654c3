const { load } = require('teachable-wasm');

/** A BMP file of one colour, 8 x 8 pixels. */
function bmp(red, green, blue) {
  const bytes = new Uint8Array(54 + 8 * 8 * 3);
  const header = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  header.setUint32(10, 54, true);
  header.setUint32(14, 40, true);
  header.setInt32(18, 8, true);
  header.setInt32(22, 8, true);
  header.setUint16(26, 1, true);
  header.setUint16(28, 24, true);
  for (let i = 54; i < bytes.length; i += 3) bytes.set([blue, green, red], i);
  return bytes;
}

/** Teaches two colours, saves and loads them, and returns the class of a third picture and what an element is answered with. */
async function teachColours(options) {
  const classifier = await load(options);
  try {
    await classifier.addExample(new Blob([bmp(220, 20, 20)]), 'red');
    await classifier.addExample(await classifier.embed(bmp(20, 20, 220)), 'blue');
    await classifier.loadDataset(await classifier.saveDataset());
    const { label, confidences } = await classifier.predict(new File([bmp(200, 30, 30)], 'red.bmp'));
    const image = globalThis.document?.createElement('img');
    if (image) image.src = 'picture.png';
    const error = image && (await classifier.embed(image).catch((each) => each));
    return { label, classes: Object.keys(confidences), code: error?.code };
  } finally {
    classifier.dispose();
  }
}

module.exports = { teachColours };
