// The files of projects: pictures in folders and archives, and all projects in one file.

import { type Classifier, load } from 'teachable-wasm';
import type { Engine } from '../app/engine.js';
import { failureOf } from '../app/failure.js';
import type { Recognition } from '../app/recognition.js';
import { readUrlOptions } from '../app/url-options.js';
import { Dataset } from '../dataset/dataset.js';
import { datedFileName, download } from '../dataset/files.js';
import { SkippedFiles } from '../dataset/skipped-files.js';
import { maxClasses, type Slots } from '../dataset/slots.js';
import type { UndoHistory } from '../dataset/undo-history.js';
import { listSome } from '../dom/format.js';
import { drawThumbnail, encodeThumbnail } from '../dom/thumbnails.js';
import { showAlert } from '../panels/alert.js';
import { errorSentence } from '../panels/error-text.js';
import type { Preview } from '../panels/preview.js';
import { showStatus } from '../panels/status-line.js';
import { datasetKey, partsOfKey } from '../storage/dataset-key.js';
import type { DatasetStore } from '../storage/store.js';
import { texts } from '../texts/texts.js';
import { openZip, type ZipFile } from '../zip/read-zip.js';
import { ZipError } from '../zip/zip-error.js';
import { classesOfPaths } from './classes-of-paths.js';
import { exportPictures, labelsOfComment } from './export-pictures.js';
import {
  exportProjects,
  importProjects,
  isProjectsZip,
  type WholeDataset,
  type WholeProject,
} from './export-projects.js';
import { type ImportParts, type ImportPicture, type ImportResult, importPictures } from './import-pictures.js';
import { ImportProgress } from './import-progress.js';
import { nameOf } from './name-of.js';
import type { Projects } from './projects.js';
import { type FoundFile, filesOfChoice, filesOfEntries, maxFiles } from './read-files.js';
import { type KeptPictures, reteach } from './reteach.js';

/** Limits of archives. A project's data set may be large. */
const zipLimits = { entries: maxFiles, fileBytes: 1 << 30, totalBytes: 4 * 2 ** 30 };
/** Larger pictures are refused by the engine anyway. */
const maxPictureBytes = 100 << 20;
const maxClassesInStatus = 10;

/** The parts of the page that the files use. */
export interface ProjectFilesParts {
  engine: Engine;
  dataset: Dataset;
  slots: Slots;
  history: UndoHistory;
  preview: Preview;
  recognition: Recognition;
  projects: Projects;
  store: DatasetStore;
  /** Returns the key of the data set that the page shows; '' before there is one. */
  openKey(): string;
}

/** Handles the files of projects. */
export class ProjectFiles {
  readonly #parts: ProjectFilesParts;

  constructor(parts: ProjectFilesParts) {
    this.#parts = parts;
  }

