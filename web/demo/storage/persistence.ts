// Persistence of the data set between visits: restores it at the start, saves it as it grows, and tells the visitor
// when the browser cannot store it.

import type { Dataset } from '../dataset/dataset.js';
import { datedFileName, download } from '../dataset/files.js';
import type { Slots } from '../dataset/slots.js';
import { byId } from '../dom/elements.js';
import { listSome } from '../dom/format.js';
import { showAlert } from '../panels/alert.js';
import { errorClause } from '../panels/error-text.js';
import { showStatus } from '../panels/status-line.js';
import { texts } from '../texts/texts.js';
import { Autosave, type SaveState } from './autosave.js';
import { partsOfKey } from './dataset-key.js';
import { toRawFile } from './raw-file.js';
import type { DatasetStore } from './store.js';
import { type StoredDataset, UnreadableRecord } from './stored-record.js';
import { acquireTabLock } from './tab-lock.js';

/** Maximum number of class names in the status line. */
const maxNamesInStatus = 10;
/** A tab that is just closing may need this long to release its lock. */
const lockTimeoutMs = 1000;

/** Callbacks and data that persistence needs from the rest of the page. */
export interface PersistenceEvents {
  /** Fills an empty page when nothing is stored. */
  startEmpty(): Promise<void>;
  /** Replaces the data set on the page. The visitor can undo it. */
  openStored(stored: StoredDataset): Promise<void>;
  /** Handles an error of the engine. */
  onEngineError(error: unknown): void;
}

/** Stores the data set of the page's network. */
export class Persistence {
  readonly #dataset: Dataset;
  readonly #slots: Slots;
  readonly #events: PersistenceEvents;
  readonly #store: DatasetStore;
  #key = '';
  #autosave: Autosave | null = null;
  #state: SaveState = 'starting';
  #failureShown = false;
  #askedToPersist = false;

  constructor(dataset: Dataset, slots: Slots, store: DatasetStore, events: PersistenceEvents) {
    this.#dataset = dataset;
    this.#store = store;
    this.#slots = slots;
    this.#events = events;
    const flush = () => void this.#autosave?.flush();
    document.addEventListener('visibilitychange', () => document.hidden && flush());
    document.addEventListener('freeze', flush);
    window.addEventListener('pagehide', flush);
    // Another tab may have saved while this page was in the back/forward cache or frozen.
    window.addEventListener('pageshow', (event) => event.persisted && void this.#checkForConflict());
    document.addEventListener('resume', () => void this.#checkForConflict());
    window.addEventListener('beforeunload', (event) => {
      if (!this.#wouldLoseExamples) return;
      flush();
      event.preventDefault();
    });
  }

  /**
   * Restores the data set that is stored under `key` (see datasetKey), or starts empty. Whatever is stored, the page works; it rejects only when the
   * engine fails.
   * Returns a sentence for the visitor, or ''.
   */
  async start(key: string): Promise<string> {
    const dataset = this.#dataset;
    const source = {
      get log() {
        return dataset.log;
      },
      compact: () => dataset.compact(),
      slots: () => this.#slots.all(),
    };
    const autosave = new Autosave(this.#store, key, source, {
      onState: (state, error) => this.#show(state, error),
      onCompactionError: (error) => {
        // All examples are stored nevertheless, and the memory may have room again later.
        if ((error as { code?: unknown }).code !== 'out-of-memory') this.#events.onEngineError(error);
      },
    });
    this.#key = key;
    this.#autosave = autosave;
    const lock = acquireTabLock(key);
    const hasLock = await Promise.race([
      lock.then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), lockTimeoutMs)),
    ]);
    let stored: StoredDataset | undefined;
    try {
      stored = await autosave.read();
    } catch (error) {
      await this.#events.startEmpty();
      this.#failToRead(error);
      return '';
    }
    const isRestored = stored !== undefined && (await this.#restore(stored));
    if (!isRestored) await this.#events.startEmpty();
    if (stored && !isRestored) return '';
    if (hasLock) autosave.resume(true);
    else {
      autosave.waitForTabLock();
      void lock.then(() => this.#takeOver());
      showAlert(texts.saving.openInOtherTab);
    }
    if (hasLock && stored && stored.damages.length > 0) await this.#replaceStored();
    await this.#showDamaged();
    return stored ? this.#describeRestored() : await this.#describeOthers(key);
  }

  /** Returns true when examples are stored under a key, even if they cannot be read. An example takes at least `bytesPerExample`. */
  async hasExamples(key: string, bytesPerExample: number): Promise<boolean> {
    try {
      const stored = await this.#store.read(key);
      return stored !== undefined && (stored.changes.length > 0 || stored.file.size >= bytesPerExample);
    } catch (error) {
      return error instanceof UnreadableRecord;
    }
  }

  /** Must be called after each change of the data set. */
  changed(): void {
    this.#autosave?.changed();
  }

  /** Saves everything now. Resolves with false when examples would be lost if the page closed now. */
  async saveNow(): Promise<boolean> {
    await this.#autosave?.flush();
    return !this.#wouldLoseExamples;
  }

  get #wouldLoseExamples(): boolean {
    return (this.#autosave?.hasUnsavedChanges ?? false) && this.#dataset.exampleCount > 0;
  }

  /** Opens the stored data set. Returns false when it cannot be opened; it then stays in the database. */
  async #restore(stored: StoredDataset): Promise<boolean> {
    const { file, changes, slots, damages, raw } = stored;
    this.#slots.reset(slots);
    try {
      const skipped = await this.#dataset.openStored(file, changes);
      if (skipped > 0 && !damages.includes(texts.saving.damagedChanges)) damages.push(texts.saving.damagedChanges);
      if (damages.length > 0) await this.#store.keepDamaged(this.#key, { ...raw, damages });
      return true;
    } catch (error) {
      this.#slots.reset([]);
      const isWhole = changes.length === 0 && damages.length === 0;
      this.#refuse(error, () => (isWhole ? download(file, datedFileName()) : this.#downloadRaw(raw)));
      return false;
    }
  }

