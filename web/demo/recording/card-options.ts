// The options of a class on its card: its place, and whether its examples vote. They open with a click on the handle.

import { build } from '../dom/build.js';
import { makeButton, within } from '../dom/elements.js';
import { texts } from '../texts/texts.js';

/** Callbacks of the options. */
export interface CardOptionEvents {
  onEnable(enabled: boolean): void;
  /** Called to move the card by one place: -1 or 1. */
  onStep(step: -1 | 1): void;
}

/** The handle of one card and what it opens. */
export class CardOptions {
  readonly #card: HTMLElement;
  readonly #handle: HTMLButtonElement;
  readonly #panel = build('div', { class: 'card-options', hidden: true });
  readonly #note = build('p', { class: 'off-note', hidden: true }, texts.recording.isOff);
  readonly #up: HTMLButtonElement;
  readonly #down: HTMLButtonElement;
  readonly #switch: HTMLButtonElement;
  #enabled = true;

  constructor(card: HTMLElement, slot: number, events: CardOptionEvents) {
    this.#card = card;
    this.#handle = within(card, '.handle');
    this.#up = makeButton(texts.recording.moveUp, () => events.onStep(-1));
    this.#down = makeButton(texts.recording.moveDown, () => events.onStep(1));
    this.#switch = makeButton('', () => events.onEnable(!this.#enabled));
    this.#up.dataset['testid'] = `up-${slot}`;
    this.#down.dataset['testid'] = `down-${slot}`;
    this.#switch.dataset['testid'] = `switch-${slot}`;
    this.#note.dataset['testid'] = `off-${slot}`;
    this.#handle.dataset['testid'] = `handle-${slot}`;
    within(this.#handle, '.slot-number').textContent = String(slot);
    this.#panel.append(this.#up, this.#down, this.#switch);
    within(card, '.card-head').after(this.#note, this.#panel);
    this.#handle.addEventListener('click', () => this.#toggle());
    this.#handle.addEventListener('keydown', (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key] as -1 | 1 | undefined;
      if (!step) return;
      event.preventDefault();
      events.onStep(step);
    });
  }

  /** Shows whether the class votes. */
  showEnabled(enabled: boolean): void {
    this.#enabled = enabled;
    this.#note.hidden = enabled;
    this.#card.toggleAttribute('data-off', !enabled);
    this.#switch.textContent = enabled ? texts.recording.turnOff : texts.recording.turnOn;
  }

  /** Names the controls for screen readers. */
  label(name: string): void {
    this.#handle.setAttribute('aria-label', texts.recording.optionsOf(name));
    for (const button of [this.#up, this.#down, this.#switch])
      button.setAttribute('aria-label', `${button.textContent}: ${name}`);
  }

  #toggle(): void {
    this.#panel.hidden = !this.#panel.hidden;
    this.#handle.setAttribute('aria-expanded', String(!this.#panel.hidden));
  }
}
