// Connects the projects with the page: the bar in the head, the menu, files, and what the visitor is told.

import { datedFileName, download, isArchive } from '../dataset/files.js';
import { byId } from '../dom/elements.js';
import { showAlert } from '../panels/alert.js';
import { askToConfirm } from '../panels/confirm.js';
import { errorSentence } from '../panels/error-text.js';
import { showStatus } from '../panels/status-line.js';
import type { ProjectState } from '../project/project.js';
import type { Database } from '../storage/database.js';
import type { Persistence } from '../storage/persistence.js';
import { toRawFile } from '../storage/raw-file.js';
import { texts } from '../texts/texts.js';
import { nameOf } from './name-of.js';
import { ProjectBar } from './project-bar.js';
import type { ProjectFiles, ProjectFilesParts } from './project-files.js';
import type { ProjectDamage } from './project-record.js';
import { Projects } from './projects.js';
import { keptPictures } from './reteach.js';

/** Functions and data that the projects need from the rest of the page. */
export interface ProjectParts {
  project: ProjectState;
  database: Database;
  persistence: Persistence;
  /** Called when a file is needed first. */
  files(): Omit<ProjectFilesParts, 'projects'>;
}

/** The projects on the page. */
export interface PageProjects {
  /** Opens the project of this tab. */
  open(): Promise<void>;
  /** Tells about a project that was deleted right before, unless there is something more important to tell. */
  tellDeleted(): Promise<void>;
  /** Keeps the pictures of the examples for the network with which the page starts next. Resolves also when there is no space for them. */
  keepPictures(): Promise<void>;
  /** Offers to teach kept pictures, if this project has no examples of the network yet. */
  offerPictures(): Promise<void>;
  /** Opens a dropped or chosen file if it is an archive. Returns false for other files. */
  openFile(file: File): boolean;
  openFolders(entries: FileSystemEntry[]): void;
}

/** Shows the bar and returns what the page calls. */
export function startProjects({ project, database, persistence, files }: ProjectParts): PageProjects {
  const projects = new Projects(database, project, {
    saveExamples: () => persistence.saveNow(),
    mayLose: () => askToConfirm(texts.projects.leaveQuestion, texts.projects.leave),
    onState: (state, error) => bar.showState(state, error),
    onDamaged: (parts) => showDamaged(projects, parts),
  });
  let loadingFiles: Promise<ProjectFiles> | undefined;
  const loadFiles = () =>
    (loadingFiles ??= import('./project-files.js').then(
      ({ ProjectFiles }) => new ProjectFiles({ ...files(), projects }),
      (error) => {
        // The next call tries again.
        loadingFiles = undefined;
        throw error;
      },
    ));
  const bar = new ProjectBar(project, async (root) => {
    const { ProjectMenu } = await import('./project-menu.js');
    return new ProjectMenu(root, {
      project,
      projects,
      attempt,
      openArchive: async (file) => (await loadFiles()).openArchive(file),
      openFolder: async (chosen) => (await loadFiles()).openFolder(chosen),
      exportPictures: async () => (await loadFiles()).exportPictures(),
      exportAll: async () => (await loadFiles()).exportAll(),
      close: () => bar.close(),
    });
  });
  return {
    open: () => projects.open(),
    async tellDeleted() {
      const deleted = await projects.justDeleted().catch(() => undefined);
      if (!deleted) return;
      const text = texts.projects.deleted(nameOf(deleted.project));
      if (byId('alert').hidden)
        showAlert(text, [texts.projects.undo, () => void attempt(() => projects.restore(deleted.project.id))]);
      else showStatus(text);
    },
    async keepPictures() {
      const kept = keptPictures(files().dataset);
      if (kept.pictures.length > 0) await projects.store.keepPictures(projects.id, kept).catch(() => {});
    },
    async offerPictures() {
      const kept = await projects.store.pictures(projects.id).catch(() => undefined);
      if (!kept || kept.pictures.length === 0) return;
      const drop = () => projects.store.keepPictures(projects.id, undefined);
      if (files().dataset.exampleCount > 0) return drop().catch(() => {});
      const { reteachQuestion, reteach, reteachNot } = texts.projects;
      showAlert(
        reteachQuestion(kept.pictures.length, kept.without),
        [
          reteach,
          () =>
            void attempt(async () => {
              await (await loadFiles()).reteach(kept);
              await drop();
            }),
        ],
        [reteachNot, () => void drop().catch(() => {})],
      );
    },
    openFile(file) {
      if (!isArchive(file)) return false;
      void attempt(async () => (await loadFiles()).openArchive(file));
      return true;
    },
    openFolders: (entries) => void attempt(async () => (await loadFiles()).openEntries(entries)),
  };
}

/** Runs something that changes projects. When it fails, the visitor is told why. */
async function attempt(task: () => Promise<unknown>): Promise<void> {
  try {
    await task();
  } catch (error) {
    const isFull = (Object(error) as { name?: unknown }).name === 'QuotaExceededError';
    showAlert(texts.projects.failed(isFull ? texts.projects.noSpace : errorSentence(error)));
  }
}

/** Tells that the stored project was repaired. The damaged record is kept until the visitor discards it. */
function showDamaged(projects: Projects, parts: ProjectDamage[]): void {
  const { damaged, damagedParts, saveDamaged, discardDamaged } = texts.projects;
  const names = parts.map((part) => damagedParts[part] ?? part);
  showAlert(
    damaged(names.join(', ')),
    [
      saveDamaged,
      () =>
        void attempt(async () =>
          download(await toRawFile(await projects.store.damaged(projects.id)), datedFileName('stored project', 'json')),
        ),
    ],
    [discardDamaged, () => void attempt(() => projects.store.discardDamaged(projects.id))],
  );
}
