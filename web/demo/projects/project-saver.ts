// Saves name and settings of the project after each change.

import type { Project, ProjectState } from '../project/project.js';
import { ConflictError } from '../storage/store.js';
import { newRecord, type ProjectRecord, readProjectRecord } from './project-record.js';

/**
 * The state of the stored project.
 *
 * - `waiting`: nothing is saved before resume()
 * - `pending`: changes wait to be saved
 * - `saved`: all changes are stored
 * - `failed`: the last save failed; the next one is tried later
 * - `other-tab`: another tab with this project saves
 * - `conflict`: another tab has changed the project
 * - `newer`: a newer version of this page has stored it; it is not overwritten
 */
export type ProjectSaveState = 'waiting' | 'pending' | 'saved' | 'failed' | 'other-tab' | 'conflict' | 'newer';

/** The methods of the store that the saver uses. */
export interface SaverStore {
  read(id: string): Promise<unknown>;
  write(record: ProjectRecord, expected: number): Promise<void>;
}

/** Sliders and text fields change often. A tab that ends suddenly loses at most the changes of this time. */
const pauseMs = 150;
const firstRetryMs = 1600;
const maxRetryMs = 60_000;

/** Saves the project that the page shows. */
export class ProjectSaver {
  readonly #store: SaverStore;
  readonly #project: ProjectState;
  readonly #onState: (state: ProjectSaveState, error?: unknown) => void;
  #state: ProjectSaveState = 'waiting';
  #revision = 0;
  /** The project as it is stored. */
  #saved: Readonly<Project>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retryMs = firstRetryMs;
  #running: Promise<void> | null = null;

  /** `project` must show what is stored as `revision`. */
  constructor(
    store: SaverStore,
    project: ProjectState,
    revision: number,
    onState: (state: ProjectSaveState, error?: unknown) => void,
  ) {
    this.#store = store;
    this.#project = project;
    this.#revision = revision;
    this.#onState = onState;
    this.#saved = project.current;
    project.onChange(() => this.#changed());
  }

  get state(): ProjectSaveState {
    return this.#state;
  }

  /** True when changes would be lost if the page closed now. */
  get hasUnsavedChanges(): boolean {
    return this.#saved !== this.#project.current;
  }

  /** Starts saving. */
  resume(): void {
    this.#enter('saved');
    this.#changed();
  }

  /** Stops saving, for one of the states in which nothing is saved. */
  pause(state: 'other-tab' | 'newer' | 'conflict'): void {
    clearTimeout(this.#timer);
    this.#enter(state);
  }

  /** Starts saving after another tab has closed. What that tab has stored is shown, unless this tab has changes of its own. */
  async takeOver(): Promise<void> {
    try {
      const { id } = this.#project.current;
      const found = readProjectRecord(await this.#store.read(id), id);
      if (found.isNewer) return this.pause('newer');
      if (found.revision !== this.#revision) {
        if (this.hasUnsavedChanges) return this.pause('conflict');
        this.#revision = found.revision;
        this.#saved = found.project;
        this.#project.open(found.project);
      }
      this.resume();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Saves all changes now. It does nothing while another tab saves. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#maySave || !this.hasUnsavedChanges) return this.#running ?? undefined;
    this.#running ??= this.#saveAll().finally(() => (this.#running = null));
    await this.#running;
  }

  get #maySave(): boolean {
    return ['pending', 'saved', 'failed'].includes(this.#state);
  }

  #changed(): void {
    if (!this.#maySave || !this.hasUnsavedChanges || this.#running) return;
    if (this.#state !== 'failed') this.#enter('pending');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), pauseMs);
  }

  async #saveAll(): Promise<void> {
    try {
      while (this.#maySave && this.hasUnsavedChanges) {
        const project = this.#project.current;
        const record = { ...newRecord(project), revision: this.#revision + 1 };
        await this.#store.write(record, this.#revision);
        this.#revision = record.revision;
        this.#saved = project;
      }
    } catch (error) {
      if (error instanceof ConflictError) return this.pause('conflict');
      return this.#fail(error);
    }
    this.#retryMs = firstRetryMs;
    if (this.#maySave) this.#enter('saved');
  }

  #fail(error: unknown): void {
    clearTimeout(this.#timer);
    this.#enter('failed', error);
    this.#timer = setTimeout(() => void this.flush(), this.#retryMs);
    this.#retryMs = Math.min(maxRetryMs, this.#retryMs * 4);
  }

  #enter(state: ProjectSaveState, error?: unknown): void {
    this.#state = state;
    this.#onState(state, error);
  }
}
