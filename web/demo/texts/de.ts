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
  takeaway: {
    title: 'Mitnehmen',
    fileTitle: 'Eine Datei, die überall läuft',
    fileAbout:
      'Eine Seite mit dem Netz und dem, was es aus deinen Beispielen gelernt hat. Ein Doppelklick öffnet sie, auch ohne Verbindung. Bilder deiner Beispiele sind nicht darin.',
    fileSize: (size) => `Die Datei hat etwa ${size}.`,
    fileCamera:
      'Die Kamera geht in Chrome, Edge und Firefox; sie fragen jedes Mal. In Safari zeigt die Datei nur Bilder, außer sie liegt auf einem Webserver.',
    download: 'Als eine HTML-Datei herunterladen',
    downloading: 'Die Datei wird geschrieben',
    downloaded: (name) => `Gespeichert als ${name}. Ein Doppelklick öffnet sie.`,
    needsExamples: 'Gib deinen Klassen zuerst Beispiele.',
    stillLoading: 'Das Netz wird noch geladen.',
    failed: (reason) => `Die Datei konnte nicht geschrieben werden: ${reason}`,
    codeTitle: 'Code für deine eigene Seite',
    codeAbout: 'Er zeigt die Kamera und die Antwort. Lege die Datei mit deinen Beispielen daneben.',
    codeBundled: 'Mit npm',
    codePlain: 'Ohne Bundler',
    codeKinds: 'Art des Projekts',
    code: 'Code',
    downloadExamples: 'Beispiele herunterladen',
    copy: 'Code kopieren',
    copied: 'Kopiert.',
    notCopied: 'Dein Browser hat es nicht erlaubt. Der Code ist markiert: Drücke Strg+C, auf einem Mac Befehl+C.',
    player: {
      privacy: 'Alles läuft auf diesem Gerät. Nichts verlässt es.',
      input: 'Kamera und Bilder',
      classes: 'Klassen',
      cameraPicture: 'Der Teil des Kamerabilds, den das Netz sieht',
      picture: 'Der Teil des Bilds, den das Netz sieht',
      loading: 'Wird vorbereitet',
      ready: 'Bereit.',
      failed: 'Diese Seite kann hier nicht laufen.',
      unknown: 'Unbekannt',
      startCamera: 'Kamera starten',
      stopCamera: 'Kamera anhalten',
      tryAgain: 'Noch einmal versuchen',
      choosePicture: 'Bild wählen',
      dropHint: 'Oder zieh ein Bild hierher, oder füge es ein.',
      notAPicture:
        'Diese Datei ist kein Bild, das der Browser lesen kann. Wähle eine JPEG-, PNG-, WebP- oder BMP-Datei.',
      cameraPrompt: 'Zeig der Kamera etwas, oder wähle ein Bild.',
      cameraAsks: 'Dein Browser fragt nach der Kamera. Wähle „Zulassen“.',
      cameraDenied: 'Die Kamera ist gesperrt. Erlaube sie neben der Adresse, oder wähle ein Bild.',
      cameraMissing: 'Keine Kamera gefunden. Schließ eine an, oder wähle ein Bild.',
      cameraBusy: 'Ein anderes Programm benutzt die Kamera. Schließ es, oder wähle ein Bild.',
      cameraEnded: 'Die Kamera hat angehalten.',
      cameraFailed: 'Die Kamera ist nicht gestartet. Versuch es noch einmal, oder wähle ein Bild.',
      cameraNotHere:
        'Dieser Browser gibt Seiten aus einer Datei keine Kamera. Öffne die Datei in einem anderen Browser, oder wähle ein Bild.',
    },
  },
  recording: { title: 'Aufnahme einstellen' },
};
