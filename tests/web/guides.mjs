// The guides, as their tests read them: fenced code, links, headings.
//
// A comment right above a block, which readers don't see, says how it runs:
//   <!-- page: HTML -->   in a browser, on a page with this body
//   <!-- file: NAME -->   it is a file of that name beside the page
//   <!-- node -->         in Node
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './data.mjs';

/**
 * @typedef {object} Block
 * @property {string} guide path from the project's folder
 * @property {number} line of the code's first line
 * @property {string} language as the fence names it, '' for none
 * @property {string} code
 * @property {'page' | 'file' | 'node' | undefined} kind
 * @property {string} value what follows the kind's colon
 */

/** @returns {Promise<{file: string, text: string}[]>} every guide and the README; paths from the project's folder */
export async function readGuides() {
  const folder = 'web/guides';
  const names = (await readdir(path.join(root, folder)))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
  return Promise.all(
    ['README.md', ...names].map(async (file) => ({ file, text: await readFile(path.join(root, file), 'utf8') })),
  );
}

/** @returns {Block[]} */
export function blocksOf({ file, text }) {
  const fence = /(?:^<!-- (page|file|node)(?:: (.*?))? -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm;
  return Array.from(text.matchAll(fence), (match) => {
    const [all, kind, value = '', language, code] = match;
    const line = text.slice(0, match.index + all.indexOf('```')).split('\n').length + 1;
    return { guide: file, line, language, code, kind, value };
  });
}

/** Targets of links and pictures, without those in code. */
export function linksOf({ text }) {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target);
}

/** Names by which a heading is linked, as the usual Markdown hosts make them. */
export function anchorsOf(text) {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  return Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
