// Reads and writes .tflite files of MobileNets as plain objects, so that one network can be written in several number formats.

import { Flatbuffer } from '../../../web/support/flatbuffer.mjs';

/**
 * A network.
 * @typedef {{tensors: Tensor[], nodes: Node[], input: number, output: number}} Network
 * @typedef {{name: string, shape: number[], type: 'float32' | 'int32' | 'uint8' | 'int8', data?: ArrayBufferView,
 *   scales?: number[], zeroPoints?: number[], axis?: number}} Tensor Constants have `data`. Quantized tensors have `scales`.
 * @typedef {{kind: string, inputs: number[], outputs: number[], options: Record<string, number>}} Node
 */

/** Numbers of the types, and the arrays of their values. */
const types = { float32: [0, Float32Array], int32: [2, Int32Array], uint8: [3, Uint8Array], int8: [9, Int8Array] };

/** Operators: their number, the number of their options' table, and its fields: [id, size in bytes]. */
const kinds = {
  add: { code: 0, union: 11, fields: { activation: [0, 1] } },
  averagePool: {
    code: 1,
    union: 5,
    fields: {
      padding: [0, 1],
      strideWidth: [1, 4],
      strideHeight: [2, 4],
      width: [3, 4],
      height: [4, 4],
      activation: [5, 1],
    },
  },
  conv: {
    code: 3,
    union: 1,
    fields: { padding: [0, 1], strideWidth: [1, 4], strideHeight: [2, 4], activation: [3, 1] },
  },
  depthwise: {
    code: 4,
    union: 2,
    fields: { padding: [0, 1], strideWidth: [1, 4], strideHeight: [2, 4], multiplier: [3, 4], activation: [4, 1] },
  },
  dequantize: { code: 6, fields: {} },
  fullyConnected: { code: 9, union: 8, fields: { activation: [0, 1] } },
  reshape: { code: 22, fields: {} },
  softmax: { code: 25, union: 9, fields: {} },
  pad: { code: 34, fields: {} },
  mean: { code: 40, union: 27, fields: { keepDimensions: [0, 1] } },
  quantize: { code: 114, fields: {} },
};

/** The activations, by their number. */
export const activations = { none: 0, relu: 1, relu6: 3 };

/** @param {Uint8Array} file @returns {Network} */
export function readTflite(file) {
  const buffer = new Flatbuffer(file);
  const { view } = buffer;
  const model = buffer.follow(0);
  const codes = buffer.tables(model, 1).map((code) => Math.max(buffer.number(code, 3), byte(buffer, code, 0)));
  const [graph] = buffer.tables(model, 2);
  const buffers = buffer.tables(model, 4);
  const integers = (table, id) => buffer.elements(table, id).map((at) => view.getInt32(at, true));
  const tensors = buffer.tables(graph, 0).map((table) => {
    const [type, [, Values]] = Object.entries(types).find(([, [number]]) => number === byte(buffer, table, 1));
    const tensor = { name: text(buffer, table, 3), shape: integers(table, 0), type };
    const data = buffer.elements(buffers[buffer.number(table, 2)], 0, 1);
    if (data.length > 0)
      tensor.data = new Values(
        file.slice(data[0], data[0] + data.length).buffer,
        0,
        data.length / Values.BYTES_PER_ELEMENT,
      );
    const quantization = buffer.field(table, 4) && buffer.follow(buffer.field(table, 4));
    const scales = quantization ? buffer.elements(quantization, 2) : [];
    if (scales.length > 0) {
      tensor.scales = scales.map((at) => view.getFloat32(at, true));
      tensor.zeroPoints = buffer.elements(quantization, 3, 8).map((at) => Number(view.getBigInt64(at, true)));
      tensor.axis = buffer.number(quantization, 6);
    }
    return tensor;
  });
  const nodes = buffer.tables(graph, 3).map((table) => {
    const code = codes[buffer.number(table, 0)];
    const [kind, { fields }] = Object.entries(kinds).find(([, each]) => each.code === code) ?? [];
    if (!kind) throw new Error(`The network has an operator ${code}, which this reader doesn't know.`);
    const options = buffer.field(table, 4) && buffer.follow(buffer.field(table, 4));
    return {
      kind,
      inputs: integers(table, 1),
      outputs: integers(table, 2),
      options: Object.fromEntries(
        Object.entries(fields).map(([name, [id, size]]) => [
          name,
          size === 1 ? byte(buffer, options, id) : buffer.number(options, id),
        ]),
      ),
    };
  });
  return { tensors, nodes, input: integers(graph, 1)[0], output: integers(graph, 2)[0] };
}

