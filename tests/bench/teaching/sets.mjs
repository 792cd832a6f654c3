// The image sets of <TEACHABLE_DATA>/teaching, as lists of row numbers: one row for each picture.

/**
 * Sets that are measured. A set with two folders is taught from one and tested on the other. Sets of the same `group` count as one in
 * means: its error is the mean of theirs.
 */
const specs = [
  { name: 'signs', folder: 'signs' },
  { name: 'hand-near-far', teach: 'hand-near-far/teach', test: 'hand-near-far/test' },
  { name: 'rps-w', teach: 'rps-w/teach', test: 'rps-w/test' },
  { name: 'rps-c', teach: 'rps-c/teach', test: 'rps-c/test' },
  { name: 'rps-w → rps-c', teach: 'rps-w/teach', test: 'rps-c/test', group: 'rps crossed' },
  { name: 'rps-c → rps-w', teach: 'rps-c/teach', test: 'rps-w/test', group: 'rps crossed' },
  { name: 'trash', folder: 'trash' },
  { name: 'dtd', folder: 'dtd' },
];

/** Folder of pictures of things that are in no set. */
const clutterFolder = 'clutter';

/**
 * @typedef {object} ImageSet
 * @property {string} name
 * @property {string} group The name, unless several sets count as one.
 * @property {Map<string, number[]>} teach Rows of each label.
 * @property {Map<string, number[]> | null} test The same labels. Null: tests are the rows of `teach` that were not taught.
 */

/**
 * Finds the sets in a list of pictures.
 * @param {string[]} pictures Paths relative to the folder of sets, with '/'. A row has the number of its picture.
 * @returns {{sets: ImageSet[], clutter: number[]}}
 */
export function toSets(pictures) {
  const rowsBelow = (folder) => {
    const rows = new Map();
    for (const [row, picture] of pictures.entries()) {
      if (!picture.startsWith(`${folder}/`)) continue;
      const label = picture.slice(folder.length + 1).split('/')[0];
      if (!rows.has(label)) rows.set(label, []);
      rows.get(label).push(row);
    }
    return rows;
  };
  const sets = specs.map(({ name, group = name, folder, teach = folder, test }) => ({
    name,
    group,
    teach: rowsBelow(teach),
    test: test ? rowsBelow(test) : null,
  }));
  const missing = sets.filter(({ teach, test }) => teach.size === 0 || test?.size === 0);
  if (missing.length > 0) throw new Error(`There are no pictures of ${missing.map(({ name }) => name).join(', ')}.`);
  return { sets, clutter: pictures.flatMap((picture, row) => (picture.startsWith(`${clutterFolder}/`) ? [row] : [])) };
}
