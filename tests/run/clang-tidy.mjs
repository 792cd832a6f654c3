// Checks the C++ of all layers with clang-tidy; the checks and their reasons are in .clang-tidy.
//
// A file that passed is not checked again until it, a header of the project that it includes, its compiler command or
// .clang-tidy changes: build/clang-tidy.json remembers. The bindings and the modules without glue (cpp/bindings,
// module.cpp) need Emscripten's headers and are not part of the native build, so they are not checked.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { buildPreset } from '../../web/dev/cmake.mjs';
import { fail, projectFolder, run } from '../../web/dev/steps.mjs';

const tree = join(projectFolder, 'build/native');
const memory = join(projectFolder, 'build/clang-tidy.json');
const layers = join(projectFolder, 'cpp');

/** Exact version, because other versions have other checks. */
const program = 'clang-tidy-19';

/**
 * Checks every file of cpp/ that the native build compiles, third-party code left out.
 * @param report Function that receives the progress, as in `buildPreset`.
 * @returns {Promise<{passed: number, failed: {name: string, output: string}[], skipped: []}>} one entry per file
 */
export async function checkWithClangTidy(report = () => {}) {
  // Configures the tree, which writes compile_commands.json, and generates the headers that the sources include.
  await buildPreset('native', ['tflite_header'], report);
  const remembered = new Set(readMemory());
  const files = listFiles();
  if (files.length === 0) fail(`${relative(projectFolder, tree)}/compile_commands.json lists no file of cpp/.`);
  const passed = files.map(({ hash }) => hash).filter((hash) => remembered.has(hash));
  const failed = [];
  const waiting = files.filter(({ hash }) => !remembered.has(hash));
  const total = waiting.length;
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      report(`${total - waiting.length} of ${total}`);
      const args = ['--quiet', '-p', tree, next.file];
      const { status, output, everything } = await run(program, args, { allowFailure: true });
      const name = relative(projectFolder, next.file);
      if (status === 0) passed.push(next.hash);
      else failed.push({ name, output: output.trim() || everything.trim() });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  mkdirSync(dirname(memory), { recursive: true });
  writeFileSync(`${memory}.new`, JSON.stringify(passed));
  renameSync(`${memory}.new`, memory);
  return { passed: passed.length, failed, skipped: [] };
}

/** Returns the hashes of the files that passed. A file that a killed run left damaged counts as none. */
export function readMemory(file = memory) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}

/** Returns the files to check. The hash covers everything that the result for a file depends on. */
function listFiles() {
  const rules = readFileSync(join(projectFolder, '.clang-tidy'));
  return JSON.parse(readFileSync(join(tree, 'compile_commands.json'), 'utf8'))
    .filter(({ file }) => file.startsWith(join(layers, '/')) && !file.startsWith(join(layers, 'third_party/')))
    .map(({ file, command }) => {
      const hash = createHash('sha256').update(program).update(rules).update(command);
      for (const each of includesOf(file)) hash.update(each).update(readFileSync(each));
      return { file, hash: hash.digest('hex') };
    });
}

/** Returns the file and all headers of cpp/ that it includes, directly or indirectly. */
function includesOf(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^#include "(.+)"/gm)) {
    const header = join(layers, name);
    if (existsSync(header)) includesOf(header, seen);
  }
  return seen;
}
