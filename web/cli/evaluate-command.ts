// teachable-wasm evaluate DIR|FILE: measures how well each example is predicted from the others, and from few examples.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { KnnClassifier, PredictOptions, Review } from 'teachable-wasm';
import { loadKnn } from 'teachable-wasm/knn';
import { type Call, type Command, toCount, toCounts } from './command-line.js';
import { type ConfusionMatrix, toConfusionMatrix } from './confusion-matrix.js';
import { toSvg } from './confusion-svg.js';
import { percent, toText } from './confusion-text.js';
import { readDatasetHeader } from './dataset-header.js';
import { embedPictures } from './embedder.js';
import { measureTaught, noteLeftOut } from './evaluate-curve.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';
import { type SkippedFile, scanFolder } from './folder-scan.js';
import { replaceFile } from './incoming-file.js';
import { layersOption } from './layers-option.js';
import { defaultEpisodes, defaultShots, type LearningCurve, type Outlook, toOutlook } from './learning-curve.js';
import { toCurveText } from './learning-curve-text.js';
import { outsideFilesOption } from './model-files.js';
import { embeddingOption, inputSizeOption, modelOption, openClassifier, outputOption } from './model-option.js';
import { journalOf, readJournal } from './picture-journal.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption, toThreads } from './threads-option.js';

export const evaluateCommand: Command = {
  name: 'evaluate',
  argument: 'DIR|FILE',
  summary: 'Evaluates the pictures in DIR/<label>/, or a data set, by leave-one-out prediction.',
  details: `
Each example is predicted from all the others. Prints the leave-one-out accuracy, the confusion matrix (rows: true
class; columns: predicted class), the pair of classes that is confused most, examples that look mislabelled, and
near-duplicates. Examples of a data set are shown by their numbers, or by the names of their pictures when 'embed'
wrote the data set and its .pictures.jsonl file is beside it.

With --shots or --episodes, the command also teaches only a few random examples of each class and tests others. It
prints how the accuracy grows with the number of examples, and what more examples would bring.`,
  options: {
    k: { value: 'K', help: 'predict by the votes of the K nearest examples, instead of the default rule of predict()' },
    sample: { value: 'N', help: 'predict only N of the examples, spread evenly (default: all)' },
    shots: {
      value: 'N,N',
      help: `numbers of examples of each class for a learning curve\n(default: ${defaultShots.join(',')}, as far as there are so many)`,
    },
    episodes: {
      value: 'N',
      help: `number of random draws for each point of the curve (default: ${defaultEpisodes})`,
    },
    svg: { value: 'FILE', help: 'write the confusion matrix as an SVG image' },
    model: modelOption,
    layers: layersOption,
    embedding: embeddingOption,
    output: outputOption,
    'input-size': inputSizeOption,
    ...outsideFilesOption,
    threads: threadsOption,
    json: { help: 'print the result as JSON' },
  },
  run: evaluate,
};

/** Classifier that holds the examples to evaluate, and what is known about them. */
interface Taught {
  classifier: KnnClassifier;
  modelId: string;
  skipped: SkippedFile[];
  /** Returns the path of the example's picture, or 'example ID' when the path is not known. */
  nameOf(id: number): string;
}

async function evaluate(call: Call): Promise<ExitCode> {
  const { argument, values, out, err, signal } = call;
  const k = toCount(values, 'k');
  const how: PredictOptions = k === undefined ? {} : { rule: 'neighbours', k };
  const sample = toCount(values, 'sample');
  const shots = toCounts(values, 'shots');
  const episodes = toCount(values, 'episodes');
  const threads = toThreads(values);
  const taught = (await isFolder(argument)) ? await teachFolder(call, threads) : await teachDataset(argument, signal);
  const { classifier } = taught;
  try {
    const counts = Object.entries(await classifier.counts());
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    if (total < 2)
      throw new CommandError(
        `${argument} has ${total === 1 ? 'one example' : 'no examples'}. An evaluation needs at least two examples.`,
      );
    err.line(`Predicting ${Math.min(sample ?? total, total)} of ${total} examples from the others.`);
    const review = await classifier.review({ ...how, maxExamples: sample ?? total, signal });
    const matrix = toConfusionMatrix(
      counts.map(([label]) => label),
      review.confusion,
    );
    if (values['svg']) writeSvg(String(values['svg']), matrix, review);
    const curve =
      shots || episodes
        ? await measureTaught(
            taught,
            { how, shots: shots ?? defaultShots, episodes: episodes ?? defaultEpisodes },
            call,
          )
        : undefined;
    if (shots && curve) noteLeftOut(curve, err);
    const results = {
      curve,
      outlook: curve && toOutlook(curve),
      argument,
      k,
      total,
      counts,
      review,
      matrix,
      ...taught,
    };
    if (values['json']) out.json(toJson(results));
    else out.lines(toReport(results));
    return taught.skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } finally {
    classifier.dispose();
  }
}

async function isFolder(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isDirectory();
  } catch (cause) {
    throw new CommandError(`Can't read ${name}: ${reasonOf(cause)}.`, undefined, { cause });
  }
}