  #failToRead(error: unknown): void {
    if (error instanceof UnreadableRecord) this.#refuse(error, () => this.#downloadRaw(error.raw));
    else this.#autosave!.fail(error);
  }

  /** Explains that the stored data set cannot be opened. It is not overwritten before the visitor says so. */
  #refuse(error: unknown, save: () => void): void {
    this.#autosave!.pause('unreadable');
    showAlert(
      texts.saving.cannotBeOpened(errorClause(error)),
      [texts.saving.saveStored, save],
      [texts.saving.replaceStored, () => void this.#replaceStored()],
    );
  }

  async #replaceStored(): Promise<void> {
    try {
      await this.#autosave!.overwrite();
    } catch (error) {
      this.#autosave!.fail(error);
    }
  }

  /** Tells the visitor about damaged records that were repaired. They are kept until the visitor discards them. */
  async #showDamaged(): Promise<void> {
    const damaged = await this.#store.damaged(this.#key).catch(() => []);
    if (damaged.length === 0) return;
    const parts = new Set(damaged.flatMap((each) => (each as { damages?: string[] }).damages ?? []));
    showAlert(
      texts.saving.wereDamaged([...parts].join(', ')),
      [texts.saving.saveDamaged, () => this.#downloadRaw(damaged)],
      [
        texts.saving.discardDamaged,
        () => void this.#store.discardDamaged(this.#key).catch((error) => this.#autosave!.fail(error)),
      ],
    );
  }

  #downloadRaw(raw: unknown): void {
    void toRawFile(raw).then((file) => download(file, datedFileName(texts.files.recordFile, 'json')));
  }

  async #checkForConflict(): Promise<void> {
    const autosave = this.#autosave;
    if (!autosave || !['saved', 'pending', 'empty'].includes(autosave.state)) return;
    await autosave.flush();
    if (await autosave.hasConflict().catch(() => false)) autosave.pause('conflict');
  }

  #describeRestored(): string {
    const { exampleCount, classes } = this.#dataset;
    if (exampleCount === 0) return texts.saving.classesAreBack;
    const names = classes.filter(({ ids }) => ids.length > 0).map(({ label }) => label);
    return texts.saving.examplesAreBack(exampleCount, listSome(names, maxNamesInStatus));
  }

  async #describeOthers(key: string): Promise<string> {
    const open = partsOfKey(key);
    // The page asks for examples of the same network's last layer before it starts without them.
    const others = (await this.#store.keys().catch(() => []))
      .map(partsOfKey)
      .filter(({ network, projectId }) => projectId === open.projectId && !open.network.startsWith(network))
      .map(({ network }) => network);
    return others.length > 0 ? texts.saving.ofOtherNetworks(others.join(', ')) : '';
  }

  /** Starts to save after the other tab has closed. */
  async #takeOver(): Promise<void> {
    const autosave = this.#autosave!;
    try {
      if (!(await autosave.hasConflict())) return autosave.resume(!autosave.hasUnsavedChanges);
      if (autosave.hasUnsavedChanges) return autosave.pause('conflict');
      const stored = await autosave.read();
      if (stored && (await this.#restore(stored))) autosave.resume(true);
      showStatus(this.#describeRestored());
    } catch (error) {
      this.#failToRead(error);
    }
  }

  async #openStored(): Promise<void> {
    const autosave = this.#autosave!;
    try {
      const stored = await autosave.read();
      try {
        if (stored) await this.#events.openStored(stored);
      } catch (error) {
        return this.#refuse(error, () => this.#downloadRaw(stored!.raw));
      }
      autosave.resume(true);
    } catch (error) {
      this.#failToRead(error);
    }
  }

  #show(state: SaveState, error: unknown): void {
    const line = byId('save-state');
    line.dataset['state'] = state;
    line.textContent = texts.saving.states[state];
    if (state === 'failed') this.#showFailure(error);
    if (state === 'saved' && this.#state !== 'starting') this.#afterSave();
    this.#state = state;
    if (state === 'conflict') {
      showAlert(
        texts.saving.conflictQuestion,
        [texts.saving.thisTab, () => void this.#replaceStored()],
        [texts.saving.otherTab, () => void this.#openStored()],
      );
    }
  }

  /** Shows one alert for any number of failures in a row. */
  #showFailure(error: unknown): void {
    const { code, name } = Object(error) as { code?: unknown; name?: unknown };
    if (code === 'worker-lost' || code === 'disposed') return this.#events.onEngineError(error);
    if (this.#failureShown) return;
    this.#failureShown = true;
    let reason = texts.saving.notAllowed;
    if (name === 'QuotaExceededError') reason = texts.saving.noSpace;
    // The codes of the engine's errors are words; those of the browser's errors are numbers.
    if (typeof code === 'string') reason = texts.saving.couldNotBeSaved(errorClause(error));
    showAlert(texts.saving.saveBeforeLeaving(reason));
  }

  #afterSave(): void {
    this.#failureShown = false;
    if (this.#askedToPersist || this.#dataset.exampleCount === 0) return;
    this.#askedToPersist = true;
    // Asks the browser not to clear the data when space is short. Nothing depends on the answer.
    void navigator.storage?.persist?.().catch(() => {});
  }
}
