// Writes the page that runs from one file: fills the player's template, which the build made, with a title and the parts.

import { encodePart, type Part } from './parts.js';

/** Values that the template leaves open. */
export interface HtmlFileContent {
  title: string;
  /** Language code of the texts. */
  language: string;
  parts: readonly Part[];
}

/** Returns the page. The template is a text with {{language}}, {{title}} and {{parts}}, each once. */
export async function writeHtmlFile(template: string, { title, language, parts }: HtmlFileContent): Promise<Blob> {
  const encoded: BlobPart[] = [];
  for (const part of parts) encoded.push(...(await encodePart(part)));
  const contents: Record<string, BlobPart[]> = {
    language: [escapeHtml(language)],
    title: [escapeHtml(title)],
    parts: encoded,
  };
  // The separators are in the result of split(): text, name, text, name, ...
  const pieces = template.split(/\{\{(language|title|parts)\}\}/);
  if (pieces.length !== 7) throw new Error("The player's template is damaged.");
  return new Blob(
    pieces.flatMap((piece, index) => (index % 2 === 0 ? [piece] : contents[piece]!)),
    { type: 'text/html' },
  );
}

/** Returns the text for use between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
