// Configures and builds one preset of CMakePresets.json.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../cpp/third_party/lock.mjs';
import { toolchain } from '../../cpp/third_party/setup.mjs';
import { projectFolder, run } from './steps.mjs';

export const wasmVariants = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];

/** What makes wasm/image/ and wasm/tfjs/, which all variants use. */
export const bareModules = { preset: 'bare', targets: ['image_decoder', 'tfjs_converter'] };

/** What a configured tree depends on that ninja does not watch: the presets and the compilers. */
function configurationOf(preset) {
  const hash = createHash('sha256')
    .update(preset)
    .update(readFileSync(join(projectFolder, 'CMakePresets.json')));
  const stamp = join(toolchain, 'stamp');
  return hash.update(existsSync(stamp) ? readFileSync(stamp) : (process.env.PATH ?? '')).digest('hex');
}

/** Builds one variant's module and its JavaScript into web/dist/wasm/<variant>/. */
export function buildVariant(variant, report) {
  return buildPreset(variant, ['teachable'], report);
}

/** Builds the modules that all variants share into web/dist/wasm/image/ and web/dist/wasm/tfjs/. */
export function buildBareModules(report) {
  return buildPreset(bareModules.preset, bareModules.targets, report);
}

export function buildPreset(preset, targets, report) {
  const tree = join(projectFolder, 'build', preset);
  // Two ninjas in one tree destroy each other's files.
  return withLock(join(tree, 'lock'), () => buildTree(preset, tree, targets, report));
}

async function buildTree(preset, tree, targets, report) {
  const log = join(projectFolder, 'build/log', `${preset}.log`);
  const stamp = join(tree, 'configuration');
  const configuration = configurationOf(preset);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== configuration) {
    report('configuring');
    await run('cmake', ['--preset', preset, '--fresh'], { log });
    writeFileSync(stamp, configuration);
  }
  const onLine = (line) => {
    const progress = /^\[(\d+)\/(\d+)\]/.exec(line);
    if (progress) report(`${progress[1]} of ${progress[2]}`);
  };
  await run('cmake', ['--build', tree, '--target', ...targets], { log, onLine });
}
