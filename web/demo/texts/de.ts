// The texts of the page in German. Sections follow the parts of the page.

import type { Texts } from './texts.js';
export const de: Texts = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {},
  outputs: {},
  see: { mapTitle: 'Karte der Beispiele' },
  projects: {},
  takeaway: { title: 'Mitnehmen' },
  recording: { title: 'Aufnahme einstellen' },
};
