// Keeps the results in tests/bench/README.md, between two comments, and in the picture beside it.

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { projectFolder } from '../../../web/dev/steps.mjs';
import { toSvg } from './plot.mjs';
import { toTable } from './table.mjs';

const bench = path.join(projectFolder, 'tests/bench');
const begin = '<!-- The results of --only=rivals --keep begin here. -->';
const end = '<!-- They end here. -->';

/** Replaces the text between the two comments. */
export function replaceResults(readme, text) {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md lacks the comments '${begin}' and '${end}'.`);
  return `${readme.slice(0, from + begin.length)}\n\n${text}\n\n${readme.slice(to)}`;
}

export async function keepInReadme(results) {
  const file = path.join(bench, 'README.md');
  const readme = await readFile(file, 'utf8');
  await writeFile(file, replaceResults(readme, toTable(results)));
  await writeFile(path.join(bench, 'rivals.svg'), toSvg(results.cells));
}
