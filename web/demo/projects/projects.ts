// The projects of the visitor: which one the page shows, and what can be done with them.
//
// Another project is opened by a reload of the page. Undo steps, a recording, frames in the engine, the tab's lock, and panels that others
// write know examples by their ids. A page that starts anew can't mix them with those of another project. The network comes from the
// browser's cache then.

import type { Project, ProjectState } from '../project/project.js';
import type { Database } from '../storage/database.js';
import { acquireTabLock } from '../storage/tab-lock.js';
import { chooseProject, deleted, expired, freeName, listProjects, newProjectId, openable } from './project-list.js';
import { newRecord, type ProjectDamage, type ReadProject, readProjectRecord } from './project-record.js';
import { ProjectSaver, type ProjectSaveState } from './project-saver.js';
import { ProjectStore } from './project-store.js';

// These names must stay, because tabs with an older version of the page use them, too.
const choiceKey = 'teachable-machine project';
const deletedKey = 'teachable-machine deleted project';
const lockOf = (id: string) => `project ${id}`;
/** A tab that is just closing may need this long to release its lock. */
const lockTimeoutMs = 1000;

/** Functions and data that the projects need from the rest of the page. */
export interface ProjectsEvents {
  /** Saves all examples now. Returns true when all of them are stored. */
  saveExamples(): Promise<boolean>;
  /** Asks whether unsaved changes may be lost. */
  mayLose(): Promise<boolean>;
  /** Called when the state of the stored settings changes. */
  onState(state: ProjectSaveState, error?: unknown): void;
  /** Called when the record of the open project was damaged. It is kept. */
  onDamaged(parts: ProjectDamage[]): void;
}

/** Lists of the projects. */
export interface ProjectLists {
  /** Last opened first. The open one is among them. */
  projects: ReadProject[];
  /** Last deleted first. */
  deleted: ReadProject[];
}

/** Opens, saves and changes projects. */
export class Projects {
  readonly store: ProjectStore;
  readonly #state: ProjectState;
  readonly #events: ProjectsEvents;
  #saver: ProjectSaver | null = null;

