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
  takeaway: {
    title: 'Llévatelo',
    fileTitle: 'Un archivo que funciona en cualquier sitio',
    fileAbout:
      'Una página con la red y lo que ha aprendido de tus ejemplos. Se abre con un doble clic, también sin conexión. No contiene imágenes de tus ejemplos.',
    fileSize: (size) => `El archivo ocupa unos ${size}.`,
    fileCamera:
      'La cámara funciona en Chrome, Edge y Firefox, que preguntan cada vez. En Safari, el archivo solo muestra imágenes, salvo que esté en un servidor web.',
    download: 'Descargar como un archivo HTML',
    downloading: 'Escribiendo el archivo',
    downloaded: (name) => `Guardado como ${name}. Ábrelo con un doble clic.`,
    needsExamples: 'Primero añade ejemplos a tus clases.',
    stillLoading: 'La red todavía se está cargando.',
    failed: (reason) => `No se pudo escribir el archivo: ${reason}`,
    codeTitle: 'Código para tu propia página',
    codeAbout: 'Muestra la cámara y la respuesta. Pon al lado el archivo con tus ejemplos.',
    codeBundled: 'Con npm',
    codePlain: 'Sin empaquetador',
    codeKinds: 'Tipo de proyecto',
    code: 'Código',
    downloadExamples: 'Descargar los ejemplos',
    copy: 'Copiar el código',
    copied: 'Copiado.',
    notCopied: 'Tu navegador no lo ha permitido. El código está seleccionado: pulsa Ctrl+C, o Comando+C en un Mac.',
    player: {
      privacy: 'Funciona en este dispositivo. Nada sale de él.',
      input: 'Cámara e imágenes',
      classes: 'Clases',
      cameraPicture: 'La parte de la imagen de la cámara que ve la red',
      picture: 'La parte de la imagen que ve la red',
      loading: 'Preparando',
      ready: 'Listo.',
      failed: 'Esta página no puede funcionar aquí.',
      unknown: 'Desconocido',
      startCamera: 'Iniciar la cámara',
      stopCamera: 'Detener la cámara',
      tryAgain: 'Intentar de nuevo',
      choosePicture: 'Elegir una imagen',
      dropHint: 'O suelta o pega una imagen.',
      notAPicture: 'Este archivo no es una imagen que el navegador pueda leer. Elige un archivo JPEG, PNG, WebP o BMP.',
      cameraPrompt: 'Muestra algo a la cámara o elige una imagen.',
      cameraAsks: 'Tu navegador pide permiso para la cámara. Elige «Permitir».',
      cameraDenied: 'La cámara está bloqueada. Permítela junto a la dirección o elige una imagen.',
      cameraMissing: 'No se ha encontrado ninguna cámara. Conecta una o elige una imagen.',
      cameraBusy: 'Otro programa usa la cámara. Ciérralo o elige una imagen.',
      cameraEnded: 'La cámara se ha detenido.',
      cameraFailed: 'La cámara no se ha iniciado. Inténtalo de nuevo o elige una imagen.',
      cameraNotHere:
        'Este navegador no da cámara a páginas abiertas desde un archivo. Abre el archivo en otro navegador o elige una imagen.',
    },
  },
  recording: { title: 'Opciones de grabación' },
};
