// Reads the guides for their tests: fenced code blocks, links and headings.
//
// A comment directly above a code block, invisible to readers, says how the block runs:
//   <!-- page: HTML -->   in a browser, on a page with this body
//   <!-- file: NAME -->   as a file of this name in the page's folder
//   <!-- node -->         in Node
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../support/data.mjs';

/**
 * @typedef {object} Block
 * @property {string} guide Path of the guide, relative to the project's folder.
 * @property {number} line Line number of the code's first line.
 * @property {string} language Language of the fence, '' for none.
 * @property {string} code
 * @property {'page' | 'file' | 'node' | undefined} kind
 * @property {string} value Text after the kind's colon.
 */

/**
 * Reads every guide and the README. Paths are relative to the project's folder.
 * @returns {Promise<{file: string, text: string}[]>}
 */
export async function readGuides() {
  const folder = 'web/guides';
  const names = (await readdir(path.join(root, folder)))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
  return Promise.all(
    ['README.md', ...names].map(async (file) => ({ file, text: await readFile(path.join(root, file), 'utf8') })),
  );
}

/** Returns the code blocks of a guide. @returns {Block[]} */
export function blocksOf({ file, text }) {
  const fence = /(?:^<!-- (page|file|node)(?:: (.*?))? -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm;
  return Array.from(text.matchAll(fence), (match) => {
    const [all, kind, value = '', language, code] = match;
    const line = text.slice(0, match.index + all.indexOf('```')).split('\n').length + 1;
    return { guide: file, line, language, code, kind, value };
  });
}

/** Returns the targets of links and pictures, except those in code. */
export function linksOf({ text }) {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target);
}

/** Returns the anchors of the headings, as the usual Markdown hosts name them. */
export function anchorsOf(text) {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  return Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
