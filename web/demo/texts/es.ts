// The texts of the page in Spanish. Sections follow the parts of the page.

import type { Texts } from './texts.js';
export const es: Texts = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {},
  outputs: {},
  see: { mapTitle: 'Mapa de los ejemplos' },
  projects: {},
  takeaway: { title: 'Llévatelo' },
  recording: { title: 'Opciones de grabación' },
};
