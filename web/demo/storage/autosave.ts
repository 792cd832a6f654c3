// Saves the data set automatically: soon after each change, and at once when the visitor leaves the page.

import type { SlotEntry } from '../dataset/slots.js';
import { ConflictError, type DatasetStore, type StoredDataset } from './store.js';

/**
 * The state of the stored data set.
 *
 * - `starting`: nothing is saved before resume()
 * - `empty`: nothing has been stored yet
 * - `pending`: changes wait to be saved
 * - `saved`: all changes are stored
 * - `failed`: the last save failed; the next one is tried later
 * - `other-tab`: another tab saves
 * - `conflict`: another tab has stored a data set that this tab does not know
 * - `unreadable`: the stored data set cannot be opened; it is not overwritten
 */
export type SaveState = 'starting' | 'empty' | 'pending' | 'saved' | 'failed' | 'other-tab' | 'conflict' | 'unreadable';

/** The data that is saved. */
export interface SaveSource {
  toFile(): Promise<Blob>;
  slots(): SlotEntry[];
}

const minWaitMs = 400;
/** Maximum wait while changes go on and on, as in a long recording. */
const maxWaitMs = 5000;
/** Maximum fraction of the time that goes into saving. */
const maxSavingFraction = 0.2;
const maxWaitAfterFailureMs = 60_000;

/** Saves one network's data set. */
export class Autosave {
  readonly #store: DatasetStore;
  readonly #key: string;
  readonly #source: SaveSource;
  readonly #onState: (state: SaveState, error?: unknown) => void;
  /** Version of the record that this tab read or wrote last. */
  #version = 0;
  #state: SaveState = 'starting';
  #timer = 0;
  #changedAt = 0;
  #waitMs = minWaitMs;
  #running: Promise<void> | null = null;
  /** True when a change came after the last file was made. */
  #hasChanges = false;

  constructor(
    store: DatasetStore,
    key: string,
    source: SaveSource,
    onState: (state: SaveState, error?: unknown) => void,
  ) {
    this.#store = store;
    this.#key = key;
    this.#source = source;
    this.#onState = onState;
  }

  get state(): SaveState {
    return this.#state;
  }

  /** True when changes would be lost if the page closed now. */
  get hasUnsavedChanges(): boolean {
    return this.#hasChanges || this.#running !== null;
  }

  /** Reads the stored data set. */
  async read(): Promise<StoredDataset | undefined> {
    const stored = await this.#store.read(this.#key);
    this.#version = stored?.version ?? 0;
    return stored;
  }

  /** Stops saving until resume(). */
  pause(state: SaveState, error?: unknown): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#enter(state, error);
  }

  /** Starts saving, or continues. `isSaved`: the page shows exactly what is stored. */
  resume(isSaved: boolean): void {
    if (isSaved) this.#hasChanges = false;
    this.#enter(isSaved ? (this.#version > 0 ? 'saved' : 'empty') : 'pending');
    if (this.#hasChanges) this.#schedule();
  }

  /** Stops saving while another tab saves. */
  waitForTabLock(): void {
    this.#hasChanges = false;
    this.pause('other-tab');
  }

  /** Reports an error. Saving goes on: the next change tries again. */
  fail(error: unknown): void {
    this.#enter('failed', error);
  }

  /** Returns true when another tab has stored a newer version than this tab knows. */
  async hasConflict(): Promise<boolean> {
    return ((await this.#store.read(this.#key))?.version ?? 0) !== this.#version;
  }

  /** Continues saving and replaces the stored data set, whatever it is. */
  async overwrite(): Promise<void> {
    await this.read();
    this.#hasChanges = true;
    this.resume(false);
  }

  /** Must be called after each change. */
  changed(): void {
    if (!this.#hasChanges) this.#changedAt = performance.now();
    this.#hasChanges = true;
    if (!this.#maySave) return;
    // After a failure, the state stays 'failed' until a save succeeds.
    if (this.#state !== 'failed') this.#enter('pending');
    this.#schedule();
  }

  /** Saves all unsaved changes now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = 0;
    await this.#running;
    if (!this.#hasChanges || !this.#maySave) return;
    this.#running = this.#save().finally(() => (this.#running = null));
    await this.#running;
  }

  get #maySave(): boolean {
    return ['empty', 'pending', 'saved', 'failed'].includes(this.#state);
  }

  #schedule(): void {
    const latest = Math.max(0, this.#changedAt + Math.max(maxWaitMs, this.#waitMs) - performance.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), Math.min(this.#waitMs, latest));
  }

  async #save(): Promise<void> {
    const startedAt = performance.now();
    this.#hasChanges = false;
    try {
      const file = await this.#source.toFile();
      const stored: StoredDataset = { version: this.#version + 1, file, slots: this.#source.slots() };
      await this.#store.write(this.#key, stored, this.#version);
      this.#version = stored.version;
      this.#waitMs = Math.max(minWaitMs, (performance.now() - startedAt) / maxSavingFraction);
      this.#enter(this.#hasChanges ? 'pending' : 'saved');
    } catch (error) {
      this.#hasChanges = true;
      if (error instanceof ConflictError) return this.pause('conflict');
      this.#waitMs = Math.min(maxWaitAfterFailureMs, this.#waitMs * 4);
      this.#enter('failed', error);
    }
    if (this.#hasChanges && this.#timer === 0) {
      this.#changedAt = performance.now();
      this.#schedule();
    }
  }

  #enter(state: SaveState, error?: unknown): void {
    this.#state = state;
    this.#onState(state, error);
  }
}
