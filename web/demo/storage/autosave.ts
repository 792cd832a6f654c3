// Saves the data set automatically. Each change is appended to the stored journal at once, and only one append runs at a time. So a
// tab that ends suddenly loses at most the changes of the append that runs and those that wait for it. In a pause, record and journal
// are replaced by one new file, when that is little work for what it saves.

import type { Change } from '../dataset/change.js';
import type { Log } from '../dataset/dataset.js';
import type { SlotEntry } from '../dataset/slots.js';
import { ConflictError, type DatasetStore, MissingRecordError } from './store.js';
import { type StoredDataset, type StoredPosition, UnreadableRecord } from './stored-record.js';

/**
 * The state of the stored data set.
 *
 * - `starting`: nothing is saved before resume()
 * - `empty`: nothing has been stored yet
 * - `pending`: changes wait to be saved, or the record waits to be replaced by a smaller one
 * - `saved`: all changes are stored
 * - `failed`: the last save failed; the next one is tried later
 * - `other-tab`: another tab saves
 * - `conflict`: another tab has stored a data set that this tab does not know
 * - `unreadable`: the stored data set cannot be opened; it is not overwritten
 */
export type SaveState = 'starting' | 'empty' | 'pending' | 'saved' | 'failed' | 'other-tab' | 'conflict' | 'unreadable';

/** The data that is saved. */
export interface SaveSource {
  readonly log: Log;
  /** Replaces file and changes of the log by a new file. */
  compact(): Promise<void>;
  slots(): SlotEntry[];
}

/** Callbacks of Autosave. */
export interface AutosaveEvents {
  onState(state: SaveState, error?: unknown): void;
  /** Called when no new file could be made. All changes are stored nevertheless. */
  onCompactionError(error: unknown): void;
}

/** Pause in the changes after which the record may be replaced. */
const pauseMs = 400;
/** A record and journal up to this size are replaced in each pause. */
const smallBytes = 2_000_000;
/** A larger record is replaced when the changes since then have this fraction of its size. */
const maxJournalFraction = 0.25;
/** Estimated size of a change without embedding and thumbnail. */
const bytesPerChange = 100;
const firstWaitAfterFailureMs = 1600;
const maxWaitAfterFailureMs = 60_000;

/** Saves one network's data set. */
export class Autosave {
  readonly #store: DatasetStore;
  readonly #key: string;
  readonly #source: SaveSource;
  readonly #events: AutosaveEvents;
  /** Position that this tab read or wrote last. */
  #position: StoredPosition = { version: 0, sequence: 0 };
  /** The part of the log that is stored; null when it is not this log. */
  #saved: { number: number; changeCount: number } | null = null;
  #state: SaveState = 'starting';
  #retryTimer = 0;
  #retryMs = firstWaitAfterFailureMs;
  #pauseTimer = 0;
  #compactionFailedAt = 0;
  #running: Promise<void> | null = null;

  constructor(store: DatasetStore, key: string, source: SaveSource, events: AutosaveEvents) {
    this.#store = store;
    this.#key = key;
    this.#source = source;
    this.#events = events;
  }

  get state(): SaveState {
    return this.#state;
  }

  /** True when changes would be lost if the page closed now. */
  get hasUnsavedChanges(): boolean {
    const { number, changes } = this.#source.log;
    return this.#saved?.number !== number || this.#saved.changeCount < changes.length;
  }

  /** Reads the stored data set. Throws UnreadableRecord. */
  async read(): Promise<StoredDataset | undefined> {
    try {
      const stored = await this.#store.read(this.#key);
      this.#position = stored ?? { version: 0, sequence: 0 };
      return stored;
    } catch (error) {
      if (error instanceof UnreadableRecord) this.#position = error.position;
      throw error;
    }
  }

  /** Stops saving until resume(). */
  pause(state: SaveState, error?: unknown): void {
    this.#stopTimers();
    this.#enter(state, error);
  }

  /** Starts saving, or continues. `isSaved`: the page shows exactly what is stored. */
  resume(isSaved: boolean): void {
    if (isSaved) this.#markSaved();
    this.#enter(isSaved ? (this.#position.version > 0 ? 'saved' : 'empty') : 'pending');
    if (this.hasUnsavedChanges) void this.flush();
  }

  /** Stops saving while another tab saves. */
  waitForTabLock(): void {
    this.#markSaved();
    this.pause('other-tab');
  }

  /** Reports an error. Saving goes on: the next change tries again. */
  fail(error: unknown): void {
    this.#enter('failed', error);
  }

  /** Returns true when another tab has stored something that this tab does not know. */
  async hasConflict(): Promise<boolean> {
    const { version, sequence } = await this.#store.position(this.#key);
    return version !== this.#position.version || sequence !== this.#position.sequence;
  }

  /** Continues saving and replaces the stored data set, whatever it is. */
  async overwrite(): Promise<void> {
    this.#position = await this.#store.position(this.#key);
    this.#saved = null;
    this.resume(false);
    await this.#running;
  }

