// teachable-wasm embed DIR --out FILE: a folder of labelled pictures to a data set.

import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Classifier } from 'teachable-wasm';
import type { Call, Command } from './command-line.js';
import { embedPictures } from './embedder.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';
import { type LabelledPicture, type SkippedFile, scanFolder } from './folder-scan.js';
import { describeEmbeddings, modelOption, openClassifier } from './model-option.js';
import { JournalWriter, journalOf, type KnownPicture, readJournal } from './picture-journal.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption, toThreads } from './threads-option.js';
import { visible } from './visible.js';

export const embedCommand: Command = {
  name: 'embed',
  subject: 'DIR',
  summary: 'Makes a data set of the pictures in DIR/<label>/: what taught examples would be, for a browser to load.',
  details: `
What was computed is kept in FILE.pictures.jsonl. A run that was interrupted, by Ctrl+C or by a crash, goes on from
there; later runs compute new and changed pictures only. Damaged pictures are named and left out (exit code 3).`,
  options: {
    out: { value: 'FILE', help: 'the data set to write, by custom data.tmkn (needed)' },
    model: modelOption,
    threads: threadsOption,
    force: { help: "replace a FILE that this command hasn't written" },
    json: { help: 'the result as JSON' },
  },
  run: embed,
};

async function embed({ subject: folder, values, out, err, signal }: Call): Promise<ExitCode> {
  const target = values['out'] as string | undefined;
  if (!target) throw new CommandError("'embed' needs the file to write: --out data.tmkn.", exitCodes.usage);
  const threads = toThreads(values);
  const journalFile = journalOf(target);
  checkTarget(target, journalFile, values['force'] === true);
  const { pictures, skipped, emptyLabels } = await scanFolder(folder);
  for (const label of emptyLabels) err.write(`Note: the folder '${visible(label)}' has no pictures.\n`);

  const classifier = await openClassifier(values);
  try {
    const model = await describeEmbeddings(values, classifier);
    const before = await readJournal(journalFile);
    const sameModel = JSON.stringify(before?.model) === JSON.stringify(model);
    if (before?.model && !sameModel)
      err.write(`Note: ${target} was made with another model; all pictures are computed anew.\n`);
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
        `Interrupted; what was computed is kept (${kept.length + computed} pictures). Run the same command again to go on.\n`,
      );
      return exitCodes.interrupted;
    }
    const used = results.flatMap((known, i) => (known ? [{ ...known, label: pictures[i]!.label }] : []));
    if (used.length === 0)
      throw new CommandError(
        `None of the ${pictures.length} pictures in ${folder} can be used; ${target} is not written.`,
      );
    await writeDataset(classifier, used, target, journalFile, model);
    report({ out, values, target, used, computed, skipped });
    return skipped.length > 0 ? exitCodes.skipped : exitCodes.done;
  } finally {
    classifier.dispose();
  }
}

/** Before hours of work, not after. */
function checkTarget(target: string, journalFile: string, force: boolean): void {
  const folder = path.dirname(path.resolve(target));
  if (!existsSync(folder)) throw new CommandError(`The folder ${folder} for --out does not exist.`);
  if (!existsSync(target)) return;
  if (statSync(target).isDirectory()) throw new CommandError(`--out ${target} is a folder; wanted the name of a file.`);
  if (!force && !existsSync(journalFile)) {
    throw new CommandError(
      `${target} is there already, and was not written by this command: what was taught in it would be lost. Give another name, or --force.`,
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
    // The journal first: a data set never lies there without the names of its pictures.
    new JournalWriter(
      journalFile,
      model,
      used.map(({ sha256, path: name, embedding }, i) => ({ sha256, path: name, embedding, id: ids[i] })),
    ).close();
    renameSync(incoming, target);
  } catch (cause) {
    rmSync(incoming, { force: true });
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`${target} can't be written: ${reasonOf(cause)}.`, undefined, { cause });
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
    `${target}: ${used.length} examples of ${counts.size} ${counts.size === 1 ? 'class' : 'classes'}, ${(bytes / 1e6).toFixed(2)} MB; ${computed} computed in this run, ${skipped.length} skipped.\n`,
  );
  for (const [label, count] of counts) out.write(`  ${String(count).padStart(6)}  ${visible(label)}\n`);
}
