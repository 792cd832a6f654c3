// Fills the texts into the elements of index.html that name them.

import { texts } from './texts.js';

/** Attribute that names a text -> what the text becomes. */
const targets: Record<string, (element: Element, text: string) => void> = {
  'data-text': (element, text) => void (element.textContent = text),
  'data-text-label': (element, text) => element.setAttribute('aria-label', text),
  'data-text-title': (element, text) => element.setAttribute('title', text),
};

/** Fills the texts into `root` and all elements in it. */
export function fillTexts(root: ParentNode): void {
  for (const [attribute, fill] of Object.entries(targets)) {
    for (const element of root.querySelectorAll(`[${attribute}]`))
      fill(element, textOf(element.getAttribute(attribute)!));
  }
}

/** Returns the text with a name such as 'page.title'. */
function textOf(name: string): string {
  let found: unknown = texts;
  for (const part of name.split('.')) found = (found as Record<string, unknown>)[part];
  if (typeof found !== 'string') throw new Error(`There is no text '${name}'.`);
  return found;
}
