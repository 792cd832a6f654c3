// The type checks as a suite, one test for each project.
import { typecheck, typecheckAlone } from '../../web/dev/typescript.mjs';

/** tsconfig files, or folders that hold a tsconfig.json, and how they are checked. web/src/entries references all rooms of web/src. */
const projects = [
  ['web/src/entries', typecheck],
  ['web/tsconfig.demo.json', typecheck],
  ['web/tsconfig.cli.json', typecheck],
  ['tests/types/tsconfig.json', typecheckAlone],
  ['tests/types/tfjs/tsconfig.json', typecheckAlone],
];

export async function checkTypes() {
  const result = { passed: 0, failed: [], skipped: [] };
  for (const [project, check] of projects) {
    await check(project).then(
      () => result.passed++,
      (error) => result.failed.push({ name: project, output: error.message }),
    );
  }
  return result;
}
