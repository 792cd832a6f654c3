// The texts of the page in German. Sections follow the parts of the page.

import type { Texts } from './texts.js';
export const de: Texts = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {
    cores: 'Alle Kerne nutzen',
    coresTitle: 'Erkennt schneller. Die Seite speichert deine Beispiele und lädt einmal neu.',
    coresFailed: 'Dieser Browser lässt die Seite nicht alle Kerne nutzen. Sie läuft mit einem weiter.',
    saving: 'Deine Beispiele werden gespeichert …',
    notSaved:
      'Deine Beispiele sind in diesem Browser nicht gespeichert. Speichere sie in einer Datei und lade die Seite dann selbst neu.',
    offline: 'Läuft ohne Internet',
    offlineTitle: 'Die Seite, ihr Netz und deine Beispiele sind in diesem Browser gespeichert.',
    update: 'Eine neue Version ist bereit.',
    reload: 'Neu laden',
  },
  outputs: {},
  see: { mapTitle: 'Karte der Beispiele' },
  projects: {},
  takeaway: { title: 'Mitnehmen' },
  recording: { title: 'Aufnahme einstellen' },
};
