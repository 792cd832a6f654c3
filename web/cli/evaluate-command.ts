// teachable-wasm evaluate DIR|FILE: how well examples predict each other.

import { readFile, stat, writeFile } from 'node:fs/promises';
import type { KnnClassifier, Review } from 'teachable-wasm';
import { loadKnn } from 'teachable-wasm/knn';
import { type Call, type Command, toCount } from './command-line.js';
import { type ConfusionMatrix, toConfusionMatrix } from './confusion-matrix.js';
import { toSvg } from './confusion-svg.js';
import { percent, toText } from './confusion-text.js';
import { readDatasetHeader } from './dataset-header.js';
import { embedPictures } from './embedder.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';
import { type SkippedFile, scanFolder } from './folder-scan.js';
import { modelOption, openClassifier } from './model-option.js';
import { journalOf, readJournal } from './picture-journal.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption, toThreads } from './threads-option.js';
import { visible } from './visible.js';

export const evaluateCommand: Command = {
  name: 'evaluate',
  subject: 'DIR|FILE',
  summary: 'Judges the pictures in DIR/<label>/, or a data set: each example is predicted from all others.',
  details: `
Prints the leave-one-out accuracy, the confusion matrix (rows: what examples are; columns: what they were taken for),
the pair of classes that is confused most, examples that look mislabelled, and duplicates. Examples of a data set
have numbers; they have names when 'embed' wrote it and its .pictures.jsonl is beside it.`,
  options: {
    k: { value: 'K', help: 'neighbours that vote (default: 3)' },
    sample: { value: 'N', help: 'predict N of the examples only, spread evenly (default: all)' },
    svg: { value: 'FILE', help: 'the confusion matrix as a picture' },
    model: modelOption,
    threads: threadsOption,
    json: { help: 'the result as JSON' },
  },
  run: evaluate,
};

/** What there is to judge, taught to a classifier. */
interface Taught {
  classifier: KnnClassifier;
  modelId: string;
  skipped: SkippedFile[];
  /** The picture's path, or the example's number. */
  nameOf(id: number): string;
}

async function evaluate(call: Call): Promise<ExitCode> {
  const { subject, values, out, err, signal } = call;
  const k = toCount(values, 'k') ?? 3;
  const sample = toCount(values, 'sample');
  const threads = toThreads(values);
  const taught = (await isFolderNotFile(subject))
    ? await teachFolder(call, threads)
    : await teachDataset(subject, signal);
  const { classifier } = taught;
  try {
    const counts = Object.entries(await classifier.counts());
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    if (total < 2)
      throw new CommandError(
        `${subject} has ${total === 1 ? 'one example' : 'no examples'}; at least two are needed to predict one from the others.`,
      );
    err.write(`Predicting ${Math.min(sample ?? total, total)} of ${total} examples from the others\n`);
    const review = await classifier.review({ k, mostExamples: sample ?? total, signal });
    const matrix = toConfusionMatrix(
      counts.map(([label]) => label),
      review.confusion,
    );
    if (values['svg']) await writeSvg(String(values['svg']), matrix, review);
    const results = { subject, k, total, counts, review, matrix, ...taught };
    out.write(values['json'] ? `${JSON.stringify(toJson(results), null, 2)}\n` : toReport(results));
    return taught.skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } finally {
    classifier.dispose();
  }
}

/** True for a folder. */
async function isFolderNotFile(subject: string): Promise<boolean> {
  try {
    return (await stat(subject)).isDirectory();
  } catch (cause) {
    throw new CommandError(`${subject} can't be read: ${reasonOf(cause)}.`, undefined, { cause });
  }
}

async function teachFolder({ subject: folder, values, err, signal }: Call, threads: number): Promise<Taught> {
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

/** The examples need no network to be compared with each other. */
async function teachDataset(file: string, signal: AbortSignal): Promise<Taught> {
  const { modelId, embeddingSize } = await readDatasetHeader(file);
  const classifier = await loadKnn({ embeddingSize, id: modelId, threads: 1 });
  try {
    await classifier.loadDataset(await readFile(file), { signal });
  } catch (error) {
    classifier.dispose();
    throw error;
  }
  const journal = await readJournal(journalOf(file)).catch(() => null);
  const names = new Map(journal?.pictures.map(({ id, path }) => [id, path]));
  return { classifier, modelId, skipped: [], nameOf: (id) => names.get(id) ?? `example ${id}` };
}

async function writeSvg(file: string, matrix: ConfusionMatrix, { accuracy, tested }: Review): Promise<void> {
  try {
    await writeFile(file, toSvg(matrix, `${percent(accuracy)} of ${tested} examples right`));
  } catch (cause) {
    throw new CommandError(`${file} can't be written: ${reasonOf(cause)}.`, undefined, { cause });
  }
}

interface Results extends Taught {
  subject: string;
  k: number;
  total: number;
  counts: [label: string, count: number][];
  review: Review;
  matrix: ConfusionMatrix;
}

const toShare = (share: number) => (Number.isNaN(share) ? null : share);

function toJson({ modelId, k, total, counts, review, matrix, skipped, nameOf }: Results): object {
  return {
    model: modelId,
    k,
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
    skipped,
  };
}

function toReport({ subject, k, total, review, matrix, skipped, nameOf }: Results): string {
  const sample = review.tested < total ? `, ${review.tested} of them tested` : '';
  const lines = [
    `${subject}: ${total} examples of ${matrix.labels.length} classes${sample}; k = ${k}`,
    `Leave-one-out accuracy: ${percent(review.accuracy)}`,
    '',
    toText(matrix),
  ];
  const section = (title: string, items: readonly string[]) =>
    items.length > 0 && lines.push('', title, ...items.map((item) => `  ${visible(item)}`));
  const pair = review.mostConfusable;
  if (pair)
    lines.push(
      '',
      `Confused most: '${visible(pair.labels[0])}' and '${visible(pair.labels[1])}', ${pair.confusions === 1 ? 'once' : `${pair.confusions} times`}.`,
    );
  section(
    'Perhaps mislabelled:',
    review.outliers.map(
      ({ id, label, suggestedLabel, confidence }) =>
        `${nameOf(id)}: '${label}', its neighbours say '${suggestedLabel}' (${percent(confidence)})`,
    ),
  );
  section(
    'All but the same:',
    review.duplicates.map(({ id, of }) => `${nameOf(id)} and ${nameOf(of)}`),
  );
  if (skipped.length > 0) lines.push('', `${skipped.length} skipped.`);
  return `${lines.join('\n')}\n`;
}
