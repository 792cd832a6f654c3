// The texts of the page in German. Sections follow the parts of the page.

import type { Texts } from './texts.js';
export const de: Texts = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {},
  outputs: {},
  see: { mapTitle: 'Karte der Beispiele' },
  projects: {
    unnamed: 'Mein Projekt',
    button: (name: string) => `Projekt ${name}. Alle Projekte zeigen`,
    title: 'Projekte',
    name: 'Name dieses Projekts',
    list: 'Deine Projekte, das zuletzt geöffnete zuerst',
    openNow: 'Jetzt geöffnet',
    openedAt: (date: string) => `Geöffnet am ${date}`,
    neverOpened: 'Noch nicht geöffnet',
    create: 'Neues Projekt',
    duplicate: 'Kopieren',
    remove: 'Löschen',
    copyOf: (name: string) => `${name} (Kopie)`,
    newName: 'Projekt 2',
    deletedTitle: 'Gelöschte Projekte',
    deletedHint: (days: number) => `Nach ${days} Tagen werden sie endgültig entfernt.`,
    restore: 'Wiederherstellen',
    restoreNamed: (name: string) => `${name} wiederherstellen`,
    removeForGood: 'Endgültig entfernen',
    removeForGoodNamed: (name: string) => `${name} endgültig entfernen`,
    removeQuestion: (name: string) =>
      `Das Projekt ${name} mit allen Beispielen entfernen? Das lässt sich nicht rückgängig machen.`,
    deleted: (name: string) => `Das Projekt ${name} ist gelöscht.`,
    undo: 'Rückgängig',
    opening: (name: string) => `Das Projekt ${name} wird geöffnet …`,
    leaveQuestion:
      'Die letzten Änderungen dieses Projekts sind nicht in diesem Browser gespeichert. Das andere Projekt öffnen und sie verlieren?',
    leave: 'Öffnen und Änderungen verlieren',
    isOpenElsewhere: (name: string) => `${name} ist in einem anderen Tab geöffnet. Schließe zuerst diesen Tab.`,
    unsaved:
      'Nicht gespeichert: Name und Einstellungen dieses Projekts. Du kannst weitermachen; die Seite versucht es wieder.',
    unsavedQuota:
      'Nicht gespeichert: Name und Einstellungen dieses Projekts. Der Browser hat keinen Platz mehr. Du kannst weitermachen; die Seite versucht es wieder.',
    otherTab: 'Dieses Projekt ist auch in einem anderen Tab geöffnet. Jener Tab speichert Name und Einstellungen.',
    conflict:
      'Ein anderer Tab hat Name oder Einstellungen dieses Projekts geändert. Die Änderungen dieses Tabs sind nicht gespeichert. Lade die Seite neu, um die anderen zu bekommen.',
    newer:
      'Eine neuere Version dieser Seite hat die Einstellungen dieses Projekts gespeichert. Änderungen daran werden nicht gespeichert. Lade die Seite neu, um sie zu bekommen.',
    damaged: (parts: string) =>
      `Die gespeicherten Einstellungen dieses Projekts waren beschädigt: ${parts}. Was lesbar war, ist wieder da, und deine Beispiele sind nicht betroffen. Die beschädigten Daten sind aufbewahrt.`,
    damagedParts: {
      record: 'alles',
      name: 'der Name',
      settings: 'einige Einstellungen',
      classes: 'Einstellungen von Klassen',
      order: 'die Reihenfolge der Klassen',
    },
    saveDamaged: 'Beschädigte Daten in eine Datei speichern',
    discardDamaged: 'Wegwerfen',
    failed: (reason: string) => `Das hat nicht geklappt: ${reason} Es wurde nichts geändert.`,
    noSpace: 'Der Browser hat keinen Platz mehr.',
    notStored: 'Der Browser speichert hier keine Projekte.',
    files: 'Bilder und Dateien',
    importZip: 'Eine .zip- oder .tm-Datei öffnen',
    importFolder: 'Einen Ordner mit Bildern öffnen',
    importHint:
      'Ordner sind Klassen. Archive der Teachable Machine gehen auch. Du kannst sie auch auf die Seite ziehen.',
    exportPictures: 'Bilder als .zip speichern',
    exportAll: 'Alle Projekte exportieren',
    noPictures: 'Es gibt noch keine Bilder zum Speichern.',
    exportedPictures: (count: number, without: number) =>
      `${count} ${count === 1 ? 'Bild' : 'Bilder'} gespeichert, ein Ordner pro Klasse.${without > 0 ? ` ${without} ${without === 1 ? 'Beispiel hat' : 'Beispiele haben'} kein Bild.` : ''}`,
    exportedAll: (count: number) =>
      `${count} ${count === 1 ? 'Projekt' : 'Projekte'} in eine Datei gespeichert. Öffne sie hier, um sie zurückzubekommen.`,
    imported: (names: string, damaged: number) =>
      `Hinzugefügt: ${names}. Du findest sie in der Liste der Projekte.${damaged > 0 ? ` Nicht lesbare Teile: ${damaged}.` : ''}`,
    reading: (name: string) => `${name} wird gelesen …`,
    adding: (number: number, total: number) => `Bild ${number} von ${total} wird hinzugefügt.`,
    stop: 'Anhalten',
    progress: 'Hinzugefügte Bilder',
    added: (count: number, total: number, classes: string) => `${count} von ${total} Bildern hinzugefügt: ${classes}.`,
    addedNone: 'Es wurde kein Bild hinzugefügt.',
    stopped: (count: number) =>
      `Angehalten. ${count} ${count === 1 ? 'Bild wurde' : 'Bilder wurden'} hinzugefügt. Rückgängig entfernt sie.`,
    undoImport: (name: string) => `Öffnen von ${name}`,
    skipped: (count: number, total: number) => `${count} von ${total} Dateien übersprungen.`,
    andMore: (list: string, count: number) => `${list} und ${count} weitere`,
    notPicture: 'Das ist kein Bild.',
    beside: 'Es liegt neben den Ordnern der Klassen, deshalb ist seine Klasse unbekannt.',
    unreadable: 'Es konnte nicht gelesen werden.',
    tooManyFiles: (count: number) => `Es sind zu viele Dateien. Nur die ersten ${count} wurden gelesen.`,
    tooManyClasses: (count: number) => `Das Projekt hätte mehr als ${count} Klassen.`,
    noFiles: (name: string) => `${name} enthält keine Bilder.`,
    zip: {
      'not-zip': 'Das ist keine Zip-Datei, oder ihr Ende fehlt.',
      damaged: 'Das Archiv ist hier beschädigt.',
      zip64: 'Archive im Format zip64, für mehr als 4 GB, gehen nicht. Mache mehrere kleinere.',
      encrypted: 'Es braucht ein Passwort. Mache ein Archiv ohne Passwort.',
      method: 'Es ist so komprimiert, dass Browser es nicht lesen können. Mache eine gewöhnliche Zip-Datei.',
      split: 'Es ist ein Teil eines Archivs aus mehreren Dateien. Mache ein Archiv aus einer Datei.',
      'too-many': 'Es enthält zu viele Dateien. Mache mehrere kleinere Archive.',
      'too-large': 'Es ist zu groß. Mache ein kleineres.',
      'no-inflate': 'Dieser Browser kann keine komprimierten Archive lesen. Entpacke es und wähle den Ordner.',
    },
    keepFull: 'Ganze Bilder behalten',
    keepFullHint: (small: string, full: string) =>
      `Behält von jedem neuen Beispiel das ganze Bild (bis 640 Pixel, etwa ${full}), nicht nur, was das Netz sieht (etwa ${small}). Das hilft, wenn du die Bilder anderswo verwenden willst.`,
    pictureSize: (count: number, size: string) => `Bilder dieses Projekts: ${count}, zusammen ${size}.`,
    storage: (used: string, quota: string) => `Alle gespeicherten Daten dieser Seite: ${used} von ${quota}.`,
  },
  takeaway: { title: 'Mitnehmen' },
  recording: { title: 'Aufnahme einstellen' },
};
