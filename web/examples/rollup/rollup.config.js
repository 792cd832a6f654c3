import { cp } from 'node:fs/promises';
import resolve from '@rollup/plugin-node-resolve';

/** Rollup leaves addresses of files as they are, so the files go beside the script. */
const copyFiles = {
  name: 'copy-files',
  async writeBundle({ dir }) {
    await cp('index.html', `${dir}/index.html`);
    for (const name of ['worker.js', 'wasm', 'models']) await cp(new URL(name, import.meta.resolve('teachable-wasm')), `${dir}/${name}`, { recursive: true });
  },
};

export default { input: 'main.js', output: { dir: 'dist' }, plugins: [resolve(), copyFiles] };
