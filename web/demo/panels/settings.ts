// The settings: when the answer is "Unknown", how steady it is, and how many examples vote.

import { byId } from '../dom/elements.js';
import { percent } from '../dom/format.js';
import type { ProjectSettings, ProjectState } from '../project/project.js';
import { readPreferences, storePreferences } from '../settings/preferences.js';
import { suggestThreshold, usualThreshold } from '../settings/suggest-threshold.js';
import { texts } from '../texts/texts.js';

/** The panel waits for a pause in teaching before it suggests another threshold. */
const suggestionDelayMs = 600;

/** Callbacks and data that the panel needs from the rest of the page. */
export interface SettingsEvents {
  /** Called after a setting has changed. */
  onChange(): void;
  /** Returns embeddings of some examples of each class. */
  sampleExamples(): Promise<Float32Array[][]>;
}

/** Shows the settings of the project, and changes them. */
export class SettingsPanel {
  readonly #project: ProjectState;
  readonly #events: SettingsEvents;
  readonly #root = byId<HTMLDetailsElement>('settings');
  readonly #unknown = byId<HTMLInputElement>('unknown');
  readonly #smoothing = byId<HTMLInputElement>('smoothing');
  readonly #neighbours = byId<HTMLInputElement>('neighbours-count');
  readonly #suggestion = byId<HTMLButtonElement>('use-suggestion');
  #preferences = readPreferences();
  #isInSpace = false;
  #suggested = 0;
  #timer = 0;

  constructor(project: ProjectState, events: SettingsEvents) {
    this.#project = project;
    this.#events = events;
    this.#connect(this.#unknown, 'unknown');
    this.#connect(this.#smoothing, 'steadiness');
    this.#connect(this.#neighbours, 'neighbours');
    this.#suggestion.addEventListener('click', () => {
      this.#change({ unknown: this.#suggested });
      this.#remember();
      this.#unknown.focus();
    });
    this.#root.addEventListener('toggle', () => this.examplesChanged());
    project.onChange(() => this.#show());
    this.#show();
  }

  /** Uses the threshold of embeddings in a space, or of others. */
  useSpace(isUsed: boolean): void {
    this.#isInSpace = isUsed;
    this.#show();
  }

  /** Must be called after each change of the examples. */
  examplesChanged(): void {
    clearTimeout(this.#timer);
    if (this.#root.open) this.#timer = setTimeout(() => void this.#suggest(), suggestionDelayMs);
  }

  /** Minimum mean similarity of the two nearest examples, 0-1, below which the answer is "Unknown". Undefined: never "Unknown". */
  get unknownThreshold(): number | undefined {
    const value = this.#threshold / 100;
    return value > 0 ? value : undefined;
  }

  /** Number of frames after which a frame counts half; 0 turns smoothing off. */
  get smoothing(): number {
    return this.#project.settings.steadiness;
  }

  /** Number of examples that vote; 0 for the rule that the package recommends. */
  get neighbours(): number {
    return this.#project.settings.neighbours;
  }

  /** The threshold in percent. */
  get #threshold(): number {
    return this.#project.settings.unknown ?? this.#preferences[this.#isInSpace ? 'unknownInSpace' : 'unknown'];
  }

  #connect(input: HTMLInputElement, name: 'unknown' | 'steadiness' | 'neighbours'): void {
    input.addEventListener('input', () => this.#change({ [name]: Number(input.value) }));
    input.addEventListener('change', () => this.#remember());
  }

  #change(changes: Partial<ProjectSettings>): void {
    this.#project.changeSettings(changes);
    this.#events.onChange();
  }

  #remember(): void {
    storePreferences(this.#project.settings, this.#isInSpace);
    this.#preferences = readPreferences();
  }

  #show(): void {
    const { unknownThreshold, smoothing, neighbours } = this;
    const { never, below, off, automatic, nearest } = texts.settings;
    showValue(
      this.#unknown,
      this.#threshold,
      unknownThreshold === undefined ? never : below(percent(unknownThreshold)),
    );
    showValue(this.#smoothing, smoothing, smoothing === 0 ? off : texts.common.frames(smoothing));
    showValue(this.#neighbours, neighbours, neighbours === 0 ? automatic : nearest(neighbours));
    this.#showSuggestion();
  }

  async #suggest(): Promise<void> {
    const usual = this.#isInSpace ? usualThreshold.inSpace : usualThreshold.lastLayer;
    // When the engine fails meanwhile, the old suggestion stays.
    this.#suggested = suggestThreshold(await this.#events.sampleExamples().catch(() => []), usual);
    this.#showSuggestion();
  }

  #showSuggestion(): void {
    this.#suggestion.hidden = this.#suggested === 0 || this.#suggested === this.#threshold;
    this.#suggestion.textContent = texts.settings.useSuggestion(percent(this.#suggested / 100));
  }
}

function showValue(input: HTMLInputElement, value: number, text: string): void {
  // While the visitor moves a slider, it has the value already.
  if (Number(input.value) !== value) input.value = String(value);
  byId(`${input.id}-text`).textContent = text;
  input.setAttribute('aria-valuetext', text);
}
