// The choice of the page's language.

import { byId } from '../dom/elements.js';
import { loadAt } from '../dom/load-at.js';
import { chooseLanguage, type Language, language, languages } from '../texts/texts.js';

/** Fills the list of languages. `onLeave` is awaited before the page is loaded again in the chosen one. */
export function showLanguageChoice(onLeave: () => Promise<unknown>): void {
  const list = byId<HTMLSelectElement>('language');
  for (const [code, name] of Object.entries(languages)) {
    const option = new Option(name, code, code === language, code === language);
    option.lang = code;
    list.append(option);
  }
  list.addEventListener('change', async () => {
    const address = chooseLanguage(list.value as Language);
    await onLeave();
    // Every text of the page was read when its part was made, so the page starts again. Camera and undo steps end with it.
    loadAt(address);
  });
}
