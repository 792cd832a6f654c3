// Builds the package and the page: node web/dev/build.mjs [variant...], all variants unless some are named.
import { fileURLToPath } from 'node:url';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchDefault } from '../../models/fetch.mjs';
import { bareModules, buildPreset, wasmVariants } from './cmake.mjs';
import { installNodePackages, needsNodePackages } from './npm.mjs';
import { Failure, fail, main, Steps } from './steps.mjs';

/** Steps as [title, work] pairs, so that other commands can make them part of theirs. */
export function buildSteps(variants = wasmVariants) {
  return [
    ...(needsNodePackages() ? [['Node packages', installNodePackages]] : []),
    ...variants.map((variant) => [
      `WebAssembly, variant ${variant}`,
      (report) => buildPreset(variant, ['teachable'], report),
    ]),
    ...(variants.length > 0
      ? [
          [
            'WebAssembly, decoder and converter',
            (report) => buildPreset(bareModules.preset, bareModules.targets, report),
          ],
        ]
      : []),
    ['Model', fetchModel],
    ['TypeScript', bundle],
  ];
}

/** The package can be built without a model; who needs one says so. */
async function fetchModel() {
  await fetchDefault({ log: (line) => console.log(`     ${line}`) }).catch((error) =>
    console.log(`     ${error.message}`),
  );
}

async function bundle() {
  const module = await import('./bundle.mjs'); // here and not above: it needs the Node packages
  await module.bundle().catch((error) => {
    throw new Failure(error.message);
  });
}

export async function runSteps(list) {
  const steps = new Steps(list.length);
  for (const [title, work] of list) await steps.step(title, work);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const variants = process.argv.slice(2);
    const unknown = variants.find((name) => !wasmVariants.includes(name));
    if (unknown) fail(`There is no variant '${unknown}'; there are ${wasmVariants.join(', ')}.`);
    await setup();
    await runSteps(buildSteps(variants.length > 0 ? variants : undefined));
    console.log('Built: the package in web/dist, the page in web/site.');
  });
}