  constructor(database: Database, state: ProjectState, events: ProjectsEvents) {
    this.store = new ProjectStore(database);
    this.#state = state;
    this.#events = events;
    const flush = () => void this.#saver?.flush();
    document.addEventListener('visibilitychange', () => document.hidden && flush());
    document.addEventListener('freeze', flush);
    window.addEventListener('pagehide', flush);
    window.addEventListener('beforeunload', (event) => {
      if (!this.#saver?.hasUnsavedChanges) return;
      flush();
      // A save of the last moment usually succeeds. The visitor is asked only if saving has failed before.
      if (this.#saver.state === 'failed') event.preventDefault();
    });
  }

  get id(): string {
    return this.#state.current.id;
  }

  /** Opens the project that was chosen in this tab, or the one that was opened last. It never rejects: without storage, the page has one project. */
  async open(): Promise<void> {
    let projects: ReadProject[];
    let raw: unknown;
    let id: string;
    try {
      const found = await this.store.find();
      projects = listProjects(found);
      id = chooseProject(projects, read(choiceKey));
      raw = found.records.find(([each]) => each === id)?.[1];
    } catch (error) {
      this.#state.open({ ...this.#state.current, id: read(choiceKey) ?? '' });
      this.#saver = this.#makeSaver(0);
      this.#saver.resume();
      this.#events.onState('failed', error);
      return;
    }
    const record = raw === undefined ? undefined : readProjectRecord(raw, id);
    this.#state.open(record?.project ?? { ...this.#state.current, id });
    write(choiceKey, id);
    await this.#startSaving(record, raw);
    void this.#removeExpired(projects).catch(() => {});
  }

  /** Returns all projects. Rejects when the browser doesn't let the page read them. */
  async lists(): Promise<ProjectLists> {
    await this.#saver?.flush();
    const projects = listProjects(await this.store.find());
    // The first visit may have nothing stored yet.
    if (!projects.some(({ project }) => project.id === this.id))
      projects.unshift(readProjectRecord(newRecord(this.#state.current), this.id));
    const shown = projects.map((each) =>
      each.project.id === this.id ? { ...each, project: this.#state.current as Project } : each,
    );
    return { projects: openable(shown), deleted: deleted(shown) };
  }

  /** Opens another project. Returns false when the visitor stays with this one. */
  async switchTo(id: string): Promise<boolean> {
    if (id === this.id) return false;
    const isStored = await this.#saveAll();
    if (!isStored && !(await this.#events.mayLose())) return false;
    const found = readProjectRecord(await this.store.read(id), id);
    if (!found.isNewer && found.damages.length === 0) await this.#markOpened(found.project);
    write(choiceKey, id);
    location.reload();
    return true;
  }

  /** Adds an empty project and opens it. */
  async create(name: string): Promise<void> {
    const { projects } = await this.lists();
    const id = newProjectId();
    const { settings } = this.#state.current;
    // Whoever has changed a setting wants it in the next project too.
    const project: Project = { id, name: freeName(name, namesOf(projects)), settings, classes: {}, order: [] };
    await this.store.add(newRecord(project));
    await this.switchTo(id);
  }

  /** Adds a copy of this project with its examples, and opens it. Throws when the last changes can't be stored. */
  async duplicate(name: string): Promise<void> {
    const { projects } = await this.lists();
    if (!(await this.#saveAll())) throw new DOMException('The last changes are not stored.', 'QuotaExceededError');
    const id = newProjectId();
    const project = { ...this.#state.current, id, name: freeName(name, namesOf(projects)) };
    await this.store.add(newRecord(project), this.id);
    await this.switchTo(id);
  }

  /** Deletes this project and opens the one that was opened before, or a new one with this name. It can be restored for some days. */
  async remove(newName: string): Promise<void> {
    await this.#saveAll();
    const { id } = this;
    const { projects } = await this.lists();
    let next = projects.find(({ project }) => project.id !== id)?.project.id;
    if (next === undefined) {
      next = newProjectId();
      const name = freeName(newName, namesOf(projects));
      await this.store.add(newRecord({ id: next, name, settings: this.#state.settings, classes: {}, order: [] }));
    }
    await this.store.markDeleted(id, Date.now());
    write(deletedKey, id);
    if (!(await this.switchTo(next))) {
      write(deletedKey, null);
      await this.store.markDeleted(id, undefined);
    }
  }

  /** Returns the project that was deleted right before this page was opened, once. */
  async justDeleted(): Promise<ReadProject | undefined> {
    const id = read(deletedKey);
    write(deletedKey, null);
    if (id === null) return undefined;
    return (await this.lists()).deleted.find(({ project }) => project.id === id);
  }

  /** Restores a deleted project and opens it. */
  async restore(id: string): Promise<void> {
    await this.store.markDeleted(id, undefined);
    await this.switchTo(id);
  }

  /** Removes a deleted project for good. Returns false when another tab shows it. */
  async removeForGood(id: string): Promise<boolean> {
    if (!navigator.locks) {
      await this.store.remove(id);
      return true;
    }
    return navigator.locks.request(`teachable-machine ${lockOf(id)}`, { ifAvailable: true }, async (lock) => {
      if (!lock) return false;
      await this.store.remove(id);
      return true;
    });
  }

  async #startSaving(record: ReadProject | undefined, raw: unknown): Promise<void> {
    const { id } = this;
    const saver = this.#makeSaver(record?.revision ?? 0);
    this.#saver = saver;
    if (record?.isNewer) return saver.pause('newer');
    const lock = acquireTabLock(lockOf(id));
    const hasLock = await Promise.race([
      lock.then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), lockTimeoutMs)),
    ]);
    if (!hasLock) {
      saver.pause('other-tab');
      void lock.then(() => saver.takeOver());
      return;
    }
    if (record && record.damages.length > 0) {
      // Before anything is overwritten, the damaged record is kept.
      try {
        await this.store.keepDamaged(id, { raw, damages: record.damages });
      } catch (error) {
        return this.#events.onState('failed', error);
      }
      this.#state.open({ ...record.project });
    } else await this.#markOpened(this.#state.current);
    saver.resume();
    const damaged = await this.store.damaged(id).catch(() => []);
    const parts = damaged.flatMap((each) => (each as { damages?: ProjectDamage[] }).damages ?? []);
    if (damaged.length > 0) this.#events.onDamaged([...new Set(parts)]);
  }

  /** The time decides only the order of the list and what the next visit opens, so an error is ignored. */
  async #markOpened(project: Project): Promise<void> {
    await this.store.markOpened({ ...newRecord(project), revision: 0 }).catch(() => {});
  }

  #makeSaver(revision: number): ProjectSaver {
    return new ProjectSaver(this.store, this.#state, revision, (state, error) => this.#events.onState(state, error));
  }

  /** Saves settings and examples. Returns true when nothing would be lost now. */
  async #saveAll(): Promise<boolean> {
    await this.#saver?.flush();
    return (await this.#events.saveExamples()) && !this.#saver?.hasUnsavedChanges;
  }

  async #removeExpired(projects: readonly ReadProject[]): Promise<void> {
    for (const id of expired(projects)) if (id !== this.id) await this.removeForGood(id);
  }
}

/** Returns the names of projects. */
function namesOf(projects: readonly ReadProject[]): string[] {
  return projects.map(({ project }) => project.name);
}

/** Values of this tab. They survive a reload, and not the tab. */
function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // The next visit opens the project that was opened last.
  }
}
