// The texts of the page in English. Sections follow the parts of the page.

export const en = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {
    cores: 'Use all cores',
    coresTitle: 'Recognises faster. The page saves your examples and reloads once.',
    coresFailed: 'This browser does not let the page use all cores. It goes on with one.',
    saving: 'Saving your examples …',
    notSaved: 'Your examples are not saved in this browser. Save them to a file, then reload this page yourself.',
    offline: 'Works offline',
    offlineTitle: 'The page, its network and your examples are stored in this browser.',
    update: 'A new version is ready.',
    reload: 'Reload',
  },
  outputs: {},
  see: { mapTitle: 'Map of the examples' },
  projects: {},
  takeaway: { title: 'Take it with you' },
  recording: { title: 'Recording options' },
};
