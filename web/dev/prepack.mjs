// Before `npm pack` and `npm publish`: builds all that the package holds, its default model included.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchModel } from '../../models/fetch.mjs';
import { buildSteps, runSteps } from './build.mjs';
import { fail, main, projectFolder } from './steps.mjs';

await main(async () => {
  // Standard output is npm's, for the name of what it packs.
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const { default: id } = JSON.parse(readFileSync(path.join(projectFolder, 'models/catalog.json'), 'utf8'));
  const missing = await fetchModel(id).then(() => undefined, (error) => error.message);
  if (missing && process.env.TEACHABLE_PACK_WITHOUT_MODEL !== '1') {
    fail(
      `The package would be without its default model: ${missing} ` +
        'Name a folder that has it in TEACHABLE_MODELS, or set TEACHABLE_PACK_WITHOUT_MODEL=1 to pack without it.',
    );
  }
  await setup();
  await runSteps(buildSteps());
});
