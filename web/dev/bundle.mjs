// The TypeScript to what browsers load: web/dist is the package, web/site the demo page beside it.
//
//   web/dist/index.js, worker.js, *.d.ts    (web/dist/wasm/<variant>/ comes from CMake)
//   web/site/index.html, style.css, main.js (imports ./lib/index.js: serve.mjs maps lib/ to web/dist)

import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const run = promisify(execFile);

const common = {
  bundle: true,
  format: 'esm',
  target: ['chrome91', 'firefox114', 'safari16.4'],
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/** The demo imports the package by its name and runs beside a copy of it. */
const packageBeside = {
  name: 'package-beside',
  setup({ onResolve }) {
    onResolve({ filter: /^teachable-wasm$/ }, () => ({ path: './lib/index.js', external: true }));
  },
};

/** Checks the types of page, worker and demo, and writes the package's .d.ts files. Throws with the compiler's output. */
export async function typecheck() {
  const tsc = fileURLToPath(new URL('bin/tsc', import.meta.resolve('@typescript/native/package.json')));
  for (const project of ['page', 'worker', 'demo']) {
    try {
      await run(process.execPath, [tsc, '-p', path.join(web, `tsconfig.${project}.json`)]);
    } catch (error) {
      throw new Error(`tsconfig.${project}.json:\n${error.stdout || error.message}`);
    }
  }
}

/** Builds web/dist (all but wasm/) and web/site. Throws on the first error, of types too. */
export async function bundle() {
  const dist = path.join(web, 'dist');
  const site = path.join(web, 'site');
  await rm(site, { recursive: true, force: true });
  await mkdir(site, { recursive: true });
  await Promise.all([
    build({ ...common, entryPoints: [path.join(web, 'src/index.ts'), path.join(web, 'src/worker.ts')], outdir: dist }),
    // What they share lies in the package's folder, where wasm/ is found from.
    build({ ...common, entryPoints: ['knn-classifier', 'mobilenet'].map((name) => path.join(web, `src/compat/${name}.ts`)), outdir: dist, outbase: path.join(web, 'src'), splitting: true, chunkNames: 'shared-[hash]' }),
    build({ ...common, entryPoints: [path.join(web, 'demo/main.ts')], outdir: site, plugins: [packageBeside], minify: true }),
    ...['index.html', 'style.css', 'icon.svg'].map((file) => cp(path.join(web, 'demo', file), path.join(site, file))),
  ]);
  await typecheck();
  return { dist, site };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { dist, site } = await bundle();
  console.log(`package: ${dist}\npage:    ${site}`);
}
