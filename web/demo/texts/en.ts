// The texts of the page in English. Sections follow the parts of the page.

export const en = {
  /** Head and foot of the page. */
  page: {},
  /** Everything that a part of its own has: see the folder of that name. */
  hosting: {},
  outputs: {},
  see: { mapTitle: 'Map of the examples' },
  projects: {},
  takeaway: { title: 'Take it with you' },
  recording: { title: 'Recording options' },
};
