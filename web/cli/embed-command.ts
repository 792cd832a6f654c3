// teachable-wasm embed DIR --out FILE: writes a data set from a folder of labelled pictures.

import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Classifier } from 'teachable-wasm';
import type { Call, Command } from './command-line.js';
import { embedPictures } from './embedder.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';
import { type LabelledPicture, type SkippedFile, scanFolder } from './folder-scan.js';
import { layersOption } from './layers-option.js';
import { describeEmbeddings, modelOption, openClassifier } from './model-option.js';
import { JournalWriter, journalOf, type KnownPicture, readJournal } from './picture-journal.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption, toThreads } from './threads-option.js';
import { visible } from './visible.js';

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
    threads: threadsOption,
    force: { help: 'replace FILE even if this command did not write it' },
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
  checkTarget(target, journalFile, values['force'] === true);
  const { pictures, skipped, emptyLabels } = await scanFolder(folder);
  for (const label of emptyLabels) err.write(`Note: The folder '${visible(label)}' has no pictures.\n`);

  const classifier = await openClassifier(values);
  try {
    const model = await describeEmbeddings(values, classifier);
    const before = await readJournal(journalFile);
    const sameModel = JSON.stringify(before?.model) === JSON.stringify(model);
    if (before?.model && !sameModel)
      err.write(
        `Note: ${visible(target)} was made with another model or other preprocessing, so all pictures are computed again.\n`,
      );
    const kept = before && sameModel ? before.pictures : [];
    const journal = new JournalWriter(journalFile, model, kept);
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
      err.write(
        `Interrupted. The embeddings of ${kept.length + computed} pictures are kept. Run the same command again to continue.\n`,
      );
      return exitCodes.interrupted;
    }
    const used = results.flatMap((known, i) => (known ? [{ ...known, label: pictures[i]!.label }] : []));
    if (used.length === 0)
      throw new CommandError(
        `No picture in ${visible(folder)} can be used (${pictures.length} tried), so ${visible(target)} was not written.`,
      );
    await writeDataset(classifier, used, target, journalFile, model);
    report({ out, values, target, used, computed, skipped });
    return skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } finally {
    classifier.dispose();
  }
}

/** Checks the target before the long computation, not after it. @throws CommandError when it can't be written */
function checkTarget(target: string, journalFile: string, force: boolean): void {
  const folder = path.dirname(path.resolve(target));
  if (!existsSync(folder))
    throw new CommandError(`The folder ${visible(folder)} of --out does not exist. Make it first.`);
  if (!existsSync(target)) return;
  if (statSync(target).isDirectory())
    throw new CommandError(`--out ${visible(target)} is a folder. Give the name of a file.`);
  if (!force && !existsSync(journalFile)) {
    throw new CommandError(
      `The file ${visible(target)} already exists and was not written by this command, so its examples would be lost. Choose another name, or replace it with --force.`,
    );
  }
}

async function writeDataset(
  classifier: Classifier,
  used: (KnownPicture & LabelledPicture)[],
  target: string,
  journalFile: string,
  model: object,
): Promise<void> {
  const size = classifier.model.embeddingSize;
  const embeddings = new Float32Array(used.length * size);
  used.forEach(({ embedding }, i) => embeddings.set(embedding, i * size));
  const ids = await classifier.addExamples(
    embeddings,
    used.map(({ label }) => label),
  );
  const file = new Uint8Array(await (await classifier.saveDataset()).arrayBuffer());
  const incoming = `${target}.incoming`;
  try {
    writeFileSync(incoming, file);
    // The journal is written first, so that a data set always has the names of its pictures.
    new JournalWriter(
      journalFile,
      model,
      used.map(({ sha256, path: name, embedding }, i) => ({ sha256, path: name, embedding, id: ids[i] })),
    ).close();
    renameSync(incoming, target);
  } catch (cause) {
    rmSync(incoming, { force: true });
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`Can't write ${visible(target)}: ${reasonOf(cause)}.`, undefined, { cause });
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
    out.write(`${JSON.stringify({ file: target, examples: used.length, computed, classes, skipped }, null, 2)}\n`);
    return;
  }
  const bytes = statSync(target).size;
  out.write(
    `${visible(target)}: ${used.length} ${used.length === 1 ? 'example' : 'examples'} in ${counts.size} ${counts.size === 1 ? 'class' : 'classes'}, ${(bytes / 1e6).toFixed(2)} MB. Computed in this run: ${computed}. Skipped: ${skipped.length}.\n`,
  );
  for (const [label, count] of counts) out.write(`  ${String(count).padStart(6)}  ${visible(label)}\n`);
}