async function teachFolder({ argument: folder, values, err, signal }: Call, threads: number): Promise<Taught> {
  const { pictures, skipped } = await scanFolder(folder);
  const classifier = await openClassifier(values);
  try {
    const progress = new ProgressLine(err, pictures.length);
    const open = () => openClassifier(values);
    const results = await embedPictures({
      folder,
      pictures,
      known: new Map(),
      classifier,
      threads,
      open,
      signal,
      progress,
      skipped,
    }).finally(() => progress.end());
    signal.throwIfAborted();
    const names = new Map<number, string>();
    for (const [i, known] of results.entries()) {
      if (!known) continue;
      const [id] = await classifier.addExamples(known.embedding, [pictures[i]!.label]);
      names.set(id!, known.path);
    }
    return { classifier, modelId: classifier.model.id, skipped, nameOf: (id) => names.get(id) ?? `example ${id}` };
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

/** Loads a data set into a classifier without a network, because its embeddings are already computed. */
async function teachDataset(file: string, signal: AbortSignal): Promise<Taught> {
  const { modelId, embeddingSize } = await readDatasetHeader(file);
  const classifier = await loadKnn({ embeddingSize, id: modelId, threads: 1 });
  try {
    const bytes = await readFile(file);
    const names = await readNames(file, createHash('sha256').update(bytes).digest('hex'));
    await classifier.loadDataset(bytes, { signal });
    return { classifier, modelId, skipped: [], nameOf: (id) => names.get(id) ?? `example ${id}` };
  } catch (error) {
    classifier.dispose();
    throw error;
  }
}

/** Returns the pictures' paths by the ids of their examples. The ids of a data set that was changed since may be other pictures'. */
async function readNames(file: string, sha256: string): Promise<Map<number | undefined, string>> {
  const journal = await readJournal(journalOf(file)).catch(() => null);
  if (journal?.dataset !== sha256) return new Map();
  return new Map(journal.pictures.map(({ id, path }) => [id, path]));
}

function writeSvg(file: string, matrix: ConfusionMatrix, { accuracy, tested }: Review): void {
  replaceFile(file, toSvg(matrix, `${percent(accuracy)} of ${tested} examples correct`));
}

interface Results extends Taught {
  /** Undefined unless it was asked for. */
  curve: LearningCurve | undefined;
  outlook: Outlook | undefined;
  argument: string;
  /** Number of neighbours that vote; undefined for the default rule. */
  k: number | undefined;
  total: number;
  counts: [label: string, count: number][];
  review: Review;
  matrix: ConfusionMatrix;
}

/** JSON has no NaN: a share of nothing becomes null. */
const toShare = (share: number) => (Number.isNaN(share) ? null : share);

function toJson({ modelId, k, total, counts, review, matrix, curve, outlook, skipped, nameOf }: Results): object {
  return {
    model: modelId,
    k: k ?? null,
    examples: total,
    tested: review.tested,
    accuracy: toShare(review.accuracy),
    classes: counts.map(([label, count], i) => ({
      label,
      count,
      recall: toShare(matrix.recall[i]!),
      precision: toShare(matrix.precision[i]!),
    })),
    confusionMatrix: { labels: matrix.labels, counts: matrix.counts },
    mostConfusable: review.mostConfusable,
    mislabelled: review.outliers.map(({ id, label, suggestedLabel, confidence }) => ({
      id,
      name: nameOf(id),
      label,
      suggestedLabel,
      confidence,
    })),
    duplicates: review.duplicates.map(({ id, of, similarity }) => ({
      id,
      name: nameOf(id),
      of,
      nameOfOther: nameOf(of),
      similarity,
    })),
    temperature: review.temperature,
    prior: review.prior,
    sharpness: review.sharpness,
    learningCurve: curve ? { ...curve, outlook: outlook ?? null } : null,
    skipped,
  };
}

function toReport({ argument, k, total, review, matrix, curve, outlook, skipped, nameOf }: Results): string[] {
  const sample = review.tested < total ? ` (${review.tested} tested)` : '';
  const classes = matrix.labels.length;
  const lines = [
    `${argument}: ${total} examples${sample} in ${classes} ${classes === 1 ? 'class' : 'classes'}${k === undefined ? '' : `, k = ${k}`}`,
    `Leave-one-out accuracy: ${percent(review.accuracy)}`,
    '',
    ...toText(matrix),
  ];
  const section = (title: string, items: readonly string[]) =>
    items.length > 0 && lines.push('', title, ...items.map((item) => `  ${item}`));
  const pair = review.mostConfusable;
  if (pair)
    lines.push(
      '',
      `Most confused classes: '${pair.labels[0]}' and '${pair.labels[1]}' (${pair.confusions === 1 ? 'once' : `${pair.confusions} times`})`,
    );
  section(
    'Possibly mislabelled:',
    review.outliers.map(
      ({ id, label, suggestedLabel, confidence }) =>
        `${nameOf(id)}: labelled '${label}', predicted '${suggestedLabel}' (${percent(confidence)})`,
    ),
  );
  section(
    'Near-duplicates:',
    review.duplicates.map(({ id, of }) => `${nameOf(id)} and ${nameOf(of)}`),
  );
  if (curve) lines.push('', ...toCurveText(curve, outlook));
  if (skipped.length > 0) lines.push('', `Skipped pictures: ${skipped.length}`);
  return lines;
}
