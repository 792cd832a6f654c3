// Goes from a fresh clone to the page in a browser: npm start [-- --port=8080]
//
// The page is served as soon as the variant `simd` is built, which runs in every supported browser. The other variants,
// which are faster, follow while the server runs. Until a variant is built, the server answers 404 for its files, and
// the package falls back to the next simpler variant by itself.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchDefault } from '../../models/fetch.mjs';
import { bareModulesStep, bundle, bundleStep, downloadLists, variantStep } from './build.mjs';
import { buildVariant } from './cmake.mjs';
import { serve } from './serve.mjs';
import { Failure, main, print, projectFolder, runLists, Steps } from './steps.mjs';

const firstVariant = 'simd';
/** Current Chromium and Firefox choose the first of these on this server. */
const laterVariants = ['relaxed-threads', 'relaxed', 'simd-threads'];

/** Checking variants that are up to date takes less time than this. The page then has the fastest variant at once. */
const upToDateMs = 10_000;

/** The variants that the server offers: one at the start, more as they are built. */
export class LaterBuilds {
  /** Names of the variants that are built. */
  ready;
  #build;
  #bundle;
  #sumOf;
  #bundling = Promise.resolve();

  /**
   * @param {object} options
   * @param {string[]} options.ready Variants that are built already.
   * @param {(variant: string, report: (text: string) => void) => Promise<void>} options.build Builds a variant.
   * @param {() => Promise<void>} options.bundle Writes the package's other files anew; they hold checksums of the variants.
   * @param {(variant: string) => Promise<string>} options.sumOf Checksum of a variant's file.
   */
  constructor({ ready, build, bundle, sumOf }) {
    this.ready = new Set(ready);
    this.#build = build;
    this.#bundle = bundle;
    this.#sumOf = sumOf;
  }

  /** Builds variants one by one. A failure is printed and doesn't stop the others. Returns the variants that failed. */
  async run(variants) {
    const failed = [];
    const steps = new Steps(variants.length);
    for (const variant of variants) {
      try {
        await steps.step(variantStep(variant)[0], async (report) => {
          const before = await this.#sumOf(variant);
          await this.#build(variant, report);
          if ((await this.#sumOf(variant)) !== before) {
            this.#bundling = this.#bundle();
            await this.#bundling;
          }
        });
        this.ready.add(variant);
      } catch (error) {
        failed.push(variant);
        print(error instanceof Failure ? error.message : error.stack, process.stderr);
      }
    }
    return failed;
  }

  /** Answers 404 for variants that aren't ready. Their files may be half written or of an earlier version. */
  answer(request, response) {
    const variant = /^\/lib\/wasm\/((?:simd|relaxed)(?:-threads)?)\//.exec(request.url)?.[1];
    if (!variant || this.ready.has(variant)) return false;
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
    response.end(`404 The variant ${variant} is not built yet\n`);
    return true;
  }

  /** Resolves when no bundling is going on: a page must not get files of two bundles. */
  async untilBundled() {
    await this.#bundling.catch(() => {}); // run() prints the error
  }
}

async function sumOf(variant) {
  const path = join(projectFolder, 'web/dist/wasm', variant, 'teachable.wasm');
  const bytes = await readFile(path).catch(() => '');
  return createHash('sha256').update(bytes).digest('hex');
}

const counts = ['No', 'One', 'Two', 'Three'];

async function start(port) {
  await setup({ alongside: downloadLists() });
  await fetchDefault().catch((error) => {
    throw new Failure(error.message);
  });
  await runLists([[variantStep(firstVariant)], [bareModulesStep]], [bundleStep]);

  const builds = new LaterBuilds({ ready: [firstVariant], build: buildVariant, bundle, sumOf });
  const running = builds.run(laterVariants);
  const isUpToDate = await Promise.race([running.then(() => true), sleep(upToDateMs, false)]);
  const { url } = await serve({
    port,
    before: (request, response) => builds.answer(request, response),
    until: () => builds.untilBundled(),
  });
  print(`\nThe page is at ${url} (press Ctrl+C to stop the server).`);
  const missing = laterVariants.filter((variant) => !builds.ready.has(variant));
  if (!isUpToDate) {
    const what =
      missing.length === 1 ? 'more build for other browsers follows' : 'more builds for other browsers follow';
    print(`${counts[missing.length]} ${what}: ${missing.join(', ')}. Reload the page to use a new one.\n`);
  }
  const failed = await running;
  if (failed.length > 0) {
    print(
      `\nThe build of ${failed.join(', ')} failed, see above. The page still runs with ${[...builds.ready].join(', ')}. ` +
        "Correct the error, stop the server and run 'npm start' again.",
      process.stderr,
    );
  } else if (!isUpToDate) {
    print('\nAll builds are ready. Reload the page to use the fastest one that your browser can run.');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
    await start(Number(values.port));
  });
}
