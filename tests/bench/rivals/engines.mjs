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

/** Paths of one page that runs for long, and those that need a new browser for each figure. */
export const warmPaths = ['tensor', 'pixels', 'canvas', 'bitmap', 'video', 'file', 'predict'];
export const freshPaths = ['start', 'memory', 'bytes'];

/** The names that each option of the command may have, in the order of the tables. */
export const lists = {
  networks: ['v2-int8', 'v2-uint8', 'v2-float32', 'v1-int8', 'v1-uint8', 'v1-float32'],
  simd: ['relaxed', 'plain'],
  threads: ['1', '2'],
  paths: [...warmPaths, ...freshPaths],
  rivals: Object.keys(engines).filter((name) => name !== ours),
  engines: ['chromium', 'firefox', 'webkit'],
};

/**
 * Returns what to measure, from the command's options: lists of names, separated by commas. An option that is missing means all
 * names. Without --paths, only the network of the package is measured on every path; others get a ready tensor.
 * @returns {{rivals: string[], groups: object[]}} `groups`: cells that are measured in the same browsers, each with its paths.
 * @throws {Error} for a name that does not exist
 */
export function choose(values) {
  const chosen = {};
  for (const [option, all] of Object.entries(lists)) {
    chosen[option] = values[option]?.split(',') ?? (option === 'engines' ? ['chromium'] : all);
    const unknown = chosen[option].find((name) => !all.includes(name));
    if (unknown !== undefined) throw new Error(`--${option} has '${unknown}'. Use ${all.join(', ')}.`);
  }
  const pathsOf = ({ network, simd }) =>
    values.paths || (network === 'v2-int8' && simd === 'relaxed') ? chosen.paths : ['tensor'];
  // Without options, plain SIMD is measured for one network of integers and one of floats, and V1 on one thread.
  const isWanted = ({ network, simd, threads }) =>
    values.networks ||
    ((simd === 'relaxed' || values.simd || ['v2-int8', 'v2-float32'].includes(network)) &&
      (threads === 1 || values.threads || network.startsWith('v2')));
  const groups = chosen.engines.flatMap((browser) =>
    chosen.networks.flatMap((network) =>
      chosen.simd.flatMap((simd) =>
        chosen.threads.map((count) => ({ browser, network, type: inputType(network), simd, threads: Number(count) })),
      ),
    ),
  );
  return {
    rivals: chosen.rivals,
    groups: groups.filter(isWanted).map((group) => ({ ...group, paths: pathsOf(group) })),
  };
}