  /** Opens an archive: pictures, or all projects of an export. */
  async openArchive(file: File): Promise<void> {
    let zip: ZipFile;
    try {
      zip = await openZip(file, zipLimits);
      if (isProjectsZip(zip)) return await this.#importProjects(zip);
    } catch (error) {
      return showAlert(`${file.name}: ${sentenceOf(error)}`);
    }
    const labels = labelsOfComment(zip.comment);
    const paths = zip.entries.map(({ path }) => path);
    const found = classesOfPaths(paths, file.name);
    await this.#importFound(
      file.name,
      paths,
      found.map(({ label, ...each }) => ({
        ...each,
        label: label === undefined ? label : (labels.get(label) ?? label),
      })),
      async (index) => {
        const entry = zip.entries[index]!;
        if (entry.size > maxPictureBytes) throw new ZipError('too-large');
        return new Blob([await entry.read()]);
      },
    );
  }

  /** Opens files that were chosen with their folder. */
  async openFolder(files: File[]): Promise<void> {
    const [folder = ''] = files[0]?.webkitRelativePath.split('/') ?? [];
    await this.#openFiles(folder || files[0]!.name, filesOfChoice(files));
  }

  /** Opens folders that were dropped, and files beside them. */
  async openEntries(entries: readonly FileSystemEntry[]): Promise<void> {
    const name = entries.map((entry) => entry.name).join(', ');
    showStatus(texts.projects.reading(name));
    await this.#openFiles(name, await filesOfEntries(entries));
  }

  /** Downloads the pictures of the project. */
  async exportPictures(): Promise<void> {
    const { dataset } = this.#parts;
    const { file, count, without } = await exportPictures(
      dataset.classes.map(({ label, ids }) => ({ label, pictures: ids.map((id) => dataset.thumbnail(id)) })),
    );
    if (count === 0) return showStatus(texts.projects.noPictures);
    download(file, datedFileName('pictures', 'zip'));
    showStatus(texts.projects.exportedPictures(count, without));
  }

  /** Downloads all projects that are not deleted, with their settings and examples. */
  async exportAll(): Promise<void> {
    const { projects } = await this.#parts.projects.lists();
    const file = await exportProjects(this.#wholeProjects(), texts.projects.unnamed);
    download(file, datedFileName('projects', 'zip'));
    showStatus(texts.projects.exportedAll(projects.length));
  }

  async *#wholeProjects(): AsyncGenerator<WholeProject> {
    const { projects, store, dataset, slots, engine } = this.#parts;
    const keys = await store.keys();
    const openKey = this.#parts.openKey();
    const joiner = new JournalJoiner(engine.classifier);
    try {
      for (const { project } of (await projects.lists()).projects) {
        const datasets: WholeDataset[] = [];
        for (const key of keys.filter((each) => partsOfKey(each).projectId === project.id && each !== openKey)) {
          const { file, changes, slots } = (await store.read(key))!;
          const { network } = partsOfKey(key);
          datasets.push({ network, slots, ...(await joiner.join(network, file, changes)) });
        }
        // The page knows more of its own project than the database does while saving fails.
        if (project.id === projects.id && openKey !== '')
          datasets.unshift({
            network: partsOfKey(openKey).network,
            file: await dataset.toFile(),
            changes: [],
            slots: slots.all(),
          });
        yield { project, datasets };
      }
    } finally {
      joiner.dispose();
    }
  }

  async #importProjects(zip: ZipFile): Promise<void> {
    const { projects, store } = this.#parts;
    const lists = await projects.lists();
    const result = await importProjects(
      zip,
      lists.projects.map(({ project }) => project.name),
      {
        add: (record) => projects.store.add(record),
        write: (key, record, changes, expected) => store.write(key, record, changes, expected),
      },
    );
    showAlert(texts.projects.imported(result.names.map((name) => nameOf({ name })).join(', '), result.damaged));
  }

  async #openFiles(name: string, files: FoundFile[]): Promise<void> {
    const paths = files.map(({ path }) => path);
    await this.#importFound(name, paths, classesOfPaths(paths, name), (index) => files[index]!.file());
    if (files.length >= maxFiles) showAlert(texts.projects.tooManyFiles(maxFiles));
  }

  async #importFound(
    name: string,
    paths: readonly string[],
    found: ReturnType<typeof classesOfPaths>,
    read: (index: number) => Promise<Blob>,
  ): Promise<void> {
    const { dataset } = this.#parts;
    const words = texts.projects;
    const skipped = new SkippedFiles();
    const pictures: ImportPicture[] = [];
    for (const { index, label, problem } of found) {
      const path = paths[index]!;
      if (label === undefined) skipped.add(path, problem === 'beside' ? words.beside : words.notPicture);
      else pictures.push({ path, label, read: () => read(index) });
    }
    const labels = new Set([...dataset.classes.map((each) => each.label), ...pictures.map(({ label }) => label)]);
    if (pictures.length === 0) {
      showAlert([words.noFiles(name), ...(skipped.count > 0 ? [skipped.describe(found.length)] : [])].join('\n'));
      return showStatus('');
    }
    if (labels.size > maxClasses) return showAlert(words.tooManyClasses(maxClasses));
    await this.#runImport(name, found.length, skipped, (parts) =>
      importPictures(pictures, words.undoImport(name), {
        ...parts,
        teach: (picture, label) => this.#teach(picture, label),
      }),
    );
  }

  /** Teaches kept pictures to the network in use. */
  async reteach(kept: KeptPictures): Promise<void> {
    const name = texts.projects.keptPictures;
    await this.#runImport(name, kept.pictures.length, new SkippedFiles(), (parts) => reteach(kept, name, parts));
  }

  /** Shows the progress of an import, and afterwards what was added and skipped. */
  async #runImport(
    name: string,
    total: number,
    skipped: SkippedFiles,
    run: (parts: Omit<ImportParts, 'teach'>) => Promise<ImportResult>,
  ): Promise<void> {
    const { engine, dataset, slots, history, recognition } = this.#parts;
    const words = texts.projects;
    const progress = new ImportProgress(name);
    try {
      const result = await run({
        dataset,
        slots,
        history,
        onProgress: (done, all) => progress.show(done, all),
        onSkip: async (path, error) => {
          skipped.add(path, sentenceOf(error));
          // An engine that was lost is started again for the next picture.
          if (['lost', 'doubtful'].includes(failureOf(error))) await engine.onError(error);
        },
        signal: progress.signal,
      });
      if (result.stopped) showStatus(words.stopped(result.added));
      else if (result.added === 0) showStatus(words.addedNone);
      else showStatus(words.added(result.added, total, listSome(result.labels, maxClassesInStatus)));
      if (skipped.count > 0) showAlert(skipped.describe(total));
    } finally {
      progress.remove();
    }
    await recognition.refresh();
  }

  async #teach(picture: Blob, label: string): Promise<number> {
    const { engine, dataset, preview } = this.#parts;
    if (!(await engine.whenRestarted())) throw new Error(texts.projects.unreadable);
    const bitmap = await createImageBitmap(picture, { imageOrientation: 'from-image' }).catch(() => null);
    const source = bitmap && { image: bitmap, mirrored: false, crop: preview.crop };
    const options = { k: 1, topk: 0, smoothing: 0 };
    const makePicture = async () => (source ? encodeThumbnail(drawThumbnail(source)) : undefined);
    const { exampleId } = await dataset
      .teach(picture, () => label, options, makePicture)
      .finally(() => bitmap?.close());
    return exampleId!;
  }
}

