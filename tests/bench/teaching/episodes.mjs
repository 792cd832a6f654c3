// Draws episodes from image sets and lets rules answer them. An episode is a few classes with examples to teach and pictures to test.
// It knows embeddings only: no pictures, no network and no package.
import { randomFrom, shuffled } from './random.mjs';

/** Numbers of examples of each class that are taught. */
export const shots = [1, 2, 3, 5, 10, 20];

/** Uneven teaching: half of the classes get `many` examples, the other half `few`. */
export const uneven = { many: 20, few: 4 };

const maxClasses = 10;
const maxTests = 30;
/** An episode tests one of this many parts of the clutter. */
const clutterParts = 4;
const mostShots = Math.max(...shots, uneven.many);

/**
 * @typedef {object} Episode
 * @property {number[][]} teach Rows of each class, in the order in which they are taught.
 * @property {number[][]} test Rows of each class.
 * @property {boolean[]} often Classes that get many examples when teaching is uneven.
 */

/**
 * Draws the episodes of a set. They depend on the seed, the name of the set, and the rows only.
 * @param {import('./sets.mjs').ImageSet} set
 * @returns {Episode[]}
 */
export function drawEpisodes({ name, teach, test }, { seed, count }) {
  return Array.from({ length: count }, (_, number) => {
    const random = randomFrom(`${seed} ${name} ${number}`);
    const labels = shuffled([...teach.keys()].sort(), random).slice(0, maxClasses);
    const often = shuffled(
      labels.map((_, i) => i < labels.length / 2),
      random,
    );
    const drawn = labels.map((label) => {
      const rows = shuffled(teach.get(label), random);
      const others = test ? shuffled(test.get(label), random) : rows.slice(mostShots);
      return { teach: rows.slice(0, mostShots), test: others.slice(0, maxTests) };
    });
    return { teach: drawn.map((each) => each.teach), test: drawn.map((each) => each.test), often };
  });
}

/**
 * @typedef {object} Task What a rule gets.
 * @property {number} width Number of values of an embedding.
 * @property {number} classCount
 * @property {Float32Array} examples [labels.length, width] embeddings as the network returns them, class after class.
 * @property {Int32Array} labels Class of each example, 0 to classCount - 1.
 * @property {Float32Array} tests [n, width]
 * @typedef {object} Answer
 * @property {ArrayLike<number>} classes [n] predicted class of each test.
 * @property {ArrayLike<number>} confidences [n] confidence in that class, 0-1.
 * @property {ArrayLike<number>} [unknown] [n] not 0 for a test that is reported as unlike everything taught.
 * @typedef {(task: Task) => Answer | Promise<Answer>} Rule
 */

/** Returns an Answer from shares [n, classCount]. Among equal shares, the first class is predicted. */
export function fromShares(shares, classCount) {
  const count = shares.length / classCount;
  const classes = new Int32Array(count);
  const confidences = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let c = 1; c < classCount; c++)
      if (shares[i * classCount + c] > shares[i * classCount + classes[i]]) classes[i] = c;
    confidences[i] = shares[i * classCount + classes[i]];
  }
  return { classes, confidences };
}

/**
 * Lets a rule answer an episode.
 * @param {Rule} rule
 * @param {Episode} episode
 * @param {{values: Float32Array, width: number}} embeddings Rows of all pictures.
 * @param {(classNumber: number) => number} countOf Returns the number of examples to teach.
 * @param {number[]} clutter Rows of pictures of no class, or none.
 * @returns {Promise<Outcome>}
 *
 * @typedef {object} Outcome
 * @property {boolean[]} correct Of each test.
 * @property {number[]} confidences Of each test.
 * @property {boolean[]} unknown Of each test. An empty list when the rule does not say.
 * @property {boolean[]} clutterUnknown The same for clutter.
 */
export async function answerEpisode(rule, { teach, test }, embeddings, countOf, clutter = []) {
  const { width } = embeddings;
  const taught = teach.map((rows, c) => rows.slice(0, countOf(c)));
  const truth = test.flatMap((rows, c) => rows.map(() => c));
  const answer = await rule({
    width,
    classCount: teach.length,
    examples: gather(embeddings, taught.flat()),
    labels: Int32Array.from(taught.flatMap((rows, c) => rows.map(() => c))),
    tests: gather(embeddings, [...test.flat(), ...clutter]),
  });
  const unknown = Array.from(answer.unknown ?? [], Boolean);
  return {
    correct: truth.map((c, i) => answer.classes[i] === c),
    confidences: Array.from(answer.confidences).slice(0, truth.length),
    unknown: unknown.slice(0, truth.length),
    clutterUnknown: unknown.slice(truth.length),
  };
}

function gather({ values, width }, rows) {
  const gathered = new Float32Array(rows.length * width);
  rows.forEach((row, i) => gathered.set(values.subarray(row * width, (row + 1) * width), i * width));
  return gathered;
}

/**
 * @typedef {object} Results Outcomes of one rule.
 * @property {Map<string, Map<number, Outcome[]>>} even By the name of the set and the number of examples of a class, one for each
 * episode. With clutter.
 * @property {Map<string, Outcome[]>} uneven By the name of the set.
 */

/**
 * Lets a rule answer all episodes.
 * @param {Map<string, Episode[]>} episodes By the name of the set.
 * @param {(done: number, total: number) => void} [report]
 * @returns {Promise<Results>}
 */
export async function answerAll(rule, episodes, embeddings, clutter = [], report = () => {}) {
  const results = { even: new Map(), uneven: new Map() };
  const total = [...episodes.values()].flat().length;
  let done = 0;
  for (const [name, drawn] of episodes) {
    const even = new Map(shots.map((n) => [n, []]));
    const unevenly = [];
    for (const [number, episode] of drawn.entries()) {
      const part = clutter.filter((_, i) => i % clutterParts === number % clutterParts);
      for (const n of shots) even.get(n).push(await answerEpisode(rule, episode, embeddings, () => n, part));
      unevenly.push(
        await answerEpisode(rule, episode, embeddings, (c) => (episode.often[c] ? uneven.many : uneven.few)),
      );
      report(++done, total);
    }
    results.even.set(name, even);
    results.uneven.set(name, unevenly);
  }
  return results;
}
