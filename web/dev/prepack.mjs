// Before `npm pack` and `npm publish`: builds all that the package holds, its default model included.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchModel } from '../../models/fetch.mjs';
import { buildSteps, runSteps } from './build.mjs';
import { fail, main, projectFolder } from './steps.mjs';

/** Fetches the default model, or throws a Failure that says why it can't be had. `options` are fetchModel()'s. */
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
    // Standard output is npm's, for the name of what it packs.
    process.stdout.write = process.stderr.write.bind(process.stderr);
    await requireModel();
    await setup();
    await runSteps(buildSteps());
  });
}
