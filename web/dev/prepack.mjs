// Runs before `npm pack` and `npm publish`. Builds everything that the package holds, with its default model.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchModel } from '../../models/fetch.mjs';
import { bareModulesStep, bundleStep, downloadLists, runSteps, variantStep } from './build.mjs';
import { wasmVariants } from './cmake.mjs';
import { setFileModes } from './file-modes.mjs';
import { fail, main, projectFolder } from './steps.mjs';

/** Fetches the default model. Throws a Failure that says why no source has it. `options` are those of fetchModel(). */
export async function requireModel(env = process.env, options = {}) {
  const { default: id } = JSON.parse(readFileSync(path.join(projectFolder, 'models/catalog.json'), 'utf8'));
  const missing = await fetchModel(id, options).then(
    () => undefined,
    (error) => error.message,
  );
  if (missing && env.TEACHABLE_PACK_WITHOUT_MODEL !== '1') {
    fail(
      `The package would be without its default model: ${missing} ` +
        'Name a folder that has it in TEACHABLE_MODELS, or set TEACHABLE_PACK_WITHOUT_MODEL=1 to pack without it.',
    );
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    // npm writes the name of the packed file to standard output, so the steps go to standard error.
    process.stdout.write = process.stderr.write.bind(process.stderr);
    await requireModel();
    await setup({ alongside: downloadLists() });
    await runSteps([...wasmVariants.map(variantStep), bareModulesStep, bundleStep]);
    setFileModes(projectFolder);
  });
}
