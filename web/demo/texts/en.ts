// The texts of the page in English. Sections follow the parts of the page.

export const en = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {},
  outputs: {},
  see: { mapTitle: 'Map of the examples' },
  projects: {},
  takeaway: {
    title: 'Take it with you',
    fileTitle: 'One file that runs anywhere',
    fileAbout:
      'A page with the network and what it learned from your examples. A double click opens it, also without a connection. It has no pictures of your examples.',
    fileSize: (size: string) => `The file has about ${size}.`,
    fileCamera:
      'The camera works in Chrome, Edge and Firefox, which ask each time. In Safari, the file shows pictures only, unless it is on a web server.',
    download: 'Download as one HTML file',
    downloading: 'Writing the file',
    downloaded: (name: string) => `Saved as ${name}. Double-click it to open it.`,
    needsExamples: 'Add examples to your classes first.',
    stillLoading: 'The network is still loading.',
    failed: (reason: string) => `The file could not be written: ${reason}`,
    codeTitle: 'Code for your own page',
    codeAbout: 'It shows the camera and the answer. Put the file with your examples beside it.',
    codeBundled: 'With npm',
    codePlain: 'Without a bundler',
    codeKinds: 'Kind of project',
    code: 'Code',
    downloadExamples: 'Download the examples',
    copy: 'Copy the code',
    copied: 'Copied.',
    notCopied: 'Your browser did not allow it. The code is selected: press Ctrl+C, or Command+C on a Mac.',
    /** The page in the file. Strings only, because it holds them as JSON. */
    player: {
      privacy: 'It runs on this device. Nothing leaves it.',
      input: 'Camera and pictures',
      classes: 'Classes',
      cameraPicture: 'The part of the camera picture that the network sees',
      picture: 'The part of the picture that the network sees',
      loading: 'Getting ready',
      ready: 'Ready.',
      failed: 'This page cannot run here.',
      unknown: 'Unknown',
      startCamera: 'Start camera',
      stopCamera: 'Stop camera',
      tryAgain: 'Try again',
      choosePicture: 'Choose a picture',
      dropHint: 'Or drop or paste a picture.',
      notAPicture: 'This file is not a picture that the browser can read. Choose a JPEG, PNG, WebP or BMP file.',
      cameraPrompt: 'Show something to the camera, or choose a picture.',
      cameraAsks: 'Your browser asks for the camera. Choose Allow.',
      cameraDenied: 'The camera is blocked. Allow it beside the address, or choose a picture.',
      cameraMissing: 'No camera was found. Connect one, or choose a picture.',
      cameraBusy: 'Another program uses the camera. Close it, or choose a picture.',
      cameraEnded: 'The camera stopped.',
      cameraFailed: 'The camera did not start. Try again, or choose a picture.',
      cameraNotHere:
        'This browser has no camera for pages from a file. Open the file in another browser, or choose a picture.',
    },
  },
  recording: { title: 'Recording options' },
};
