// Builds the template of the page that runs from one file: web/site/player.html. The demo page fills it with the visitor's
// project (web/demo/takeaway). The package's sources are compiled into the player's script; what they would fetch is inside the page.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { packagedPlugin } from './packaged.mjs';
import { projectFolder } from './steps.mjs';

const demo = path.join(projectFolder, 'web/demo');
const player = path.join(demo, 'player');
const entries = path.join(projectFolder, 'web/src/entries');

/** The public entries that the player imports. */
const entryOf = { 'teachable-wasm': 'index', 'teachable-wasm/worker': 'own-worker', 'teachable-wasm/webcam': 'webcam' };

/** Compiles the package into the script, with files that are inside the page. */
const packageInside = {
  name: 'package-inside',
  setup({ onResolve }) {
    onResolve({ filter: /^teachable-wasm(\/|$)/ }, ({ path: name }) => ({
      path: path.join(entries, `${entryOf[name]}.ts`),
    }));
    onResolve({ filter: /\/home\.js$/ }, () => ({ path: path.join(player, 'home.ts') }));
  },
};

/** Variants of the module that run without threads, which pages from a file don't have. */
const variants = ['simd', 'relaxed'];

/**
 * Compiles the module's JavaScript into the script. The package imports it when it is needed, but Chromium and WebKit let a page from a
 * file, or its worker, import nothing.
 */
const glueInside = (dist) => ({
  name: 'glue-inside',
  setup({ onResolve, onLoad }) {
    onLoad({ filter: /\/worker\/load\.ts$/ }, async ({ path: name }) => {
      const text = await readFile(name, 'utf8');
      const changed = text.replace(/import\((?:\/\*.*?\*\/ *)*url\)/, 'glueAt(url)');
      if (changed === text) throw new Error(`${name} has no import(url) any more: change ${import.meta.url}.`);
      return { contents: `import { glueAt } from 'module-glue';\n${changed}`, loader: 'ts' };
    });
    onResolve({ filter: /^module-glue$/ }, ({ path: name }) => ({ path: name, namespace: 'glue' }));
    onLoad({ filter: /.*/, namespace: 'glue' }, () => {
      const files = variants.map((name) => [name, path.join(dist, 'wasm', name, 'teachable.js')]);
      // A build may have only some of the variants.
      const built = files.filter(([, file]) => existsSync(file));
      const imports = built.map(([name, file]) => `import ${name} from ${JSON.stringify(file)};`).join('\n');
      const glueAt = `export const glueAt = async (url) => ({ default: { ${built.map(([name]) => name)} }[url.split('/').at(-2)] });`;
      return { contents: `${imports}\n${glueAt}`, loader: 'js', resolveDir: dist };
    });
    // Branches of the glue for Node, which never run here.
    onResolve({ filter: /^(node:)?(module|fs|path|url|worker_threads)$/ }, ({ path: name }) => ({
      path: name,
      external: true,
    }));
  },
});

/**
 * Writes the template, and the catalogue entry of the packaged network for the page: network.json beside it.
 * @param {string} site Folder of the page.
 * @param {string} dist Folder of the package, with its modules.
 * @param {{packaged: string, target: string[], network: object | undefined}} options `packaged`: text of packaged.ts, see packModel().
 * `network`: entry whose paths are relative to `<site>/lib/models/`; undefined without a network.
 */
export async function buildPlayer(site, dist, { packaged, target, network }) {
  const options = { bundle: true, minify: true, write: false, target, legalComments: 'none', logLevel: 'warning' };
  const { outputFiles } = await build({
    ...options,
    entryPoints: [path.join(player, 'main.ts'), path.join(player, 'player.css')],
    outdir: site,
    format: 'iife',
    inject: [path.join(player, 'embedded-fetch.ts')],
    define: { 'import.meta.url': '"embedded:///index.js"' },
    plugins: [packagedPlugin(packaged), packageInside, glueInside(dist)],
  });
  const textOf = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text.trim();
  const [script, style] = [textOf('.js'), textOf('.css')];
  const licences = await Promise.all(
    ['LICENSE', 'THIRD_PARTY_NOTICES'].map((name) => readFile(path.join(projectFolder, name), 'utf8')),
  );
  const parts = {
    policy: policyFor(script, style),
    style,
    script,
    notices: licences.join('\n').replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`),
  };
  // The remaining names are filled by the page.
  const template = (await readFile(path.join(player, 'player.html'), 'utf8')).replace(
    /\{\{(policy|style|script|notices)\}\}/g,
    (_, name) => parts[name],
  );
  // Beside the parts of the page's code, which ask for them.
  await writeFile(path.join(site, 'player.html'), template);
  if (network) await writeFile(path.join(site, 'network.json'), JSON.stringify(network));
}

/** No request can leave a page with this policy. Blobs are in the page: the worker's script, and pictures. */
function policyFor(script, style) {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)} 'wasm-unsafe-eval'`,
    'worker-src blob:',
    `style-src ${hashOf(style)}`,
    // Pictures that the visitor chose for classes.
    'img-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashOf(text) {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
