// The texts of the page in the visitor's language. Each language is one file with the same fields as en.ts. English is part of the
// page's code; the others are loaded when they are needed.

import { en } from './en.js';

/** The texts of one language. */
export type Texts = typeof en;

/** Language codes, each with the name that its speakers use. */
export const languages = { en: 'English', de: 'Deutsch', es: 'Español' } as const;

/** Code of a language that the page has. */
export type Language = keyof typeof languages;

const loaders: Record<Language, () => Promise<Texts>> = {
  en: async () => en,
  de: async () => (await import('./de.js')).de,
  es: async () => (await import('./es.js')).es,
};

/** This name must stay, because visitors have stored their choice under it. */
const storageKey = 'teachable-machine language';
/** Parameter of the page's address that chooses a language, for example ?language=de. */
const parameter = 'language';

/** The texts in the current language. Read them when they are shown, not when a module is loaded. */
export let texts: Texts = en;

/** Code of the current language. */
export let language: Language = 'en';

/** Loads the texts that the visitor chose, or those of the browser's language. English is used when loading fails. */
export async function loadTexts(): Promise<void> {
  const inAddress = new URLSearchParams(location.search).get(parameter);
  const wanted = chosenLanguage(inAddress ?? storedChoice(), navigator.languages);
  try {
    texts = await loaders[wanted]();
    language = wanted;
  } catch {
    // English stays.
  }
}

/** Remembers a language for this visit and the next ones. Returns the address at which the page shows it. */
export function chooseLanguage(chosen: Language): URL {
  const address = new URL(location.href);
  address.searchParams.delete(parameter);
  try {
    localStorage.setItem(storageKey, chosen);
  } catch {
    // Without storage, the address says it.
    address.searchParams.set(parameter, chosen);
  }
  return address;
}

/** Returns the stored choice if the page has that language, else the first language of the browser that it has, else English. */
export function chosenLanguage(stored: string | null, preferred: readonly string[]): Language {
  for (const each of [stored, ...preferred]) {
    const code = each?.toLowerCase().split('-')[0] ?? '';
    if (Object.hasOwn(languages, code)) return code as Language;
  }
  return 'en';
}

function storedChoice(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}
