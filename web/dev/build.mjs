// Builds the package in web/dist and the page in web/site.
//
//   node web/dev/build.mjs [variant...]     default: all variants
import { fileURLToPath } from 'node:url';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchDefault } from '../../models/fetch.mjs';
import { buildBareModules, buildVariant, wasmVariants } from './cmake.mjs';
import { installNodePackages, needsNodePackages } from './npm.mjs';
import { Failure, fail, main, print, Steps } from './steps.mjs';

/** Step that builds one variant, as a [title, work] pair. */
export const variantStep = (variant) => [`WebAssembly, variant ${variant}`, (report) => buildVariant(variant, report)];

/** Step that builds the picture decoder and the model converter. */
export const bareModulesStep = ['WebAssembly, decoder and converter', (report) => buildBareModules(report)];

/** Step that bundles the TypeScript sources. It needs the Node packages and the model. */
export const bundleStep = ['TypeScript', bundle];

/** Lists of steps that need no toolchain, so that setup() can run them while it downloads. */
export function downloadLists() {
  return [needsNodePackages() ? [['Node packages', installNodePackages]] : [], [['Model', fetchModel]]];
}

/** All steps of a build that follow the set-up and the Node packages, in order. Other commands add steps of their own. */
export function buildSteps(variants = wasmVariants) {
  return [
    ...variants.map(variantStep),
    ...(variants.length > 0 ? [bareModulesStep] : []),
    ['Model', fetchModel],
    bundleStep,
  ];
}

/** The package can be built without a model. Commands that need one report it themselves. */
async function fetchModel() {
  const log = (line) => print(`     ${line}`);
  await fetchDefault({ log }).catch((error) => log(error.message));
}

export async function bundle() {
  const module = await import('./bundle.mjs'); // imported here, because it needs the Node packages
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
    if (unknown) fail(`Unknown variant '${unknown}'. Variants: ${wasmVariants.join(', ')}.`);
    await setup({ alongside: downloadLists() });
    await runSteps([...(variants.length > 0 ? variants : wasmVariants).map(variantStep), bareModulesStep, bundleStep]);
    console.log('The package is in web/dist and the page in web/site.');
  });
}
