// Finds the suites, files and tests that the command line names.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fail, projectFolder } from '../../web/dev/steps.mjs';

/** Returns all test files of Node's test runner, as paths relative to the project. */
function scriptFiles() {
  return ['tests/web', 'tests/consumers'].flatMap((folder) =>
    readdirSync(join(projectFolder, folder), { recursive: true })
      .filter((name) => name.endsWith('.test.mjs') && !name.includes('node_modules'))
      .map((name) => join(folder, name))
      .sort(),
  );
}

/** Returns all sources of GoogleTest programs, as paths relative to the project. */
function cppFiles() {
  return readdirSync(join(projectFolder, 'tests/cpp'))
    .filter((name) => name.endsWith('_test.cpp'))
    .map((name) => join('tests/cpp', name))
    .sort();
}

/** Returns the kind of suite that a test file belongs to: 'cpp', 'consumers', 'soak', 'browser' or 'node'. */
function kindOf(file) {
  if (file.endsWith('.cpp')) return 'cpp';
  if (file.startsWith(join('tests', 'consumers'))) return 'consumers';
  return ['soak', 'browser'].find((kind) => basename(file).includes(`.${kind}.`)) ?? 'node';
}

/** Returns the files of a suite that runs in Node's test runner. */
export function filesOfKind(kind) {
  return scriptFiles().filter((file) => kindOf(file) === kind);
}

/** Returns `pattern` as a regular expression: a part of a name in which `*` stands for any text. */
export function toExpression(pattern) {
  return pattern
    .split('*')
    .map((part) => part.replace(/[\\^$.|?+()[\]{}/]/g, '\\$&'))
    .join('.*');
}

/** Returns `pattern` as a filter of GoogleTest, which must match the whole name. */
export function toGtestFilter(pattern) {
  return `*${pattern}*`;
}

function suggest(argument) {
  const stem = basename(argument).replace(/(\.test\.mjs|_test\.cpp|_test|\.mjs|\.cpp)$/, '');
  const similar = [...scriptFiles(), ...cppFiles()].filter((file) => stem && basename(file).includes(stem));
  return similar.length > 0 && similar.length <= 8 ? ` Did you mean ${similar.join(' or ')}?` : '';
}

function toTestFile(argument, suiteNames) {
  const file = relative(projectFolder, resolve(argument));
  if ([...scriptFiles(), ...cppFiles()].includes(file)) return file;
  if (existsSync(resolve(argument)))
    return fail(`'${argument}' is not a test file. Test files are tests/**/*.test.mjs and tests/cpp/*_test.cpp.`);
  const what = /[/.]/.test(argument) ? 'file' : 'suite';
  return fail(`There is no ${what} '${argument}'.${suggest(argument)} The suites are ${suiteNames.join(', ')}.`);
}

/**
 * Returns the suites to run, and the files of those suites that do not run as a whole.
 * @param {object} suites All suites by name, in the order in which they run.
 * @param {string[]} args Names of suites and paths of test files, in any order.
 * @param {string | undefined} filter The part of a name that tests must have.
 * @returns {{names: string[], files: Map<string, string[]>, filter: string | undefined}}
 */
export function chooseTests(suites, args, filter) {
  const known = Object.keys(suites);
  const named = args.filter((argument) => known.includes(argument));
  const testFiles = args.filter((argument) => !known.includes(argument)).map((each) => toTestFile(each, known));
  const files = new Map();
  for (const file of testFiles) {
    const fitting = known.filter((name) => suites[name].files === kindOf(file));
    const wanted = named.filter((name) => fitting.includes(name));
    if (named.length > 0 && wanted.length === 0)
      fail(`${file} belongs to ${fitting.join(', ')}, not to ${named.join(', ')}.`);
    for (const name of wanted.length > 0 ? wanted : fitting.slice(0, 1)) {
      files.set(name, [...(files.get(name) ?? []), file]);
    }
  }
  const all = args.length === 0;
  const names = known.filter((name) => (all && !suites[name].onlyNamed) || named.includes(name) || files.has(name));
  if (filter !== undefined) {
    if (args.length === 0) fail(`--filter needs a suite or a file: npm test -- node --filter='${filter}'`);
    if (filter === '') fail('--filter needs a part of a test name.');
    const whole = names.find((name) => !suites[name].filter);
    if (whole) fail(`The suite '${whole}' always runs as a whole. Leave out --filter.`);
  }
  return { names, files, filter };
}