function byte(buffer, table, id) {
  const at = buffer.field(table, id);
  return at ? buffer.view.getInt8(at) : 0;
}

function text(buffer, table, id) {
  const letters = buffer.elements(table, id, 1).map((at) => buffer.view.getUint8(at));
  return new TextDecoder().decode(Uint8Array.from(letters));
}

/** Writes FlatBuffers from the front to the back: a table first, then what it refers to. */
class Writer {
  bytes = new Uint8Array(1 << 16);

  size = 0;

  #reserve(count, alignment) {
    const start = Math.ceil(this.size / alignment) * alignment;
    this.size = start + count;
    if (this.size > this.bytes.length) {
      const larger = new Uint8Array(2 * this.size);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return start;
  }

  get #view() {
    return new DataView(this.bytes.buffer);
  }

  root(object, identifier) {
    const at = this.#reserve(8, 4);
    this.bytes.set(new TextEncoder().encode(identifier), at + 4);
    this.#refer(at, object);
  }

  #refer(from, object) {
    const to = object(this);
    this.#view.setUint32(from, to - from, true);
  }

  /** Writes a table. Each field is [id, number of bytes, value]; a field of 'object' refers to another part. */
  table(fields) {
    const present = fields.filter(([, , value]) => value !== undefined);
    const count = Math.max(-1, ...present.map(([id]) => id)) + 1;
    const vtable = this.#reserve(4 + 2 * count, 4);
    const ordered = present.toSorted((a, b) => sizeOf(b) - sizeOf(a));
    const length = 4 + ordered.reduce((sum, field) => sum + sizeOf(field), 0);
    const table = this.#reserve(length, 4);
    this.#view.setUint16(vtable, 4 + 2 * count, true);
    this.#view.setUint16(vtable + 2, length, true);
    this.#view.setInt32(table, table - vtable, true);
    let at = table + 4;
    const references = [];
    for (const field of ordered) {
      const [id, size, value] = field;
      this.#view.setUint16(vtable + 4 + 2 * id, at - table, true);
      if (size === 'object') references.push([at, value]);
      else if (size === 1) this.#view.setInt8(at, value);
      else this.#view.setInt32(at, value, true);
      at += sizeOf(field);
    }
    for (const [from, object] of references) this.#refer(from, object);
    return table;
  }

  /** Writes a vector of the values of a typed array. */
  values(array, alignment = Math.max(4, array.BYTES_PER_ELEMENT)) {
    // The elements are aligned, and their number stands before them.
    const padding = alignment > 4 ? alignment - 4 : 0;
    const start = this.#reserve(4 + padding + array.byteLength, alignment) + padding;
    this.#view.setUint32(start, array.length, true);
    this.bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), start + 4);
    return start;
  }

  text(value) {
    const letters = new TextEncoder().encode(value);
    const start = this.values(Uint8Array.from([...letters, 0]));
    this.#view.setUint32(start, letters.length, true);
    return start;
  }

  /** Writes a vector of tables. */
  tables(objects) {
    const start = this.#reserve(4 + 4 * objects.length, 4);
    this.#view.setUint32(start, objects.length, true);
    objects.forEach((object, i) => this.#refer(start + 4 + 4 * i, object));
    return start;
  }
}

const sizeOf = ([, size]) => (size === 'object' ? 4 : size);

const table = (fields) => (writer) => writer.table(fields);
const tables = (objects) => (writer) => writer.tables(objects);
const values = (array, alignment) => (writer) => writer.values(array, alignment);
const textOf = (value) => (writer) => writer.text(value);

