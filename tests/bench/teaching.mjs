// Measures how well few examples teach, beside TensorFlow.js' knn-classifier, on the image sets of <TEACHABLE_DATA>/teaching. Part of
// run.mjs.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, projectFolder } from '../../web/dev/steps.mjs';
import { toSvg } from './teaching/curves-svg.mjs';
import { embedPictures } from './teaching/embed-pictures.mjs';
import { answerAll, drawEpisodes } from './teaching/episodes.mjs';
import { measure } from './teaching/measures.mjs';
import { packageRule } from './teaching/package-rule.mjs';
import { toMarkdown } from './teaching/report.mjs';
import { embeddings, rows } from './teaching/rows.mjs';
import { toSets } from './teaching/sets.mjs';
import { keptRule, startTfjs } from './teaching/tfjs-rule.mjs';

const seed = 1;
const episodeCount = 20;
/** The variant that runs in every Node. */
export const teachingVariant = 'simd';
const extractorFile = 'mobilenet_v1_1.0_224_quant_embedding_extractor.tflite';

const keptFolder = path.join(projectFolder, 'build/teaching');
const keptPicture = path.join(projectFolder, 'tests/bench/teaching-curves.svg');
const dataFolder = path.resolve(projectFolder, process.env.TEACHABLE_DATA || '../shared/data');
const setsFolder = path.join(dataFolder, 'teaching');

/** True when the image sets are there. */
export const hasTeachingSets = existsSync(setsFolder);

/**
 * Measures all rows, or those whose title matches `filter`, and the anchor.
 * @param {boolean} keep Writes the picture of the curves for README.md. Otherwise it is in build/teaching.
 * @returns {Promise<string>} Markdown tables.
 */
export async function compareTeaching(report, { filter = '.', keep = false } = {}) {
  if (!hasTeachingSets)
    fail(`There are no image sets in ${setsFolder}. Set TEACHABLE_DATA to the folder that has them.`);
  const names = await findPictures();
  const { sets, clutter } = toSets(names);
  const pictures = names.map((name) => path.join(setsFolder, name));
  const episodes = new Map(sets.map((set) => [set.name, drawEpisodes(set, { seed, count: episodeCount })]));
  const wanted = rows.filter(({ title, isPlain }, i) => i === 0 || isPlain || new RegExp(filter).test(title));

  const { load } = await import(pathToFileURL(path.join(projectFolder, 'web/dist/index.js')).href);
  const extractor = pathToFileURL(path.join(dataFolder, 'models', extractorFile));
  const open = (kind) => load({ variant: teachingVariant, threads: 1, ...embeddings[kind]({ extractor }) });
  const embedded = new Map();
  for (const kind of new Set(wanted.map(({ embedding }) => embedding)))
    embedded.set(
      kind,
      await embedPictures(
        path.join(keptFolder, kind),
        () => open(kind),
        pictures,
        (text) => report(`embeddings '${kind}', ${text}`),
      ),
    );

  const tfjs = await startTfjs();
  const answered = new Map();
  const answerTfjs = async (row) => {
    const { values } = embedded.get(row.embedding);
    const digest = createHash('sha256').update(values).digest('hex');
    const what = JSON.stringify([tfjs.version, row.tfjs, digest, [...episodes]]);
    const { rule, keep: keepAnswers } = await keptRule(tfjs.ruleOf(row.tfjs), keptFolder, what);
    const progress = (done, total) => report(`${row.title}, ${done} of ${total} episodes`);
    answered.set(row, await answerAll(rule, episodes, embedded.get(row.embedding), [], progress));
    await keepAnswers();
  };
  const answerPackage = async (row) => {
    const classifier = await open(row.embedding);
    try {
      const progress = (done, total) => report(`${row.title}, ${done} of ${total} episodes`);
      const rule = packageRule(classifier, row);
      answered.set(row, await answerAll(rule, episodes, embedded.get(row.embedding), clutter, progress));
    } finally {
      classifier.dispose();
    }
  };
  // The classifiers of the package run in threads of their own, TensorFlow.js in this one.
  const queue = [...wanted];
  const work = async () => {
    for (let row = queue.shift(); row; row = queue.shift()) await (row.tfjs ? answerTfjs(row) : answerPackage(row));
  };
  await Promise.all([work(), work()]);

  const results = wanted.map((row) => ({ ...row, ...measure(answered.get(row), answered.get(wanted[0]), sets) }));
  const picture = keep ? keptPicture : path.join(keptFolder, 'curves.svg');
  await mkdir(path.dirname(picture), { recursive: true });
  await writeFile(picture, toSvg(results.filter(({ curve }) => curve)));
  return toMarkdown(results, {
    sets,
    seed,
    episodeCount,
    models: [...embedded].map(([kind, { model, width }]) => ({ kind, model, width })),
    tfjs: tfjs.version,
    picture: path.relative(projectFolder, picture),
  });
}

/** Returns the paths of all pictures relative to the folder of sets, with '/', sorted. */
async function findPictures() {
  const entries = await readdir(setsFolder, { recursive: true });
  return entries
    .map((entry) => entry.split(path.sep).join('/'))
    .filter((entry) => entry.endsWith('.jpg'))
    .sort();
}
