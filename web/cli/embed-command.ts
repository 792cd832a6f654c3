// teachable-wasm embed DIR --out FILE: writes a data set from a folder of labelled pictures.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Classifier } from 'teachable-wasm';
import type { Call, Command } from './command-line.js';
import { embedPictures } from './embedder.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';
import { type LabelledPicture, type SkippedFile, scanFolder } from './folder-scan.js';
import { IncomingFile } from './incoming-file.js';
import { layersOption } from './layers-option.js';
import { outsideFilesOption } from './model-files.js';
import {
  describeEmbeddings,
  embeddingOption,
  inputSizeOption,
  modelOption,
  openClassifier,
  outputOption,
} from './model-option.js';
import { type Journal, JournalWriter, journalOf, type KnownPicture, readJournal } from './picture-journal.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption, toThreads } from './threads-option.js';

export const embedCommand: Command = {
  name: 'embed',
  argument: 'DIR',
  summary: 'Writes a data set from the pictures in DIR/<label>/, which loadDataset() reads.',
  details: `
Embeddings are kept in FILE.pictures.jsonl as they are computed. After Ctrl+C or a crash, the same command continues
where it stopped. Later runs compute only new and changed pictures. A picture that is damaged, truncated or in an
unsupported format is named and skipped (exit code 3).`,
  options: {
    out: { value: 'FILE', help: 'the data set to write, usually data.tmkn (required)' },
    model: modelOption,
    layers: layersOption,
    embedding: embeddingOption,
    output: outputOption,
    'input-size': inputSizeOption,
    ...outsideFilesOption,
    threads: threadsOption,
    force: {
      help: 'replace FILE even if it was not written by this command or\nwas changed since, for example taught further',
    },
    json: { help: 'print the result as JSON' },
  },
  run: embed,
};

async function embed({ argument: folder, values, out, err, signal }: Call): Promise<ExitCode> {
  const target = values['out'] as string | undefined;
  if (!target)
    throw new CommandError(
      "The command 'embed' needs the option --out, the file to write, such as --out data.tmkn.",
      exitCodes.usage,
    );
  const threads = toThreads(values);
  const journalFile = journalOf(target);
  const isForced = values['force'] === true;
  const replaced = await openTarget(target);
  const before = await readJournal(journalFile);
  if (!isForced) checkOwner(target, replaced, before);
  const { pictures, skipped, emptyLabels } = await scanFolder(folder);
  for (const label of emptyLabels) err.line(`Note: The folder '${label}' has no pictures.`);

  const classifier = await openClassifier(values);
  try {
    const model = await describeEmbeddings(values, classifier);
    const { embeddingSize } = classifier.model;
    const known = before && (await readJournal(journalFile, embeddingSize));
    const sameModel = JSON.stringify(known?.model) === JSON.stringify(model);
    if (known?.model && !sameModel)
      err.line(
        `Note: ${target} was made with another model or other preprocessing, so all pictures are computed again.`,
      );
    else if (known && known.damaged > 0)
      err.line(
        `Note: ${known.damaged} ${known.damaged === 1 ? 'line' : 'lines'} of ${journalFile} can't be used, so these pictures are computed again.`,
      );
    const kept = known && sameModel ? known.pictures : [];
    const owned = { dataset: before?.dataset, replaces: before?.replaces };
    const journal = new JournalWriter(journalFile, { model, ...owned }, kept);
    const progress = new ProgressLine(err, pictures.length);
    let computed = 0;
    let results: (KnownPicture | undefined)[];
    try {
      results = await embedPictures({
        folder,
        pictures,
        known: new Map(kept.map(({ sha256, embedding }) => [sha256, embedding])),
        classifier,
        threads,
        open: () => openClassifier(values),
        signal,
        progress,
        skipped,
        onComputed(picture) {
          journal.add(picture);
          computed += 1;
        },
      });
    } finally {
      progress.end();
      journal.close();
    }
    if (signal.aborted) {
      err.line(
        `Interrupted. The embeddings of ${kept.length + computed} pictures are kept. Run the same command again to continue.`,
      );
      return exitCodes.interrupted;
    }
    const used = results.flatMap((known, i) => (known ? [{ ...known, label: pictures[i]!.label }] : []));
    if (used.length === 0)
      throw new CommandError(
        `No picture in ${folder} can be used (${pictures.length} tried), so ${target} was not written.`,
      );
    await writeDataset({ classifier, used, target, journalFile, model, replaced, isForced });
    report({ out, values, target, used, computed, skipped });
    return skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } finally {
    classifier.dispose();
  }
}

