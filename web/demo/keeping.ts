// What was taught stays from visit to visit: brought back at the start, saved as it grows, and a word where that can't be done.

import { Autosave, type SaveState } from './autosave.js';
import { download, fileName } from './dataset-files.js';
import { byId } from './element.js';
import type { Lesson } from './lesson.js';
import type { Places } from './places.js';
import { reason, showAlert, showStatus } from './readout.js';
import { becomeSavingTab } from './saving-tab.js';
import { type Kept, Store } from './store.js';

/** A tab that is just closing gets as long to let go. */
const patienceMs = 1000;

const texts: Record<SaveState, string> = {
  starting: '',
  nothing: 'What you teach is kept in this browser.',
  pending: 'Saving in this browser.',
  saved: 'Kept in this browser.',
  failed: 'Not kept in this browser. Save to a file before you leave.',
  'other-tab': 'Not kept: another tab of this page keeps its examples.',
  overtaken: 'Not kept: another tab has kept other examples.',
  refused: 'Not kept: other examples are kept here.',
}; // prettier-ignore

export class Keeping {
  readonly #lesson: Lesson;
  readonly #places: Places;
  readonly #adopt: (kept: Kept) => Promise<void>;
  readonly #onEngineError: (error: unknown) => void;
  readonly #store = new Store();
  #autosave: Autosave | null = null;
  #state: SaveState = 'starting';
  #failed = false;
  #askedToPersist = false;

  /** `adopt` replaces what is on the page, so that it can be undone. */
  constructor(
    lesson: Lesson,
    places: Places,
    adopt: (kept: Kept) => Promise<void>,
    onEngineError: (error: unknown) => void,
  ) {
    this.#lesson = lesson;
    this.#places = places;
    this.#adopt = adopt;
    this.#onEngineError = onEngineError;
    document.addEventListener('visibilitychange', () => document.hidden && void this.#autosave?.flush());
    window.addEventListener('pagehide', () => void this.#autosave?.flush());
    window.addEventListener('beforeunload', (event) => {
      if (!this.#autosave?.unsaved || this.#lesson.exampleCount === 0) return;
      void this.#autosave.flush();
      event.preventDefault();
    });
  }

  /** Brings back what is kept of the network `key`; where that is nothing, `startFresh` begins. Says what it found, or nothing. */
  async begin(key: string, startFresh: () => Promise<void>): Promise<string> {
    const source = { toFile: () => this.#lesson.toFile(), places: () => this.#places.all() };
    const autosave = new Autosave(this.#store, key, source, (state, error) => this.#show(state, error));
    this.#autosave = autosave;
    const turn = becomeSavingTab(key);
    const isFirst = await Promise.race([
      turn.then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), patienceMs)),
    ]);
    let kept: Kept | undefined;
    try {
      kept = await autosave.read();
    } catch (error) {
      await startFresh();
      autosave.fail(error);
      return '';
    }
    const isBack = kept !== undefined && (await this.#restore(kept));
    if (!isBack) await startFresh();
    if (kept && !isBack) return '';
    if (isFirst) autosave.resume(true);
    else {
      autosave.waitForTurn();
      void turn.then(() => this.#takeOver());
      showAlert(
        'This page is open in another tab, which keeps its examples. What you teach here is not kept: save it to a file, or close the other tab.',
      );
    }
    return kept ? this.#found() : await this.#othersOf(key);
  }

  /** After each change of what is taught. */
  changed(): void {
    this.#autosave?.changed();
  }

  /** False when it can't be used. It stays where it is, then. */
  async #restore(kept: Kept): Promise<boolean> {
    this.#places.reset(kept.places);
    try {
      await this.#lesson.open(kept.file);
      return true;
    } catch (error) {
      this.#places.reset([]);
      this.#autosave!.pause('refused');
      showAlert(
        `What is kept in this browser can't be opened (${reason(error)}). It stays, and what you teach now is not kept.`,
        ['Save it to a file', () => download(kept.file, fileName())],
        ['Replace it', () => void this.#autosave!.overwrite()],
      );
      return false;
    }
  }

  #found(): string {
    const { exampleCount, classes } = this.#lesson;
    if (exampleCount === 0) return 'Your classes are back from your last visit.';
    return `${exampleCount === 1 ? '1 example' : `${exampleCount} examples`} of ${classes
      .filter(({ ids }) => ids.length > 0)
      .map(({ label }) => label)
      .join(', ')} are back from your last visit.`;
  }

  async #othersOf(key: string): Promise<string> {
    const others = (await this.#store.keys().catch(() => [])).filter((each) => each !== key);
    return others.length > 0
      ? `Examples of another network (${others.join(', ')}) stay kept beside; they can't be compared with this one's.`
      : '';
  }

  /** The other tab is gone. */
  async #takeOver(): Promise<void> {
    const autosave = this.#autosave!;
    try {
      if (!(await autosave.overtaken())) return autosave.resume(!autosave.unsaved);
      if (autosave.unsaved) return autosave.pause('overtaken');
      const kept = await autosave.read();
      if (kept && (await this.#restore(kept))) autosave.resume(true);
      showStatus(this.#found());
    } catch (error) {
      autosave.fail(error);
    }
  }

  async #takeStored(): Promise<void> {
    const autosave = this.#autosave!;
    try {
      const kept = await autosave.read();
      if (kept) await this.#adopt(kept);
      autosave.resume(true);
    } catch (error) {
      autosave.fail(error);
    }
  }

  #show(state: SaveState, error: unknown): void {
    const line = byId('kept');
    line.dataset['state'] = state;
    line.textContent = texts[state];
    if (state === 'failed') this.#sayFailed(error);
    if (state === 'saved' && this.#state !== 'starting') this.#saved();
    this.#state = state;
    if (state === 'overtaken') {
      showAlert(
        'Another tab has kept examples that are not those of this tab. Which shall be kept?',
        ['Those of this tab', () => void this.#autosave!.overwrite()],
        ['Those of the other tab', () => void this.#takeStored()],
      );
    }
  }

  /** Once, until it goes well again. */
  #sayFailed(error: unknown): void {
    const { code, name } = Object(error) as { code?: unknown; name?: unknown };
    if (code === 'worker-lost' || code === 'disposed') return this.#onEngineError(error);
    if (this.#failed) return;
    this.#failed = true;
    let why = 'This browser does not let the page keep your examples; in a private window that is usual.';
    if (name === 'QuotaExceededError') why = 'There is no room left in this browser to keep your examples.';
    // The engine's own errors have codes that are words.
    if (typeof code === 'string') why = `Your examples could not be saved (${reason(error)}).`;
    showAlert(`${why} Teaching goes on. Save to a file before you leave.`);
  }

  #saved(): void {
    this.#failed = false;
    if (this.#askedToPersist || this.#lesson.exampleCount === 0) return;
    this.#askedToPersist = true;
    // Whether or not the browser promises it, there is nothing more to do.
    void navigator.storage?.persist?.().catch(() => {});
  }
}