/** @param {Network} network @returns {Uint8Array} */
export function writeTflite({ tensors, nodes, input, output }) {
  const used = [...new Set(nodes.map(({ kind }) => kind))];
  const buffers = [table([])];
  const tensorTables = tensors.map(({ name, shape, type, data, scales, zeroPoints, axis }) => {
    if (data)
      buffers.push(table([[0, 'object', values(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 16)]]));
    return table([
      [0, 'object', values(Int32Array.from(shape))],
      [1, 1, types[type][0]],
      [2, 4, data ? buffers.length - 1 : 0],
      [3, 'object', textOf(name)],
      [
        4,
        'object',
        scales &&
          table([
            [2, 'object', values(Float32Array.from(scales))],
            [3, 'object', values(BigInt64Array.from(zeroPoints, BigInt))],
            [6, 4, axis ?? 0],
          ]),
      ],
    ]);
  });
  const operators = nodes.map(({ kind, inputs, outputs, options }) => {
    const { union, fields } = kinds[kind];
    const all = Object.entries(fields).map(([name, [id, size]]) => [id, size, options[name] ?? 0]);
    // The dilations, which have a default of 1 in the format, are left out.
    return table([
      [0, 4, used.indexOf(kind)],
      [1, 'object', values(Int32Array.from(inputs))],
      [2, 'object', values(Int32Array.from(outputs))],
      [3, 1, union],
      [4, 'object', union === undefined ? undefined : table(all)],
    ]);
  });
  const codes = used.map((kind) =>
    table([
      [0, 1, kinds[kind].code],
      [2, 4, versionOf(kind, nodes, tensors)],
      [3, 4, kinds[kind].code],
    ]),
  );
  const graph = table([
    [0, 'object', tables(tensorTables)],
    [1, 'object', values(Int32Array.of(input))],
    [2, 'object', values(Int32Array.of(output))],
    [3, 'object', tables(operators)],
    [4, 'object', textOf('main')],
  ]);
  const isFloat = tensors[input].type === 'float32';
  if (isFloat) buffers.push(table([[0, 'object', values(inputMetadata(), 16)]]));
  const metadata = isFloat && [
    table([
      [0, 'object', textOf('TFLITE_METADATA')],
      [1, 4, buffers.length - 1],
    ]),
  ];
  const writer = new Writer();
  writer.root(
    table([
      [0, 4, 3],
      [1, 'object', tables(codes)],
      [2, 'object', tables([graph])],
      [3, 'object', textOf('written by the benchmarks of teachable-wasm')],
      [4, 'object', tables(buffers)],
      [6, 'object', metadata ? tables(metadata) : undefined],
    ]),
    'TFL3',
  );
  return writer.bytes.slice(0, writer.size);
}

/** Returns metadata which say that pixels from 0 to 255 become floats from -1 to 1. MediaPipe runs no float network without them. */
function inputMetadata() {
  const kNormalization = 1;
  const unit = table([
    [0, 1, kNormalization],
    [
      1,
      'object',
      table([
        [0, 'object', values(Float32Array.of(127.5))],
        [1, 'object', values(Float32Array.of(127.5))],
      ]),
    ],
  ]);
  const tensor = table([
    [0, 'object', textOf('image')],
    [4, 'object', tables([unit])],
  ]);
  const graph = table([[2, 'object', tables([tensor])]]);
  const writer = new Writer();
  writer.root(table([[3, 'object', tables([graph])]]), 'M001');
  return writer.bytes.slice(0, writer.size);
}

/** The version of an operator that takes its types: int8 came after uint8. */
function versionOf(kind, nodes, tensors) {
  const isInt8 = nodes.some(
    (node) => node.kind === kind && [...node.inputs, ...node.outputs].some((id) => tensors[id]?.type === 'int8'),
  );
  if (kind === 'quantize') return isInt8 ? 2 : 1;
  if (!isInt8) return 1;
  return { conv: 3, depthwise: 3, fullyConnected: 4 }[kind] ?? 2;
}
