// Changes the number format of a network: the same weights as floats, or as int8. All forms output the embedding as floats.

/** @typedef {import('./tflite.mjs').Network} Network */

const hasWeights = ({ kind }) => ['conv', 'depthwise', 'fullyConnected'].includes(kind);

/** Returns the network up to its embedding: the pooled features, which a classifier gets. */
export function cutAtEmbedding(network) {
  const last = network.nodes.findLast(({ kind }) => kind === 'mean' || kind === 'averagePool');
  const nodes = network.nodes.slice(0, network.nodes.indexOf(last) + 1);
  return withFloatOutput(prune({ ...network, nodes, output: last.outputs[0] }));
}

/** Appends a conversion of the output to floats, unless it has floats. */
function withFloatOutput(network) {
  const output = network.tensors[network.output];
  if (output.type === 'float32') return network;
  const tensors = [...network.tensors, { name: 'embedding', shape: output.shape, type: 'float32' }];
  const node = { kind: 'dequantize', inputs: [network.output], outputs: [tensors.length - 1], options: {} };
  return { ...network, tensors, nodes: [...network.nodes, node], output: tensors.length - 1 };
}

/** Removes the tensors that no node uses. */
function prune({ tensors, nodes, input, output }) {
  const used = new Set([input, output, ...nodes.flatMap((node) => [...node.inputs, ...node.outputs])]);
  const kept = tensors.map((_, id) => id).filter((id) => used.has(id));
  const renumbered = new Map(kept.map((id, index) => [id, index]));
  const all = (ids) => ids.map((id) => renumbered.get(id));
  return {
    tensors: kept.map((id) => tensors[id]),
    nodes: nodes.map((node) => ({ ...node, inputs: all(node.inputs), outputs: all(node.outputs) })),
    input: renumbered.get(input),
    output: renumbered.get(output),
  };
}

/** Returns the values of a constant as floats. */
export function toFloats({ data, scales, zeroPoints, shape, axis = 0 }) {
  if (!scales) return Float32Array.from(data);
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channelOf = (i) => (scales.length === 1 ? 0 : Math.floor(i / inner) % shape[axis]);
  return Float32Array.from(data, (value, i) => (value - zeroPoints[channelOf(i)]) * scales[channelOf(i)]);
}

/** Returns the network with floats: each constant has the value that its integer stands for. */
export function toFloatNetwork(network) {
  const replaced = new Map();
  for (const { kind, inputs, outputs } of network.nodes)
    if (kind === 'quantize') replaced.set(outputs[0], inputs[0]);
    else if (kind === 'dequantize') replaced.set(inputs[0], outputs[0]);
  const real = (id) => replaced.get(id) ?? id;
  const nodes = network.nodes
    .filter(({ kind }) => kind !== 'quantize' && kind !== 'dequantize')
    .map((node) => ({ ...node, inputs: node.inputs.map(real), outputs: node.outputs.map(real) }));
  const weights = new Set(nodes.filter(hasWeights).flatMap(({ inputs }) => inputs.slice(1)));
  const tensors = network.tensors.map((tensor, id) => {
    const { name, shape, type, data } = tensor;
    if (data && !weights.has(id)) return { name, shape, type, data };
    return { name, shape, type: 'float32', ...(data && { data: toFloats(tensor) }) };
  });
  return prune({ ...network, tensors, nodes });
}

/**
 * Returns a uint8 network as int8, like the converter of TensorFlow: the same scales of maps, weights with one scale for each channel
 * and without a zero point. The input stays uint8.
 */
export function toInt8Network(network) {
  const tensors = network.tensors.map((tensor) =>
    tensor.type !== 'uint8' || tensor.data
      ? tensor
      : { ...tensor, type: 'int8', zeroPoints: tensor.zeroPoints.map((zeroPoint) => zeroPoint - 128) },
  );
  const nodes = [];
  for (const node of network.nodes) {
    if (hasWeights(node)) {
      const [input, filter, bias] = node.inputs;
      tensors[filter] = toInt8Weights(network.tensors[filter], node.kind === 'depthwise' ? 3 : 0);
      const { scales } = tensors[filter];
      const [inputScale] = network.tensors[input].scales;
      const biasScales = scales.map((scale) => scale * inputScale);
      const floats = toFloats(network.tensors[bias]);
      tensors[bias] = {
        ...network.tensors[bias],
        data: Int32Array.from(floats, (value, channel) => Math.round(value / biasScales[channel])),
        scales: biasScales,
        zeroPoints: scales.map(() => 0),
        axis: 0,
      };
    }
    nodes.push(node);
  }
  const { input } = network;
  tensors.push({ ...network.tensors[input], name: 'pixels' });
  nodes.unshift({ kind: 'quantize', inputs: [tensors.length - 1], outputs: [input], options: {} });
  return { ...network, tensors, nodes, input: tensors.length - 1 };
}

function toInt8Weights(tensor, axis) {
  const floats = toFloats(tensor);
  const count = tensor.shape[axis];
  const inner = tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channelOf = (i) => Math.floor(i / inner) % count;
  const largest = new Float32Array(count);
  floats.forEach((value, i) => (largest[channelOf(i)] = Math.max(largest[channelOf(i)], Math.abs(value))));
  const scales = Array.from(largest, (value) => (value || 1) / 127);
  return {
    ...tensor,
    type: 'int8',
    data: Int8Array.from(floats, (value, i) => Math.round(value / scales[channelOf(i)])),
    scales,
    zeroPoints: scales.map(() => 0),
    axis,
  };
}