  /** Must be called after each change. */
  changed(): void {
    if (!this.#maySave || !this.hasUnsavedChanges) return;
    clearTimeout(this.#pauseTimer);
    // After a failure, the state stays 'failed' until a save succeeds, and the timer repeats it.
    if (this.#state !== 'failed') this.#enter('pending');
    else if (this.#retryTimer !== 0) return;
    void this.flush();
  }

  /** Saves all unsaved changes now. */
  async flush(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = 0;
    if (!this.#running) {
      if (!this.#maySave || !this.hasUnsavedChanges) return;
      this.#running = this.#saveAll().finally(() => {
        this.#running = null;
        // A change may have come after the last look at the log.
        if (this.#state !== 'failed') this.changed();
      });
    }
    await this.#running;
  }

  get #maySave(): boolean {
    return ['empty', 'pending', 'saved', 'failed'].includes(this.#state);
  }

  async #saveAll(): Promise<void> {
    try {
      while (this.#maySave && this.hasUnsavedChanges) await this.#saveOnce();
    } catch (error) {
      if (error instanceof ConflictError) return this.pause('conflict');
      this.#stopTimers();
      this.#retryTimer = setTimeout(() => void this.flush(), this.#retryMs);
      this.#retryMs = Math.min(maxWaitAfterFailureMs, this.#retryMs * 4);
      return this.#enter('failed', error);
    }
    if (!this.#maySave) return;
    this.#retryMs = firstWaitAfterFailureMs;
    clearTimeout(this.#pauseTimer);
    if (this.#source.log.changes.length === 0) return this.#enter('saved');
    if (this.#state === 'failed') this.#enter('pending');
    this.#pauseTimer = setTimeout(() => void this.#endOfChanges(), pauseMs);
  }

  async #saveOnce(): Promise<void> {
    const { number, base, changes } = this.#source.log;
    if (this.#position.version > 0 && this.#saved?.number === number) {
      try {
        return await this.#append(changes.slice(this.#saved.changeCount));
      } catch (error) {
        if (!(error instanceof MissingRecordError)) throw error;
        // The browser has cleared the site's data. Everything is written again.
        this.#position = { version: 0, sequence: 0 };
        this.#saved = null;
      }
    }
    if (!base) await this.#source.compact();
    await this.#replace();
  }

  async #append(changes: Change[]): Promise<void> {
    const places = changes.some(({ kind }) => kind !== 'add' && kind !== 'remove' && kind !== 'move')
      ? this.#source.slots()
      : undefined;
    const saved = this.#saved!;
    await this.#store.append(this.#key, { changes, places }, this.#position);
    this.#position = { ...this.#position, sequence: this.#position.sequence + 1 };
    saved.changeCount += changes.length;
  }

  /** Replaces record and journal by the file and the changes of the log. */
  async #replace(): Promise<void> {
    const { number, base, changes } = this.#source.log;
    if (!base) throw new Error('The data set changed while it was saved.');
    const changeCount = changes.length;
    const slots = this.#source.slots();
    const journal = changeCount > 0 ? [{ changes: changes.slice(), places: undefined }] : [];
    const version = this.#position.version + 1;
    await this.#store.write(this.#key, { version, file: base, places: slots }, journal, this.#position);
    this.#position = { version, sequence: journal.length };
    this.#saved = { number, changeCount };
    this.#compactionFailedAt = 0;
  }

  #isCompactionDue(): boolean {
    const { base, changes } = this.#source.log;
    if (changes.length === 0 || changes.length < 2 * this.#compactionFailedAt) return false;
    const journalBytes = changes.reduce((sum, change) => sum + sizeOf(change), 0);
    const baseBytes = base?.size ?? 0;
    return baseBytes + journalBytes <= smallBytes || journalBytes > maxJournalFraction * baseBytes;
  }

  async #endOfChanges(): Promise<void> {
    if (this.#running || !this.#maySave || this.hasUnsavedChanges) return;
    if (!this.#isCompactionDue()) return this.#enter('saved');
    const changeCount = this.#source.log.changes.length;
    try {
      await this.#source.compact();
    } catch (error) {
      this.#compactionFailedAt = changeCount;
      if (this.#maySave && !this.hasUnsavedChanges) this.#enter('saved');
      return this.#events.onCompactionError(error);
    }
    await this.flush();
  }

  #markSaved(): void {
    const { number, changes } = this.#source.log;
    this.#saved = { number, changeCount: changes.length };
  }

  #stopTimers(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#pauseTimer);
    this.#retryTimer = 0;
  }

  #enter(state: SaveState, error?: unknown): void {
    this.#state = state;
    this.#events.onState(state, error);
  }
}

function sizeOf(change: Change): number {
  // The next visit would load the larger file first, for which there was no memory.
  if (change.kind === 'use-bytes') return Infinity;
  if (change.kind !== 'add') return bytesPerChange;
  return bytesPerChange + change.embedding.byteLength + (change.thumbnail?.byteLength ?? 0);
}
