// The type checks as a suite, one test for each project. The build itself checks the page's side of the package.
import { typecheck } from '../../web/dev/typescript.mjs';

/** The tsconfig files that the build does not check. */
const projects = [
  'web/tsconfig.worker.json',
  'web/tsconfig.demo.json',
  'web/tsconfig.cli.json',
  'tests/types/tsconfig.json',
  'tests/types/tfjs/tsconfig.json',
];

export async function checkTypes() {
  const result = { passed: 0, failed: [], skipped: [] };
  for (const project of projects) {
    await typecheck(project).then(
      () => result.passed++,
      (error) => result.failed.push({ name: project, output: error.message }),
    );
  }
  return result;
}
