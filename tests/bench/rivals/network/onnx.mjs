// Writes networks as ONNX files. Quantized networks are written with pairs of QuantizeLinear and DequantizeLinear, which runtimes merge
// with the operators between them.

/** @typedef {import('./tflite.mjs').Network} Network */

/** Numbers of the types of tensors. */
const types = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 };

/** Wire types of Protocol Buffers. */
const [kVarint, kBytes] = [0, 2];

const concat = (parts) => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}

const bytesOf = (data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const number = (id, value) => concat([varint((id << 3) | kVarint), varint(value)]);
const bytes = (id, value) => concat([varint((id << 3) | kBytes), varint(value.length), value]);
const text = (id, value) => bytes(id, new TextEncoder().encode(value));
const message = (id, ...fields) => bytes(id, concat(fields));

function attribute(name, value) {
  if (Array.isArray(value)) return message(5, text(1, name), ...value.map((each) => number(8, each)), number(20, 7));
  return message(5, text(1, name), number(3, value), number(20, 2));
}

const valueInfo = (id, name, type, shape) =>
  message(
    id,
    text(1, name),
    message(2, message(1, number(1, types[type]), message(2, ...shape.map((size) => message(1, number(1, size)))))),
  );

/** A graph in the making. */
class Graph {
  nodes = [];

  initializers = [];

  #count = 0;

  /** Adds an operator and returns the name of its output. */
  node(kind, inputs, attributes = {}, output = `t${this.#count++}`) {
    this.nodes.push(
      message(
        1,
        ...inputs.map((name) => text(1, name)),
        text(2, output),
        text(3, `n${this.nodes.length}`),
        text(4, kind),
        ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      ),
    );
    return output;
  }

  /** Adds a constant and returns its name. */
  constant(type, shape, data) {
    const name = `c${this.initializers.length}`;
    this.initializers.push(
      message(
        5,
        ...shape.map((size) => number(1, size)),
        number(2, types[type]),
        text(8, name),
        bytes(9, bytesOf(data)),
      ),
    );
    return name;
  }
}

const arrays = { uint8: Uint8Array, int8: Int8Array, int32: Int32Array };

/** Moves the channels of a filter to the front: [out, h, w, in] becomes [out, in, h, w], and [1, h, w, out] becomes [out, 1, h, w]. */
export function channelsFirst({ shape, data }, isDepthwise) {
  const [outputs, height, width, inputs] = isDepthwise ? [shape[3], shape[1], shape[2], 1] : shape;
  const moved = new data.constructor(data.length);
  for (let o = 0, to = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let at = 0; at < height * width; at++, to++)
        moved[to] = data[isDepthwise ? at * outputs + o : (o * height * width + at) * inputs + i];
  return { shape: [outputs, inputs, height, width], data: moved };
}

/** Returns the padding of one axis at its start and end. */
function padding(size, window, stride, isSame) {
  if (!isSame) return [0, 0];
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + window - size, 0);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/**
 * Writes a network. Its input has its channels first: [1, 3, height, width].
 * @param {Network} network
 * @returns {Uint8Array}
 */
export function writeOnnx({ tensors, nodes, input, output }) {
  const graph = new Graph();
  /** The name of each tensor as floats. Quantized ones are dequantized for each reader. */
  const floats = new Map();
  const quantized = new Map();

  const scaleOf = ({ scales }) =>
    graph.constant('float32', scales.length > 1 ? [scales.length] : [], Float32Array.from(scales));
  const zeroPointOf = ({ type, scales, zeroPoints }) =>
    graph.constant(type, scales.length > 1 ? [scales.length] : [], arrays[type].from(zeroPoints));
  const dequantize = (name, tensor) =>
    graph.node(
      'DequantizeLinear',
      [name, scaleOf(tensor), zeroPointOf(tensor)],
      tensor.scales.length > 1 ? { axis: 0 } : {},
    );
  const read = (id) => floats.get(id) ?? dequantize(quantized.get(id), tensors[id]);
  const write = (id, name) => {
    const tensor = tensors[id];
    if (tensor.type === 'float32') floats.set(id, name);
    else quantized.set(id, graph.node('QuantizeLinear', [name, scaleOf(tensor), zeroPointOf(tensor)]));
  };
  const constant = (id, isDepthwise, isFilter) => {
    const tensor = tensors[id];
    const { shape, data } = isFilter ? channelsFirst(tensor, isDepthwise) : tensor;
    const name = graph.constant(tensor.type, shape, data);
    return tensor.type === 'float32' ? name : dequantize(name, tensor);
  };
  const activate = (name, { activation }, { type }) => {
    // Integers are cut off by their range, which the activation has chosen.
    if (!activation || type !== 'float32') return name;
    const low = graph.constant('float32', [], Float32Array.of(0));
    return activation === 1
      ? graph.node('Relu', [name])
      : graph.node('Clip', [name, low, graph.constant('float32', [], Float32Array.of(6))]);
  };

  const { shape, type } = tensors[input];
  (type === 'float32' ? floats : quantized).set(input, 'input');
  for (const { kind, inputs, outputs, options } of nodes) {
    const target = tensors[outputs[0]];
    if (kind === 'quantize' || kind === 'dequantize') {
      write(outputs[0], read(inputs[0]));
    } else if (kind === 'conv' || kind === 'depthwise') {
      const [from, filter, bias] = inputs;
      const isDepthwise = kind === 'depthwise';
      const [, height, width] = tensors[filter].shape;
      const strides = [options.strideHeight, options.strideWidth];
      const rows = padding(tensors[from].shape[1], height, strides[0], options.padding === 0);
      const columns = padding(tensors[from].shape[2], width, strides[1], options.padding === 0);
      const result = graph.node('Conv', [read(from), constant(filter, isDepthwise, true), constant(bias)], {
        strides,
        kernel_shape: [height, width],
        pads: [rows[0], columns[0], rows[1], columns[1]],
        group: isDepthwise ? target.shape[3] : 1,
      });
      write(outputs[0], activate(result, options, target));
    } else if (kind === 'add') {
      write(outputs[0], activate(graph.node('Add', inputs.map(read)), options, target));
    } else if (kind === 'mean' || kind === 'averagePool') {
      write(outputs[0], graph.node('GlobalAveragePool', [read(inputs[0])]));
    } else {
      throw new Error(`${kind} can't be written to ONNX.`);
    }
  }
  graph.node('Identity', [floats.get(output)], {}, 'embedding');

  const [, height, width, channels] = shape;
  const inputInfo = valueInfo(11, 'input', type, [1, channels, height, width]);
  const outputInfo = valueInfo(12, 'embedding', 'float32', [1, tensors[output].shape.at(-1), 1, 1]);
  return concat([
    number(1, 8),
    text(2, 'teachable-wasm benchmarks'),
    message(7, ...graph.nodes, text(2, 'mobilenet'), ...graph.initializers, inputInfo, outputInfo),
    message(8, text(1, ''), number(2, 13)),
  ]);
}
