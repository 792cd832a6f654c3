// Configures and builds a preset of CMakePresets.json, or a part of it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../cpp/third_party/lock.mjs';
import { toolchain } from '../../cpp/third_party/setup.mjs';
import { projectFolder, run } from './steps.mjs';

/** Names of all variants of the WebAssembly module, see cpp/variants.cmake. */
export const wasmVariants = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];

/** The modules in wasm/image/ and wasm/tfjs/, which all variants use. */
export const bareModules = { preset: 'bare', targets: ['image_decoder', 'tfjs_converter'] };

/** Builds one variant's module. The first call of a tree also compiles the objects that its variants share. */
export const buildVariant = (variant, report) =>
  withTree(variant.endsWith('-threads') ? 'wasm-threads' : 'wasm-single', [ofVariant('teachable', variant)], report);

/** Builds the modules that all variants use. */
export const buildBareModules = (report) => buildPreset(bareModules.preset, bareModules.targets, report);

/**
 * Returns the name of the preset that builds a variant's test programs and benchmarks, which is also its folder in build/. A preset
 * returns its own name.
 */
export function treeOf(preset) {
  if (!wasmVariants.includes(preset)) return preset;
  return preset.endsWith('-threads') ? 'wasm-threads' : 'wasm';
}

/** Returns a hash of what a configured tree depends on and ninja does not watch: the presets and the compilers. */
function configurationOf(preset) {
  const hash = createHash('sha256')
    .update(preset)
    .update(readFileSync(join(projectFolder, 'CMakePresets.json')));
  const stamp = join(toolchain, 'stamp');
  return hash.update(existsSync(stamp) ? readFileSync(stamp) : (process.env.PATH ?? '')).digest('hex');
}

/**
 * Builds targets of a preset. A variant of the WebAssembly module can stand in the place of a preset: its targets, such
 * as `unit_tests` and `benchmarks`, are those of treeOf() that carry the variant's name.
 */
export function buildPreset(preset, targets, report) {
  const name = treeOf(preset);
  return withTree(name, name === preset ? targets : targets.map((target) => ofVariant(target, preset)), report);
}

const ofVariant = (target, variant) => `${target}_${variant.replaceAll('-', '_')}`;

/** Builds targets in a tree. Two ninjas in one tree destroy each other's files. */
function withTree(name, targets, report) {
  const tree = join(projectFolder, 'build', name);
  return withLock(join(tree, 'lock'), () => buildTree(name, tree, targets, report));
}

async function buildTree(preset, tree, targets, report) {
  const log = join(projectFolder, 'build/log', `${preset}.log`);
  const stamp = join(tree, 'configuration');
  const configuration = configurationOf(preset);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== configuration) {
    report('configuring');
    // A tree whose configuration was interrupted must be configured again, even if the old settings come back.
    rmSync(stamp, { force: true });
    await run('cmake', ['--preset', preset, '--fresh'], { log });
    writeFileSync(stamp, configuration);
  }
  const onLine = (line) => {
    const progress = /^\[(\d+)\/(\d+)\]/.exec(line);
    if (progress) report(`${progress[1]} of ${progress[2]}`);
  };
  await run('cmake', ['--build', tree, '--target', ...targets], { log, onLine });
}
