// The formatter and the linter of the project.
//
//   node tests/run/format.mjs    formats all TypeScript, JavaScript, CSS and C++ files in place
//
// Biome formats and lints TypeScript, JavaScript and CSS (biome.json). clang-format formats C++ (.clang-format). Its version is
// fixed, because each version formats a little differently.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNodePackages } from '../../web/dev/npm.mjs';
import { fail, main, projectFolder, run } from '../../web/dev/steps.mjs';

const clangFormatVersion = 19;
const advice = 'Run `npm run format`.';

/** Returns all C and C++ files of the project, as paths relative to its folder. */
function cppFiles() {
  return ['cpp', 'tests'].flatMap((folder) =>
    readdirSync(join(projectFolder, folder), { recursive: true })
      .filter((name) => /\.(c|cc|cpp|h)$/.test(name))
      .map((name) => join(folder, name)),
  );
}

/** Returns the command that runs clang-format in the version of the project, or null when it is not installed. */
export function findClangFormat() {
  return (
    [`clang-format-${clangFormatVersion}`, 'clang-format'].find((command) => {
      const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
      return new RegExp(`version ${clangFormatVersion}\\.`).test(stdout ?? '');
    }) ?? null
  );
}

const missingClangFormat = `clang-format ${clangFormatVersion} is not installed. On Debian, \`npm run setup\` installs it.`;

function runBiome(args) {
  const biome = join(projectFolder, 'node_modules/@biomejs/biome/bin/biome');
  return run(process.execPath, [biome, ...args], { allowFailure: true });
}

/** Returns Biome's findings in all files, as a suite's result with one failure for each file. */
async function runBiomeOnAll(command, hint) {
  const ended = await runBiome([command, '--error-on-warnings', '--reporter=json', '--max-diagnostics=none']);
  const start = ended.output.indexOf('{"summary"');
  if (start < 0) {
    return { passed: 0, failed: [{ name: `biome ${command}`, output: ended.everything }], skipped: [] };
  }
  const { summary, diagnostics } = JSON.parse(ended.output.slice(start));
  const found = new Map();
  for (const { message, category, location } of diagnostics.filter(({ severity }) => severity !== 'information')) {
    const { path = 'biome', start: at } = location ?? {};
    const text =
      category === 'format' ? 'The file is not formatted.' : `${at?.line}:${at?.column} ${category}: ${message}`;
    found.set(path, [...(found.get(path) ?? []), text]);
  }
  const failed = [...found].map(([name, texts]) => ({ name, output: [...texts, hint].join('\n') }));
  if (failed.length === 0 && ended.status !== 0) failed.push({ name: `biome ${command}`, output: ended.everything });
  return { passed: summary.changed + summary.unchanged - found.size, failed, skipped: [] };
}

/** Lints all TypeScript, JavaScript and CSS files. */
export function lintScripts() {
  return runBiomeOnAll('lint', '`npm run lint` prints all findings with the code around them.');
}

async function checkCppFormat() {
  const command = findClangFormat();
  if (!command) return { passed: 0, failed: [], skipped: [{ name: 'C++', reason: missingClangFormat }] };
  const files = cppFiles();
  const ended = await run(command, ['--dry-run', '-Werror', '--ferror-limit=1', ...files], { allowFailure: true });
  // A file is reported by the path it was passed as, followed by line and column.
  const wrong = files.filter((file) => `\n${ended.everything}`.includes(`\n${file}:`));
  const failed = wrong.map((name) => ({ name, output: `The file is not formatted.\n${advice}` }));
  if (failed.length === 0 && ended.status !== 0) failed.push({ name: command, output: ended.everything });
  return { passed: files.length - wrong.length, failed, skipped: [] };
}

/** Checks that all files are formatted and that Biome's linter finds nothing. */
export async function checkFormat() {
  const [scripts, cpp] = await Promise.all([runBiomeOnAll('check', advice), checkCppFormat()]);
  return {
    passed: scripts.passed + cpp.passed,
    failed: [...scripts.failed, ...cpp.failed],
    skipped: [...scripts.skipped, ...cpp.skipped],
  };
}

/** Formats all files in place and applies the linter's safe fixes. */
async function format() {
  await installNodePackages();
  const biome = await runBiome(['check', '--write', '--error-on-warnings', '--max-diagnostics=100']);
  console.log(biome.everything.trim());
  const command = findClangFormat();
  if (!command) fail(`The C++ files were not formatted: ${missingClangFormat}`);
  const files = cppFiles();
  await run(command, ['-i', ...files]);
  console.log(`Formatted ${files.length} C++ files.`);
  if (biome.status !== 0) fail('Biome found something that it cannot fix by itself. See above.');
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main(format);
