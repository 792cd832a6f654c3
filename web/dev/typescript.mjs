// Runs the TypeScript compiler on one project.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from './steps.mjs';

/** @param {string} project A tsconfig file, from the project's folder. Throws an Error with the compiler's output. */
export async function typecheck(project) {
  // Looked for when it is needed: commands import this file before the Node packages are there.
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@typescript/native/package.json')),
    'bin/tsc',
  );
  try {
    await promisify(execFile)(process.execPath, [compiler, '-p', path.join(projectFolder, project)]);
  } catch (error) {
    throw new Error(`${project}:\n${error.stdout || error.message}`);
  }
}
