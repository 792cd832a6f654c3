// The linters as a suite: Biome for TypeScript, JavaScript and CSS, clang-tidy for C++.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lintScripts } from './format.mjs';

const clangTidyModule = new URL('./clang-tidy.mjs', import.meta.url);

/** Runs clang-tidy on all C++ layers, as a suite's result with one test for each file. */
async function lintCpp() {
  const skip = (reason) => ({ passed: 0, failed: [], skipped: [{ name: 'C++', reason }] });
  if (!existsSync(clangTidyModule)) return skip('tests/run/clang-tidy.mjs does not exist');
  if (spawnSync('clang-tidy-19', ['--version']).error)
    return skip('clang-tidy 19 is not installed. On Debian, `npm run setup` installs it.');
  const { checkWithClangTidy } = await import(clangTidyModule.href);
  return checkWithClangTidy();
}

export async function runLinters() {
  const scripts = await lintScripts();
  const cpp = await lintCpp();
  return {
    passed: scripts.passed + cpp.passed,
    failed: [...scripts.failed, ...cpp.failed],
    skipped: [...scripts.skipped, ...cpp.skipped],
  };
}
