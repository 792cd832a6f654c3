// Tests that the guides are correct: their links exist, their code matches the package's types, and their JSON is valid.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { typecheck } from '../../../web/dev/typescript.mjs';
import { dataFolder, needsData, root, scratchFolder } from '../support/data.mjs';
import { anchorsOf, blocksOf, linksOf, readGuides } from './guides.mjs';

const guides = await readGuides();
const blocks = guides.flatMap(blocksOf);

test('every link in the guides leads to an existing file and heading', async () => {
  let links = 0;
  for (const guide of guides) {
    for (const target of linksOf(guide)) {
      if (/^https:/.test(target)) continue;
      links += 1;
      const [file, anchor] = target.split('#');
      const found = file === '' ? path.join(root, guide.file) : path.resolve(root, path.dirname(guide.file), file);
      assert.ok(existsSync(found), `${guide.file} links to ${target}, which isn't there`);
      if (anchor)
        assert.ok(
          anchorsOf(await readFile(found, 'utf8')).includes(anchor),
          `${guide.file} links to ${target}, but there is no such heading`,
        );
    }
  }
  assert.ok(links > 20, `only ${links} links were found`);
});

test('every guide is linked from the list of guides', async () => {
  const list = guides.find(({ file }) => file === 'web/guides/README.md');
  const linked = linksOf(list).map((target) => target.split('#')[0]);
  for (const { file } of guides) {
    if (!file.startsWith('web/guides/') || file === list.file) continue;
    assert.ok(linked.includes(path.basename(file)), `${file} is not in web/guides/README.md`);
  }
});

test('every JSON block in the guides is valid', () => {
  for (const { guide, line, language, code } of blocks) {
    if (language === 'json') assert.doesNotThrow(() => JSON.parse(code), `${guide}:${line}`);
  }
});

test("every host's configuration in the headers guide sends both headers", () => {
  const configurations = blocks.filter(({ guide, language }) => guide === 'web/guides/headers.md' && language !== 'js');
  assert.ok(configurations.length >= 7, `only ${configurations.length} were found`);
  for (const { line, code } of configurations) {
    assert.match(code, /Cross-Origin-Opener-Policy\W+(?:value\W+)?same-origin\b(?!-)/, `line ${line}`);
    assert.match(code, /Cross-Origin-Embedder-Policy\W+(?:value\W+)?require-corp\b/, `line ${line}`);
  }
});

/** Maps each import name of package.json to the file with its types. */
async function typePaths() {
  const { exports } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const typesOf = (entry) => entry?.types ?? entry?.import?.types;
  const paths = Object.entries(exports).flatMap(([name, entry]) =>
    typesOf(entry) ? [[name.replace(/^\./, 'teachable-wasm'), [path.join(root, typesOf(entry))]]] : [],
  );
  return Object.fromEntries(paths);
}

test("every code block in the guides matches the package's types", async () => {
  const folder = path.join(root, 'build/guides');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // File blocks are left out: these types don't cover service workers. A browser test runs those blocks instead.
  const checked = blocks.filter(({ language, kind }) => /^[jt]sx?$/.test(language) && kind !== 'file');
  assert.ok(checked.length > 10, `only ${checked.length} blocks were found`);
  const where = new Map();
  for (const { guide, line, code } of checked) {
    const name = `${path.basename(guide, '.md')}-${line}.ts`;
    where.set(name, { guide, line });
    await writeFile(path.join(folder, name), `${code}\nexport {};\n`);
  }
  const config = {
    extends: path.join(root, 'web/tsconfig.base.json'),
    compilerOptions: {
      lib: ['ES2023', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'],
      noEmit: true,
      // The guides are JavaScript: for example, they don't check querySelector() for null.
      strictNullChecks: false,
      exactOptionalPropertyTypes: false,
      noUncheckedIndexedAccess: false,
      noUnusedLocals: false,
      noImplicitAny: false,
      types: ['node'],
      typeRoots: [path.join(root, 'node_modules/@types')],
      paths: await typePaths(),
    },
    files: [...where.keys()],
  };
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const output = await typecheck('build/guides/tsconfig.json').then(
    () => '',
    (error) => error.message,
  );
  const errors = output.replace(/^(?:.*\/)?([\w-]+\.ts)\((\d+),(\d+)\)/gm, (all, name, row, column) =>
    where.has(name) ? `${where.get(name).guide}:${where.get(name).line + Number(row) - 1}:${column}` : all,
  );
  assert.equal(errors, '');
});

test('every code block for Node in the guides runs', { ...needsData, timeout: 60_000 }, async (t) => {
  const found = blocks.filter(({ kind }) => kind === 'node');
  assert.ok(found.length > 0);
  const folder = await scratchFolder(t);
  await mkdir(path.join(folder, 'node_modules'));
  await symlink(root, path.join(folder, 'node_modules/teachable-wasm'));
  await copyFile(path.join(dataFolder, 'images/coffee.jpg'), path.join(folder, 'photo.jpg'));
  for (const { guide, line, code } of found) {
    const file = path.join(folder, `${path.basename(guide, '.md')}-${line}.mjs`);
    await writeFile(file, code);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    assert.match(stdout, /espresso|cup/, `${guide}:${line}`);
  }
});
