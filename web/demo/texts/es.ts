// The texts of the page in Spanish. Sections follow the parts of the page.

import type { Texts } from './texts.js';
export const es: Texts = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {
    cores: 'Usar todos los núcleos',
    coresTitle: 'Reconoce más rápido. La página guarda tus ejemplos y se recarga una vez.',
    coresFailed: 'Este navegador no permite que la página use todos los núcleos. Sigue con uno.',
    saving: 'Guardando tus ejemplos …',
    notSaved: 'Tus ejemplos no están guardados en este navegador. Guárdalos en un archivo y luego recarga la página.',
    offline: 'Funciona sin conexión',
    offlineTitle: 'La página, su red y tus ejemplos están guardados en este navegador.',
    update: 'Hay una nueva versión lista.',
    reload: 'Recargar',
  },
  outputs: {},
  see: { mapTitle: 'Mapa de los ejemplos' },
  projects: {},
  takeaway: { title: 'Llévatelo' },
  recording: { title: 'Opciones de grabación' },
};
