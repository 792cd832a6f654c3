// The outputs: what happens when a class wins. This part sees every prediction. Players and panels are loaded when they are needed.

import type { Prediction } from 'teachable-wasm';
import { build } from '../dom/build.js';
import { byId, within } from '../dom/elements.js';
import { showAlert } from '../panels/alert.js';
import type { ClassCard } from '../panels/class-card.js';
import type { ProjectState } from '../project/project.js';
import { language, texts } from '../texts/texts.js';
import { dispatch, type Happening } from './events.js';
import { isActive, isAudible, noOutput, type Output } from './output.js';
import type { ParentLink } from './parent-link.js';
import type { Player, Trouble } from './player.js';
import type { ShowView } from './show-view.js';
import { summaryOf } from './summary.js';
import { Trigger } from './trigger.js';

/** Functions that the outputs need from the rest of the page. */
export interface OutputsEvents {
  /** Returns the name that the page shows for a class. */
  nameOf(label: string): string;
  /** Called after the visitor has edited an output, so that a picture is classified once more. */
  onEdited(): void;
}

/** Connects predictions, players and the buttons of the cards. */
export class Outputs {
  readonly #project: ProjectState;
  readonly #events: OutputsEvents;
  readonly #trigger: Trigger;
  readonly #soundSwitch = byId<HTMLButtonElement>('sound-switch');
  /** The button of each card. */
  readonly #buttons = new Map<ClassCard, HTMLButtonElement>();
  #player: Promise<Player> | undefined;
  #showView: Promise<ShowView> | undefined;
  #link: ParentLink | undefined;
  #isEditing = false;
  #isMuted = false;
  #isExplained = false;

  constructor(project: ProjectState, events: OutputsEvents) {
    this.#project = project;
    this.#events = events;
    this.#trigger = new Trigger({
      settingsOf: (label) => this.#outputOf(label),
      onStart: (label, confidence) => this.#onStart(label, confidence),
      onStop: (label) => this.#onStop(label),
    });
    project.onChange(() => this.#onProjectChange());
    this.#soundSwitch.addEventListener('click', () => this.#mute(!this.#isMuted));
    byId('show-view').addEventListener('click', () => void this.#openShowView());
    // Browsers play sounds only after the visitor has done something.
    for (const type of ['pointerdown', 'keydown'])
      document.addEventListener(type, () => void this.#player?.then(({ sound }) => sound.unlock()).catch(() => {}));
    this.#showMuted();
    if (window.parent !== window) void this.#connectToParent();
  }

  /** Must be called with each prediction, and with null when there is nothing to recognize. `isStill`: it is a picture that stays. */
  showPrediction(prediction: Prediction | null, isStill: boolean): void {
    if (!prediction) return this.#trigger.clear();
    const label = prediction.unknown ? null : prediction.label;
    const confidence = label === null ? 0 : (prediction.confidences[label] ?? 0);
    this.#tell({ type: 'prediction', label, confidence, confidences: prediction.confidences });
    this.#trigger.update(label, confidence, performance.now(), isStill);
  }

  /** Must be called after classes were added, renamed or removed. */
  classesChanged(exists: (label: string) => boolean, rename?: { label: string; newLabel: string } | undefined): void {
    if (rename) this.#trigger.rename(rename.label, rename.newLabel);
    this.#trigger.keepOnly(exists);
    this.#showSummaries();
  }

  /** Adds the button to a card. */
  addTo(card: ClassCard): void {
    const button = build('button', {
      type: 'button',
      class: 'quiet output-button',
      'aria-haspopup': 'dialog',
      'data-testid': `output-${card.slot}`,
      on: { click: () => void this.#edit(card) },
    });
    card.root.querySelector('.card-extras')?.append(button);
    this.#buttons.set(card, button);
  }

  #outputOf(label: string): Output {
    return this.#project.classSettings(label).output ?? noOutput;
  }

  #onStart(label: string, confidence: number): void {
    this.#tell({ type: 'start', label, confidence });
    const output = this.#outputOf(label);
    if (!isActive(output) || this.#isEditing) return;
    void this.#play(async (player) => {
      // The class may have stopped while the player was loading.
      if (this.#trigger.active === label) this.#explain(await player.start(output, this.#events.nameOf(label)));
    });
  }

  #onStop(label: string): void {
    this.#tell({ type: 'stop', label });
    if (!this.#isEditing) void this.#player?.then((player) => player.stop()).catch(() => {});
  }

  #tell(happening: Happening): void {
    const event = dispatch(happening);
    this.#link?.send(event);
  }

  /** Says once in a visit what can't be played. */
  #explain([trouble]: Trouble[]): void {
    if (!trouble || this.#isExplained) return;
    this.#isExplained = true;
    showAlert(texts.outputs.troubles[trouble]);
  }

  /** Calls `use` with the player, which is loaded first if necessary. */
  async #play(use: (player: Player) => unknown): Promise<void> {
    this.#player ??= import('./player.js').then(({ Player }) => new Player(byId('output-stage'), language));
    try {
      const player = await this.#player;
      player.mute(this.#isMuted);
      await use(player);
    } catch {
      this.#player = undefined;
      showAlert(texts.outputs.notLoaded);
    }
  }

  #onProjectChange(): void {
    const outputs = Object.values(this.#project.current.classes).map(({ output }) => output ?? noOutput);
    this.#soundSwitch.hidden = !outputs.some(isAudible);
    // Loaded before the first win, so that the first sound isn't late.
    if (!this.#player && outputs.some(isActive)) void this.#play(() => {});
    this.#showSummaries();
  }

  #showSummaries(): void {
    for (const [card, button] of this.#buttons) {
      // A card that was removed never comes back.
      if (!card.root.isConnected) this.#buttons.delete(card);
      const summary = summaryOf(this.#outputOf(card.label), card.name);
      const { whenItWins, nothing } = texts.outputs;
      button.textContent = summary ? `${whenItWins}: ${summary}` : whenItWins;
      button.setAttribute('aria-label', `${whenItWins}: ${summary || nothing}, ${card.name}`);
    }
  }

  async #edit(card: ClassCard): Promise<void> {
    await this.#play(async (player) => {
      player.sound.unlock();
      const { editOutput } = await import('./editor.js');
      this.#isEditing = true;
      player.stop();
      try {
        await editOutput(card, this.#project, player);
      } finally {
        this.#isEditing = false;
        player.stop();
        player.mute(this.#isMuted);
        // A class that wins now starts anew, with what was chosen.
        this.#trigger.clear();
        this.#events.onEdited();
      }
    });
  }

  #mute(isMuted: boolean): void {
    this.#isMuted = isMuted;
    this.#showMuted();
    void this.#player?.then((player) => player.mute(isMuted)).catch(() => {});
  }

  #showMuted(): void {
    this.#soundSwitch.setAttribute('aria-checked', String(!this.#isMuted));
    const state = this.#isMuted ? texts.outputs.off : texts.outputs.on;
    within(this.#soundSwitch, '.switch-state').textContent = `: ${state}`;
  }

  async #openShowView(): Promise<void> {
    this.#showView ??= import('./show-view.js').then(({ ShowView }) => new ShowView());
    try {
      await (await this.#showView).open();
    } catch {
      this.#showView = undefined;
      showAlert(texts.outputs.notLoaded);
    }
  }

  async #connectToParent(): Promise<void> {
    const { connectToParent } = await import('./parent-link.js');
    this.#link = connectToParent(async (origin) => (await import('./ask-parent.js')).askForParent(origin));
  }
}