/** Makes one file of a stored file and the changes since then, with an engine of its own. The page's engine has other examples. */
class JournalJoiner {
  readonly #model: Classifier['model'] | undefined;
  #engine: Promise<Classifier> | undefined;

  constructor(open: Classifier | null) {
    this.#model = open?.model;
  }

  /** Returns the file alone, or the file with the changes beside it when they belong to another network. */
  async join(
    network: string,
    file: Blob,
    changes: WholeDataset['changes'],
  ): Promise<Pick<WholeDataset, 'file' | 'changes'>> {
    const model = this.#model;
    const isOfOpenNetwork = model && datasetKey(model) === network;
    if (changes.length === 0 || !isOfOpenNetwork) return { file, changes };
    try {
      this.#engine ??= load({ ...readUrlOptions(location.search), layers: model.layers });
      const dataset = new Dataset(() => {});
      await dataset.attach(await this.#engine);
      await dataset.openStored(file, changes);
      return { file: await dataset.toFile(), changes: [] };
    } catch {
      return { file, changes };
    }
  }

  dispose(): void {
    void this.#engine?.then((engine) => engine.dispose()).catch(() => {});
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof ZipError) return texts.projects.zip[error.problem];
  return error instanceof Error && error.message ? errorSentence(error) : texts.projects.unreadable;
}
