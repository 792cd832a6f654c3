// Runs the TypeScript compiler on one project.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from './steps.mjs';

/**
 * Checks a project and, before it, the projects that it references. Projects that emit declarations write them.
 * @param {string} project A tsconfig file or its folder, relative to the repository. Throws an Error with the compiler's output.
 */
export async function typecheck(project) {
  return compile('-b', project);
}

/** Checks a project without references. Unlike `typecheck()`, it notices changes of typings that the project imports from elsewhere. */
export async function typecheckAlone(project) {
  return compile('-p', project);
}

async function compile(mode, project) {
  // Resolved here, not at the top: commands import this file before the Node packages are installed.
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')),
    'bin/tsc',
  );
  try {
    await promisify(execFile)(process.execPath, [compiler, mode, path.join(projectFolder, project)]);
  } catch (error) {
    throw new Error(`${project}:\n${error.stdout || error.message}`);
  }
}
