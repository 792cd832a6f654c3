// The linters as a suite: Biome for TypeScript, JavaScript and CSS, clang-tidy for C++.
import { existsSync } from 'node:fs';
import { lintScripts } from './format.mjs';

/** Exports runClangTidy(), which returns a suite's result with one test for each C++ file. */
const clangTidy = new URL('./clang-tidy.mjs', import.meta.url);

export async function runLinters() {
  const scripts = await lintScripts();
  if (!existsSync(clangTidy)) return scripts;
  const { runClangTidy } = await import(clangTidy.href);
  const cpp = await runClangTidy();
  return {
    passed: scripts.passed + cpp.passed,
    failed: [...scripts.failed, ...cpp.failed],
    skipped: [...scripts.skipped, ...cpp.skipped],
  };
}
