// The type-checks as a suite, one test a project. That of the package's own sources is part of the build.
import { typecheck } from '../../web/dev/typescript.mjs';

/** tsconfig files, beside those that the build checks. */
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
