// Writes networks of floats as graph models of TensorFlow.js, as its converter does: convolutions with their bias and activation.

/** @typedef {import('./tflite.mjs').Network} Network */

const base64 = (text) => Buffer.from(text).toString('base64');
const list = (values) => ({ list: { i: values.map(String) } });
const float = { type: 'DT_FLOAT' };

/** Moves the output channels to the end: [out, h, w, in] becomes [h, w, in, out], and [1, h, w, out] becomes [h, w, out, 1]. */
function filterOf({ shape, data }, isDepthwise) {
  if (isDepthwise) return { shape: [...shape.slice(1), 1], data };
  const [outputs, ...rest] = shape;
  const inner = data.length / outputs;
  const moved = new Float32Array(data.length);
  for (let o = 0; o < outputs; o++) for (let i = 0; i < inner; i++) moved[i * outputs + o] = data[o * inner + i];
  return { shape: [...rest, outputs], data: moved };
}

/**
 * @param {Network} network A network of floats.
 * @param {string} embedding Name of the node whose output is the embedding.
 * @returns {{modelJson: string, weights: Uint8Array}} The file and its only shard, weights.bin.
 */
export function writeGraphModel({ tensors, nodes, input, output }, embedding) {
  const all = [];
  const constants = [];
  const names = new Map([[input, 'input']]);
  const [, ...size] = tensors[input].shape;
  const dimensions = [-1, ...size].map((each) => ({ size: String(each) }));
  all.push({ name: 'input', op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim: dimensions } } } });
  const constant = (shape, data) => {
    const name = `constant${constants.length}`;
    const dtype = data instanceof Int32Array ? 'int32' : 'float32';
    constants.push({ name, shape, dtype, data });
    const type = dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT';
    all.push({ name, op: 'Const', attr: { dtype: { type }, value: { tensor: { dtype: type, tensorShape: {} } } } });
    return name;
  };
  nodes.forEach(({ kind, inputs, outputs, options }, index) => {
    const name = outputs[0] === output ? embedding : `node${index}`;
    const from = names.get(inputs[0]);
    if (kind === 'conv' || kind === 'depthwise') {
      const { shape, data } = filterOf(tensors[inputs[1]], kind === 'depthwise');
      const bias = tensors[inputs[2]];
      const activation = { 0: [], 1: ['Relu'], 3: ['Relu6'] }[options.activation];
      all.push({
        name,
        op: kind === 'conv' ? '_FusedConv2D' : 'FusedDepthwiseConv2dNative',
        input: [from, constant(shape, data), constant(bias.shape, bias.data)],
        attr: {
          T: float,
          strides: list([1, options.strideHeight, options.strideWidth, 1]),
          dilations: list([1, 1, 1, 1]),
          padding: { s: base64(options.padding === 0 ? 'SAME' : 'VALID') },
          data_format: { s: base64('NHWC') },
          fused_ops: { list: { s: ['BiasAdd', ...activation].map(base64) } },
          num_args: { i: '1' },
          epsilon: { f: 0 },
        },
      });
    } else if (kind === 'add') {
      all.push({ name, op: 'AddV2', input: inputs.map((id) => names.get(id)), attr: { T: float } });
    } else if (kind === 'mean' || kind === 'averagePool') {
      const axes = constant([2], Int32Array.of(1, 2));
      const attr = { T: float, Tidx: { type: 'DT_INT32' }, keep_dims: { b: true } };
      all.push({ name, op: 'Mean', input: [from, axes], attr });
    } else {
      throw new Error(`${kind} can't be written to a graph model.`);
    }
    names.set(outputs[0], name);
  });
  const modelJson = JSON.stringify({
    format: 'graph-model',
    modelTopology: { node: all, library: {}, versions: {} },
    weightsManifest: [{ paths: ['weights.bin'], weights: constants.map(({ data, ...entry }) => entry) }],
  });
  const parts = constants.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return { modelJson, weights: new Uint8Array(Buffer.concat(parts)) };
}
