// Changes a .tflite file so that it outputs its embedding instead of its classes. Other engines return outputs only.

import { Flatbuffer } from './flatbuffer.mjs';

const kConv2d = 3;
const kFullyConnected = 9;
const kQuantize = 114;
const kInt8 = 9;

/**
 * Returns a copy of the file that outputs the embedding: the input of its last layer with weights.
 * @param {Uint8Array} file
 * @returns {{file: Uint8Array, zeroPoint: number}} The copy, and the zero point of its output.
 */
export function withEmbeddingAsOutput(file) {
  const copy = file.slice();
  const buffer = new Flatbuffer(copy);
  const model = buffer.follow(0);
  const codes = buffer
    .tables(model, 1)
    .map((code) => Math.max(buffer.number(code, 3), buffer.view.getInt8(buffer.field(code, 0))));
  const [graph] = buffer.tables(model, 2);
  const lastOf = (...kinds) => buffer.tables(graph, 3).findLast((op) => kinds.includes(codes[buffer.number(op, 0)]));
  const layer = lastOf(kConv2d, kFullyConnected);
  const embedding = buffer.view.getInt32(buffer.elements(layer, 1)[0], true);
  const [output] = buffer.elements(graph, 2);
  const tensors = buffer.tables(graph, 0);
  const partsOf = (tensor) => {
    const quantization = buffer.follow(buffer.field(tensor, 4));
    return {
      shape: buffer.elements(tensor, 0),
      scale: buffer.elements(quantization, 2)[0],
      zeroPoint: buffer.elements(quantization, 3, 8)[0],
    };
  };
  const own = partsOf(tensors[embedding]);
  const zeroPoint = Number(buffer.view.getBigInt64(own.zeroPoint, true));
  if (buffer.view.getInt8(buffer.field(tensors[embedding], 1)) !== kInt8) {
    buffer.view.setInt32(output, embedding, true);
    return { file: copy, zeroPoint };
  }
  // LiteRT.js does not return int8 tensors. The last operator converts int8 to uint8: it gets the embedding as its input, and so
  // outputs the same values plus 128.
  buffer.view.setInt32(buffer.elements(lastOf(kQuantize), 1)[0], embedding, true);
  const last = partsOf(tensors[buffer.view.getInt32(output, true)]);
  buffer.view.setInt32(last.shape.at(-1), buffer.view.getInt32(own.shape.at(-1), true), true);
  buffer.view.setFloat32(last.scale, buffer.view.getFloat32(own.scale, true), true);
  buffer.view.setBigInt64(last.zeroPoint, BigInt(zeroPoint + 128), true);
  return { file: copy, zeroPoint: zeroPoint + 128 };
}
