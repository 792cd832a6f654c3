import { cp } from 'node:fs/promises';
import resolve from '@rollup/plugin-node-resolve';

/** Rollup doesn't copy files that the package refers to by address, so they are copied next to the script. */
const copyFiles = {
  name: 'copy-files',
  async writeBundle({ dir }) {
    await cp('index.html', `${dir}/index.html`);
    for (const name of ['worker.js', 'wasm', 'models']) await cp(new URL(name, import.meta.resolve('teachable-wasm')), `${dir}/${name}`, { recursive: true });
  },
};

export default { input: 'main.js', output: { dir: 'dist' }, plugins: [resolve(), copyFiles] };
