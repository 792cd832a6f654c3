import { cp } from 'node:fs/promises';
import { build } from 'esbuild';

await build({ entryPoints: ['main.js'], bundle: true, format: 'esm', outdir: 'dist' });
await cp('index.html', 'dist/index.html');
// esbuild doesn't copy files that the package refers to by address, so they are copied next to the script.
for (const name of ['worker.js', 'wasm', 'models']) await cp(new URL(name, import.meta.resolve('teachable-wasm')), `dist/${name}`, { recursive: true });
