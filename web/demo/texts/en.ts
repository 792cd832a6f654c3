// The texts of the page in English. Sections follow the parts of the page.

const examples = (count: number) => `${count} ${count === 1 ? 'example' : 'examples'}`;
const classes = (count: number) => `${count} ${count === 1 ? 'class' : 'classes'}`;

export const en = {
  /** Words and numbers that several parts use. */
  common: {
    examples,
    classes,
    frames: (count: number) => `${count} ${count === 1 ? 'frame' : 'frames'}`,
    threads: (count: number) => `${count} ${count === 1 ? 'thread' : 'threads'}`,
    /** Lists some of many texts. `rest` is the number of those that are not in `listed`. */
    listWithRest: (listed: string, rest: number) => `${listed} and ${rest} more`,
    unknown: 'Unknown',
    close: 'Close',
    cancel: 'Cancel',
    remove: 'Remove',
    saveToFile: 'Save to a file',
    tryAgain: 'Try again',
    somethingWentWrong: (error: string) => `Something went wrong: ${error}`,
  },
  /** Head and foot of the page. */
  page: {
    title: 'Teachable machine',
    tagline: 'It learns from what you show it. Nothing leaves this device.',
    language: 'Language',
    starting: 'Starting',
    loading: 'Loading',
    recognition: 'Recognition',
    yourClasses: 'Your classes',
    technicalDetails: 'Technical details',
    undo: 'Undo',
    undoWhat: (what: string) => `Undo: ${what}`,
    undone: (what: string) => `Undone: ${what}.`,
    ready: 'Ready.',
    howToBegin: 'Start the camera, try it without one, or add pictures to the classes.',
    loadingEngine: 'Loading the engine',
    loadingNetwork: 'Loading the network',
    stillLoading: 'The network is still loading. Try again in a moment.',
    networkStillLoads: 'The network is still loading.',
    perFrame: (ms: string) => `${ms} ms per frame`,
  },
  /** The camera, pictures, and what the network sees of them. */
  preview: {
    cameraLabel: 'The part of your camera picture that the network sees',
    pictureLabel: 'The part of your picture that the network sees',
    testPicture: 'Test a picture',
    stopCamera: 'Stop camera',
    backToCamera: 'Back to camera',
    dropHint: 'Or drop or paste a picture on this page.',
    holdWhileShowing: 'Hold the button of a class while you show something.',
    thisIsYourPicture: 'This is your picture. Press the button of a class to add it as an example.',
    notAPicture: (name: string) => `${name} cannot be read as a picture. Choose a JPEG, PNG, WebP or BMP file.`,
    unreadableFile:
      'It cannot be read. It may be a folder, or it was moved, changed or deleted. Choose the file again; of a folder, choose the pictures in it.',
  },
  /** Each state of the camera: a headline, what to do, and the text of the button. */
  camera: {
    idle: {
      headline: 'Point a camera at something',
      help: 'Then hold the button of a class while you show it. One or two seconds are enough.',
      button: 'Use camera',
    },
    prompting: {
      headline: 'May this page use the camera?',
      help: 'Your browser asks for permission. Choose Allow.',
      button: 'Waiting for permission',
    },
    live: { headline: '', help: '', button: '' },
    denied: {
      headline: 'The camera is blocked',
      help: 'Click the camera or lock icon next to the address, allow the camera, and try again. Pictures work without a camera.',
      button: 'Try again',
    },
    'no-device': {
      headline: 'No camera found',
      help: 'Connect a camera and try again, or add pictures to the classes.',
      button: 'Try again',
    },
    'in-use': {
      headline: 'The camera is busy',
      help: 'Another program uses it. Close that program and try again.',
      button: 'Try again',
    },
    'insecure-context': {
      headline: 'No camera at this address',
      help: 'Browsers allow cameras only on https pages and on localhost. Pictures work here.',
      button: 'Try again',
    },
    ended: {
      headline: 'The camera stopped',
      help: 'It was unplugged, or its permission was removed. Your examples are still here.',
      button: 'Use camera',
    },
    failed: {
      headline: 'The camera did not start',
      help: 'Try again, or add pictures to the classes.',
      button: 'Try again',
    },
  },
  /** The drawn scene for visitors without a camera. */
  scene: {
    start: 'Try it without a camera',
    show: 'Show:',
    cup: 'Cup',
    cactus: 'Cactus',
    books: 'Books',
    leave: 'Leave the scene',
    label: 'A drawn scene with one thing on a table',
    howTo: 'Choose a thing, and hold the button of a class while it moves. Then the next thing, for the next class.',
  },
  /** The classes and their cards. */
  classes: {
    defaultName: (number: number) => `Class ${number}`,
    addClass: 'Add a class',
    nameNewClass: 'Give the new class a name, then record it.',
    keysBefore: 'Hold a key from',
    keysBetween: 'to',
    keysAfter: 'to record. Tap it to add one example. Or drop pictures on a class.',
    pages: 'Pages of classes',
    previous: 'Previous',
    next: 'Next',
    range: (first: number, last: number, total: number) => `Classes ${first} to ${last} of ${total}`,
    holdToRecord: 'Hold to record',
    isRecording: 'Recording',
    addPictures: 'Add pictures',
    noExamples: 'No examples yet',
    removeAll: 'Remove all',
    removeClass: 'Remove this class',
    galleryHint: 'Click an example to remove it. Or use the arrow keys and Delete.',
    showMore: (count: number, rest: number) => `Show ${count} more of ${rest}`,
    nameOf: (slot: number) => `Name of class ${slot}`,
    confidenceIn: (name: string) => `Confidence in ${name}`,
    holdToRecordName: (name: string) => `Hold to record ${name}`,
    addPicturesTo: (name: string) => `Add pictures to ${name}`,
    showExamplesOf: (name: string) => `Show the examples of ${name}`,
    examplesOf: (name: string) => `Examples of ${name}`,
    removeAllOf: (name: string) => `Remove all examples of ${name}`,
    removeClassName: (name: string) => `Remove the class ${name}`,
    removeExample: (number: number, name: string) => `Remove example ${number} of ${name}`,
  },
  /** Teaching, by camera and by picture files. */
  teaching: {
    nothingToRecord: 'There is nothing to record yet. Start the camera, or add pictures to this class.',
    recording: (name: string) => `Recording ${name}.`,
    addingPicture: (number: number, total: number, name: string) => `Adding picture ${number} of ${total} to ${name}.`,
    addedPictures: (added: number, total: number, name: string) =>
      `Added ${added} of ${total} ${total === 1 ? 'picture' : 'pictures'} to ${name}.`,
    engineStopped: 'The engine does not run.',
    skipped: (count: number, total: number) => `Skipped ${count} of ${total} ${total === 1 ? 'file' : 'files'}.`,
    teachSecond: 'Now teach a second class, so that there is something to compare.',
    fewExamples: (name: string) => `${name} has few examples. Record more, from other sides.`,
    imbalance: (larger: string, ratio: number, smaller: string) =>
      `${larger} has ${ratio} times as many examples as ${smaller}. Record more of ${smaller}.`,
    showSomething: 'Now show it something and watch the bars.',
  },
  /** Changes of classes and examples. The names of undo steps are noun phrases. */
  editing: {
    removedClass: (name: string) => `Removed ${name}.`,
    removedAll: (name: string) => `Removed all examples of ${name}.`,
    removedOne: 'Removed one example.',
    removedOneOf: (name: string) => `Removed one example of ${name}.`,
    movedOne: (name: string) => `Moved one example to ${name}.`,
    storedInBytes: 'Your examples take a quarter of the memory now. You can go on.',
    startOver: 'Start over',
    askStartOverEmpty: (count: number) => `Remove all classes and start with ${count} empty ones?`,
    askStartOver: (count: number) =>
      `Remove all classes and ${count === 1 ? 'the example' : `all ${examples(count)}`}?`,
    startedOver: 'Removed all classes and examples.',
    undoNewExamples: (name: string) => `new examples of ${name}`,
    undoNewClass: (name: string) => `new class ${name}`,
    undoRemoval: (name: string) => `removal of ${name}`,
    undoRemovalOfAll: (name: string) => `removal of all examples of ${name}`,
    undoRemovalOfOne: 'removal of one example',
    undoRemovalOfOneOf: (name: string) => `removal of one example of ${name}`,
    undoNewName: (name: string) => `new name ${name}`,
    undoMove: (name: string) => `move to ${name}`,
    undoOpening: 'opening of a file',
    undoOtherTab: "change to the other tab's examples",
    undoStartOver: 'starting over',
  },
  /** Data set files. */
  files: {
    open: 'Open a file',
    saved: 'Saved to a file. You can open it here, or in any program that uses teachable-wasm.',
    opened: (name: string, exampleCount: number, classCount: number) =>
      `Opened ${name}: ${examples(exampleCount)} in ${classes(classCount)}.`,
    /** Names of downloaded files begin with these words. */
    examplesFile: 'examples',
    recordFile: 'stored record',
    otherLayers: (name: string, hasTwo: boolean) =>
      `${name} was made with the same network, but with embeddings of ${hasTwo ? 'two layers' : 'its last layer alone'}. Your examples here have others. Switch the page over, then open the file again. Your examples stay stored.`,
    switchOver: 'Switch over',
    tooManyClasses: (count: number, maximum: number) =>
      `The data set has ${count} classes. This page supports at most ${maximum}. Split it, or use it in a program with the package teachable-wasm.`,
    classWasRemoved: (name: string) => `The class '${name}' was removed. The example was not added.`,
    engineStarting: 'The engine is starting. Try again in a moment.',
  },
  /** Failures of the engine. */
  engine: {
    notLost: (error: string) =>
      `${error} Your examples are not lost. Save them to a file, then try again or reload the page.`,
    memoryFull: (error: string) =>
      `${error} All your examples so far are still here. To make room, remove examples or classes that you do not need.`,
    storeInLess: 'Store them in less memory',
    stoppedTwice:
      'The engine stopped twice within half a minute. Your examples are still here. Start it again, or reload the page. If it happens again, add ?variant=simd to the end of the address.',
    startItAgain: 'Start it again',
    restarted: 'The engine stopped and was started again. Your examples are still here.',
  },
  /** Saving in the browser. */
  saving: {
    states: {
      starting: '',
      empty: 'Examples will be saved in this browser.',
      pending: 'Saving …',
      saved: 'Saved in this browser.',
      failed: 'Not saved in this browser. Save to a file before you leave.',
      'other-tab': 'Not saved: this page is also open in another tab, and that tab saves.',
      conflict: 'Not saved: another tab has saved other examples.',
      unreadable: 'Not saved: other examples are stored in this browser.',
    },
    openInOtherTab:
      'This page is already open in another tab, and only that tab saves. To save the examples of this tab, close the other tab or save to a file.',
    cannotBeOpened: (reason: string) =>
      `The examples stored in this browser cannot be opened: ${reason}. They stay stored, and new examples are not saved.`,
    saveStored: 'Save the stored ones to a file',
    replaceStored: 'Replace them',
    wereDamaged: (parts: string) =>
      `The examples stored in this browser were damaged: ${parts}. What could be read is back. The damaged record is kept.`,
    saveDamaged: 'Save the damaged record to a file',
    discardDamaged: 'Discard it',
    classesAreBack: 'Your classes from your last visit are back.',
    examplesAreBack: (count: number, names: string) =>
      `${examples(count)} from your last visit ${count === 1 ? 'is' : 'are'} back: ${names}.`,
    ofOtherNetworks: (networks: string) =>
      `This browser also stores examples of another network (${networks}). They work with that network only.`,
    conflictQuestion: 'Another tab has saved other examples. Which ones do you want to keep?',
    thisTab: 'Those of this tab',
    otherTab: 'Those of the other tab',
    notAllowed: 'This browser does not let the page store your examples. Private windows often do not.',
    noSpace: 'This browser has no space left to store your examples.',
    couldNotBeSaved: (reason: string) => `Your examples could not be saved: ${reason}.`,
    saveBeforeLeaving: (reason: string) => `${reason} You can go on, but save to a file before you leave.`,
    damagedChanges: 'some changes',
    damagedVersion: 'the version of the record',
    damagedPlaces: 'the places of some classes',
    recordMissing: 'the record is missing',
    recordIs: (found: string) => `the record is ${found}`,
    newerVersion: 'a newer version of this page has stored them. Reload the page to get it',
    noFile: 'the record contains no file',
  },
  /** The answer and its explanation. */
  answer: {
    why: 'Why? The most similar examples',
    ownClasses: "The network's own classes",
    nothingYet: 'nothing yet',
  },
  /** The check of the examples. */
  review: {
    title: 'Check my examples',
    needsMore: (minimum: number) =>
      `Record at least ${minimum} examples of at least two classes. Then they can be compared.`,
    result: (tested: number, accuracy: string) =>
      `Each of ${tested} examples was tested as if it were new. ${accuracy} of the answers were right.`,
    confused: (first: string, second: string, count: number) =>
      `Most often confused: ${first} and ${second} (${count} ${count === 1 ? 'time' : 'times'}).`,
    duplicates: 'Many examples are almost the same picture. Other sides and other light would help more.',
    mayBeWrong: 'These examples may be in the wrong class:',
    looksLike: (label: string, other: string) => `In ${label}, but looks like ${other}`,
    moveTo: (label: string) => `Move to ${label}`,
  },
  settings: {
    title: 'Settings',
    unknown: 'Answer “Unknown” if no example is similar',
    unknownHelp: 'The two nearest examples must be at least this similar on average. Now:',
    never: 'never',
    below: (similarity: string) => `below ${similarity}`,
    steadier: 'Make the answer steadier (camera only)',
    off: 'off',
    useSuggestion: (similarity: string) => `Use the suggestion for your examples: ${similarity}`,
    neighbours: 'How many examples vote',
    automatic: 'automatic',
    nearest: (count: number) => (count === 1 ? 'the nearest' : `the ${count} nearest`),
    neighboursHelp: 'Automatic is the most accurate. With a number, only the examples nearest to the picture vote.',
  },
  /** The choice of another network. */
  network: {
    title: 'Network',
    packaged: 'The one of this page',
    yourFile: (name: string) => `Your file: ${name}`,
    chooseFile: 'Use a file',
    link: 'Or a link',
    help: 'A .tflite file, the .zip that Teachable Machine downloads, or a model.json with its weight files. The page starts again with it. Your pictures can be taught to it again.',
    weightsMissing: (names: string) => `Choose the weight files together with the model.json. Missing: ${names}.`,
    notStored: 'This browser cannot store the network, so it cannot be used here.',
    startsAgain: 'The page starts again with this network.',
    notALink: 'This is not a link.',
    otherSite:
      'This page asks no other site for anything. For a model of Teachable Machine, open the link, choose Export Model, TensorFlow.js, Download, and use the .zip here.',
    failed: (error: string) =>
      `The network that you chose cannot be used: ${error} The page runs with its own network.`,
  },
  /** What runs, in the technical details. */
  details: {
    network: (title: string) => `Network: ${title}.`,
    onlyYours: 'It has no classes of its own. It knows only yours.',
    networkTerm: 'Network',
    input: 'Input',
    inputSize: (width: number, height: number, crop: string) => `${width} × ${height} pixels, ${crop}`,
    centre: 'centre of the picture',
    squashed: 'whole picture, squashed to a square',
    embedding: 'Embedding',
    embeddingSize: (size: number) => `${size} numbers per picture`,
    build: 'Engine build',
    reason: 'Why this build',
    memory: 'Memory',
    memoryUse: (used: string, total: string) => `${used} of ${total} MiB in use`,
  },
  /** Parts with a folder of that name. */
  hosting: {},
  outputs: {},
  see: {
    mapTitle: 'Map of the examples',
    mapHelp:
      'Each shape is an example. Examples that look alike to the network are close together. The ring is what it sees now. Point at a shape, or move with the arrow keys, to see its picture.',
    mapLabel: 'Map of the examples',
    mapEmpty: 'Record some examples. They appear here.',
    mapShows: (share: string) => `This map shows ${share} of what makes the examples different.`,
    mapInWords: 'The map in words',
    onMap: (label: string, number: number, total: number) => `Example ${number} of ${total}: ${label}`,
    classOnMap: (label: string, count: number, nearest: string | null, astray: number) =>
      `${label}: ${examples(count)}.${nearest === null ? '' : ` Nearest class: ${nearest}. ${astray === 0 ? 'No example lies' : `${examples(astray)} ${astray === 1 ? 'lies' : 'lie'}`} nearer to another class.`}`,
    matrixTitle: 'Which answers were right?',
    matrixHelp:
      'One row for the examples of each class, one column for each answer. A double border marks right answers. Choose a number to see the examples.',
    matrixCorner: 'Class',
    matrixCell: (count: number, label: string, takenFor: string) =>
      label === takenFor
        ? `${examples(count)} of ${label}, recognised as such`
        : `${examples(count)} of ${label}, taken for ${takenFor}`,
    speed: 'Speed',
    diagnostics: 'Diagnostics',
    noFrames: 'No frames yet. Start the camera or the scene.',
    live: 'Last frames:',
    measured: 'Benchmark:',
    rate: (perSecond: string, frames: string) => `${perSecond} per second (${frames})`,
    step: 'Step',
    half: 'Median (p50)',
    mostly: '95 % below (p95)',
    steps: {
      grab: 'Grab the picture',
      preprocess: 'Crop and resize',
      network: 'Network',
      neighbours: 'Compare with the examples',
      messages: 'Messages',
      page: 'Show on the page',
    },
    together: 'Together',
    benchmark: (count: number) => `Measure ${count} frames`,
    measuring: (done: number, total: number) => `Measured ${done} of ${total} frames.`,
    copy: 'Copy diagnostics',
    copied: 'Copied. The text names no classes and contains no pictures.',
    copyYourself: 'The browser does not allow copying. The text is selected: copy it yourself.',
  },
  projects: {},
  takeaway: { title: 'Take it with you' },
  recording: { title: 'Recording options' },
};
