// The engines of the comparison: what each can run, and what it needs.

/** Name of this package among the engines. */
export const ours = 'ours';

/**
 * `supports` says which cells an engine has: {network, type, threads, simd}. In other cells, the table has no figure of it.
 * `bundle` is a bundle of bundle.mjs. `isExtra` engines are installed by this benchmark only.
 */
export const engines = {
  [ours]: { title: 'teachable-wasm', supports: () => true },
  // Without relaxed SIMD, LiteRT.js has no threads. Both rows of plain SIMD then show its only build.
  litert: { title: 'LiteRT.js', package: '@litertjs/core', supports: () => true },
  // It computes with floats only, whatever the weights are stored as.
  tfjs: {
    title: 'TensorFlow.js',
    package: '@tensorflow/tfjs-backend-wasm',
    bundle: 'tfjs',
    supports: ({ type }) => type === 'float32',
  },
  tflite: {
    title: 'tfjs-tflite',
    package: '@tensorflow/tfjs-tflite',
    bundle: 'tfjs-tflite',
    isExtra: true,
    supports: () => true,
  },
  // It has no threads.
  mediapipe: {
    title: 'MediaPipe',
    package: '@mediapipe/tasks-vision',
    isExtra: true,
    supports: ({ threads }) => threads === 1,
  },
  onnx: { title: 'onnxruntime-web', package: 'onnxruntime-web', isExtra: true, supports: () => true },
};

/** The variants of this package, by SIMD and threads. */
export const variantOf = ({ simd, threads }) =>
  `${simd === 'relaxed' ? 'relaxed' : 'simd'}${threads > 1 ? '-threads' : ''}`;

export const networkSide = 224;
export const inputType = (network) => (network.endsWith('float32') ? 'float32' : 'uint8');

const lists = {
  networks: ['v2-int8', 'v2-uint8', 'v2-float32', 'v1-int8', 'v1-uint8', 'v1-float32'],
  simd: ['relaxed', 'plain'],
  threads: ['1', '2'],
  paths: ['tensor', 'pixels', 'canvas', 'bitmap', 'video', 'file'],
  rivals: Object.keys(engines).filter((name) => name !== ours),
  engines: ['chromium', 'firefox', 'webkit'],
};

/** What is measured without options. It takes about a quarter of an hour. */
const defaults = { ...lists, engines: ['chromium'] };

/**
 * Returns what to measure, from the command's options: lists of names, separated by commas.
 * @throws {Error} for a name that does not exist
 */
export function choose(values) {
  const chosen = {};
  for (const [option, all] of Object.entries(lists)) {
    chosen[option] = values[option]?.split(',') ?? defaults[option];
    const unknown = chosen[option].find((name) => !all.includes(name));
    if (unknown !== undefined) throw new Error(`--${option} has '${unknown}'. Use ${all.join(', ')}.`);
  }
  return chosen;
}

/** Returns the groups of cells that are measured in the same browsers. */
export const groupsOf = ({ engines: browsers, networks, simd, threads }) =>
  browsers.flatMap((browser) =>
    networks.flatMap((network) =>
      simd.flatMap((each) =>
        threads.map((count) => ({ browser, network, type: inputType(network), simd: each, threads: Number(count) })),
      ),
    ),
  );
