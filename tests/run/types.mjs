// The type checks as a suite, one test for each project.
import { typecheck, typecheckAlone } from '../../web/dev/typescript.mjs';

/**
 * Pairs of a project and the function that checks it. A project is a tsconfig file or a folder that holds a tsconfig.json.
 * web/src/entries references all parts of web/src.
 */
const projects = [
  ['web/src/entries', typecheck],
  ['web/tsconfig.demo.json', typecheck],
  ['web/demo/hosting/worker/tsconfig.json', typecheck],
  ['web/tsconfig.cli.json', typecheck],
  ['tests/types/tsconfig.json', typecheckAlone],
  ['tests/types/tfjs/tsconfig.json', typecheckAlone],
  ['tests/types/libraries/none.json', typecheckAlone],
  ['tests/types/libraries/dom.json', typecheckAlone],
  ['tests/types/libraries/worker.json', typecheckAlone],
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
