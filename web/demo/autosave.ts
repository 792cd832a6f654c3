// Saves what is taught by itself: soon after each change, and at once when the page is left.

import { type Kept, Overtaken, type Store } from './store.js';

/** 'starting': not before resume(). 'other-tab': another tab saves. 'overtaken': another tab has saved what this one doesn't know. 'refused': what is stored can't be used, and stays. */
export type SaveState = 'starting' | 'nothing' | 'pending' | 'saved' | 'failed' | 'other-tab' | 'overtaken' | 'refused';

/** What is saved. */
export interface Source {
  toFile(): Promise<Blob>;
  places(): [name: string, place: number][];
}

const shortestWaitMs = 400;
/** While one records on and on, it is saved now and then all the same. */
const longestWaitMs = 5000;
/** Of the time, so much may go into saving. */
const share = 0.2;
const mostFailureWaitMs = 60_000;

export class Autosave {
  readonly #store: Store;
  readonly #key: string;
  readonly #source: Source;
  readonly #onState: (state: SaveState, error?: unknown) => void;
  /** Of the record that this tab has read or written last. */
  #version = 0;
  #state: SaveState = 'starting';
  #timer = 0;
  #changedAt = 0;
  #waitMs = shortestWaitMs;
  #running: Promise<void> | null = null;
  /** Whether a change came after the last file was made. */
  #dirty = false;

  constructor(store: Store, key: string, source: Source, onState: (state: SaveState, error?: unknown) => void) {
    this.#store = store;
    this.#key = key;
    this.#source = source;
    this.#onState = onState;
  }

  get state(): SaveState {
    return this.#state;
  }

  /** Whether something would be lost if the page closed now. */
  get unsaved(): boolean {
    return this.#dirty || this.#running !== null;
  }

  async read(): Promise<Kept | undefined> {
    const kept = await this.#store.read(this.#key);
    this.#version = kept?.version ?? 0;
    return kept;
  }

  /** Stops saving until resume(). */
  pause(state: SaveState, error?: unknown): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#enter(state, error);
  }

  /** Goes on, or begins. `clean`: what is stored is what is on the page. */
  resume(clean: boolean): void {
    if (clean) this.#dirty = false;
    this.#enter(clean ? (this.#version > 0 ? 'saved' : 'nothing') : 'pending');
    if (this.#dirty) this.#schedule();
  }

  /** Another tab saves, for the time being. */
  waitForTurn(): void {
    this.#dirty = false;
    this.pause('other-tab');
  }

  /** Goes on, and tries again with the next change. */
  fail(error: unknown): void {
    this.#enter('failed', error);
  }

  /** Whether what is stored isn't what this tab knows. */
  async overtaken(): Promise<boolean> {
    return ((await this.#store.read(this.#key))?.version ?? 0) !== this.#version;
  }

  /** From now on what is stored may be replaced, whatever it is. */
  async overwrite(): Promise<void> {
    await this.read();
    this.#dirty = true;
    this.resume(false);
  }

  changed(): void {
    if (!this.#dirty) this.#changedAt = performance.now();
    this.#dirty = true;
    if (!this.#mayWrite) return;
    // One that failed stays failed until a save succeeds.
    if (this.#state !== 'failed') this.#enter('pending');
    this.#schedule();
  }

  /** Saves now what isn't saved yet. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = 0;
    await this.#running;
    if (!this.#dirty || !this.#mayWrite) return;
    this.#running = this.#write().finally(() => (this.#running = null));
    await this.#running;
  }

  get #mayWrite(): boolean {
    return (
      this.#state === 'nothing' || this.#state === 'pending' || this.#state === 'saved' || this.#state === 'failed'
    );
  }

  #schedule(): void {
    const latest = Math.max(0, this.#changedAt + Math.max(longestWaitMs, this.#waitMs) - performance.now());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), Math.min(this.#waitMs, latest));
  }

  async #write(): Promise<void> {
    const began = performance.now();
    this.#dirty = false;
    try {
      const file = await this.#source.toFile();
      const kept: Kept = { version: this.#version + 1, file, places: this.#source.places() };
      await this.#store.write(this.#key, kept, this.#version);
      this.#version = kept.version;
      this.#waitMs = Math.max(shortestWaitMs, (performance.now() - began) / share);
      this.#enter(this.#dirty ? 'pending' : 'saved');
    } catch (error) {
      this.#dirty = true;
      if (error instanceof Overtaken) return this.pause('overtaken');
      this.#waitMs = Math.min(mostFailureWaitMs, this.#waitMs * 4);
      this.#enter('failed', error);
    }
    if (this.#dirty && this.#timer === 0) {
      this.#changedAt = performance.now();
      this.#schedule();
    }
  }

  #enter(state: SaveState, error?: unknown): void {
    this.#state = state;
    this.#onState(state, error);
  }
}
