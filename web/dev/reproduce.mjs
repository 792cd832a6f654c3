// Builds and packs the last commit twice, in two folders and without a cache, and compares the packages byte by byte.
//
//   node web/dev/reproduce.mjs [variant...]     default: all variants, as in a release. This compiles everything twice.
//
// It prints the checksum that a package of this commit must have when it is built with the same tools.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup, toolchain } from '../../cpp/third_party/setup.mjs';
import { filesFolder } from '../../models/fetch.mjs';
import { wasmVariants } from './cmake.mjs';
import { setFileModes } from './file-modes.mjs';
import { installNodePackages } from './npm.mjs';
import { fail, main, projectFolder, run, Steps } from './steps.mjs';

const sumOf = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/**
 * Packs a built project as `npm publish` would.
 * @returns {Promise<{tarball: string, files: Record<string, string>}>} SHA-256 of the tarball, and permissions and SHA-256 of each file.
 */
export async function packAndSum(project) {
  setFileModes(project);
  const name = (await run('npm', ['pack', '--ignore-scripts', '--silent'], { cwd: project })).trim();
  const folder = path.join(project, 'unpacked');
  mkdirSync(folder);
  await run('tar', ['-xzf', path.join(project, name), '-C', folder]);
  const files = {};
  for (const entry of readdirSync(folder, { recursive: true }).sort()) {
    const file = path.join(folder, entry);
    if (statSync(file).isFile()) files[entry] = `${(statSync(file).mode & 0o777).toString(8)} ${sumOf(file)}`;
  }
  return { tarball: sumOf(path.join(project, name)), files };
}

/** Returns the names of the files that two packages don't share or that differ. */
export function differencesOf(one, other) {
  return Object.keys({ ...one.files, ...other.files }).filter((name) => one.files[name] !== other.files[name]);
}

async function buildAt(folder, variants, env, report) {
  mkdirSync(folder, { recursive: true });
  const archive = path.join(folder, '../sources.tar');
  await run('git', ['archive', `--output=${archive}`, 'HEAD']);
  await run('tar', ['-xf', archive, '-C', folder]);
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  const all = { ...env, CCACHE_DISABLE: '1', TEACHABLE_TOOLCHAIN: toolchain, TEACHABLE_MODEL_FILES: filesFolder };
  const onLine = (line) => report(line.trim().slice(0, 60));
  await run(process.execPath, ['web/dev/build.mjs', ...variants], { cwd: folder, env: all, onLine });
  return packAndSum(folder);
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const variants = process.argv.slice(2);
    const unknown = variants.find((name) => !wasmVariants.includes(name));
    if (unknown) fail(`Unknown variant '${unknown}'. Variants: ${wasmVariants.join(', ')}.`);
    await setup();
    await installNodePackages();
    const folder = mkdtempSync(path.join(tmpdir(), 'teachable-reproduce-'));
    try {
      const steps = new Steps(2);
      const places = [
        ['one', { TZ: 'UTC', LC_ALL: 'C' }],
        ['another/much/longer/path', { TZ: 'Asia/Kathmandu', LC_ALL: 'C.UTF-8' }],
      ];
      const results = [];
      for (const [name, env] of places)
        results.push(
          await steps.step(`Building and packing in ${name}`, (report) =>
            buildAt(path.join(folder, name), variants, env, report),
          ),
        );
      const differing = differencesOf(...results);
      if (differing.length > 0) fail(`Files that differ between the two builds:\n  ${differing.join('\n  ')}`);
      if (results[0].tarball !== results[1].tarball) fail('The files are the same, but the tarballs differ.');
      console.log(`Both builds gave the same ${Object.keys(results[0].files).length} files. SHA-256 of the package:`);
      console.log(results[0].tarball);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