/**
 * Checks the target before the long computation, not after it.
 * @returns SHA-256 of the file that is there; undefined without one
 * @throws CommandError when it can't be written
 */
async function openTarget(target: string): Promise<string | undefined> {
  const folder = path.dirname(path.resolve(target));
  if (!existsSync(folder)) throw new CommandError(`The folder ${folder} of --out does not exist. Make it first.`);
  const old = statSync(target, { throwIfNoEntry: false });
  if (old?.isDirectory()) throw new CommandError(`--out ${target} is a folder. Give the name of a file.`);
  // This tells at once when the folder can't be written.
  new IncomingFile(target).close();
  return sha256Of(target);
}

async function sha256Of(file: string): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (cause) {
    throw new CommandError(`Can't read ${file}: ${reasonOf(cause)}.`, undefined, { cause });
  }
  return hash.digest('hex');
}

/** Checks that the target holds only what this command wrote. @throws CommandError when examples would be lost */
function checkOwner(target: string, sha256: string | undefined, journal: Journal | null): void {
  if (sha256 === undefined || (journal && [journal.dataset, journal.replaces].includes(sha256))) return;
  const reason = journal?.dataset
    ? 'was changed after this command had written it, for example taught further'
    : 'already exists and was not written by this command';
  throw new CommandError(
    `The file ${target} ${reason}, so its examples would be lost. Choose another name, or replace it with --force.`,
  );
}

interface Finished {
  classifier: Classifier;
  used: (KnownPicture & LabelledPicture)[];
  target: string;
  journalFile: string;
  model: object;
  /** SHA-256 of the data set that was there at the start. */
  replaced: string | undefined;
  isForced: boolean;
}

async function writeDataset({
  classifier,
  used,
  target,
  journalFile,
  model,
  replaced,
  isForced,
}: Finished): Promise<void> {
  const size = classifier.model.embeddingSize;
  const embeddings = new Float32Array(used.length * size);
  used.forEach(({ embedding }, i) => embeddings.set(embedding, i * size));
  const ids = await classifier.addExamples(
    embeddings,
    used.map(({ label }) => label),
  );
  const bytes = new Uint8Array(await (await classifier.saveDataset()).arrayBuffer());
  const incoming = new IncomingFile(target);
  try {
    incoming.write(bytes);
    if (!isForced && (await sha256Of(target)) !== replaced)
      throw new CommandError(
        `The file ${target} was changed while this command ran, so it was not replaced. The embeddings are kept: run the same command again.`,
      );
    // The journal is written first, so that a data set always has the names of its pictures.
    const dataset = createHash('sha256').update(bytes).digest('hex');
    new JournalWriter(
      journalFile,
      { model, dataset, replaces: replaced },
      used.map(({ sha256, path: name, embedding }, i) => ({ sha256, path: name, embedding, id: ids[i] })),
    ).close();
    incoming.commit();
  } finally {
    incoming.close();
  }
}

interface Outcome extends Pick<Call, 'out' | 'values'> {
  target: string;
  used: readonly LabelledPicture[];
  computed: number;
  skipped: readonly SkippedFile[];
}

function report({ out, values, target, used, computed, skipped }: Outcome): void {
  const counts = new Map<string, number>();
  for (const { label } of used) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (values['json']) {
    const classes = [...counts].map(([label, count]) => ({ label, count }));
    out.json({ file: target, examples: used.length, computed, classes, skipped });
    return;
  }
  const bytes = statSync(target).size;
  out.line(
    `${target}: ${used.length} ${used.length === 1 ? 'example' : 'examples'} in ${counts.size} ${counts.size === 1 ? 'class' : 'classes'}, ${(bytes / 1e6).toFixed(2)} MB. Computed in this run: ${computed}. Skipped: ${skipped.length}.`,
  );
  for (const [label, count] of counts) out.line(`  ${String(count).padStart(6)}  ${label}`);
}
