// What happens in the player when a class wins, as the visitor chose it on the demo page: words, a sound, a picture.

import type { Prediction } from 'teachable-wasm';
import { build } from '../dom/build.js';
import { isActive, isAudible, noOutput, type Output } from '../outputs/output.js';
import { Player, type Trouble } from '../outputs/player.js';
import { Trigger } from '../outputs/trigger.js';
import type { PlayerProject } from './project.js';

/** The outputs of all classes. */
export class PlayerOutputs {
  readonly stage = build('div', { class: 'output-stage', 'data-testid': 'output-stage' });
  readonly #project: PlayerProject;
  readonly #player: Player;
  readonly #trigger: Trigger;
  readonly #state = build('span', { 'aria-hidden': 'true' });
  /** Turns words and sounds off and on. It is hidden when there are none. */
  readonly soundSwitch: HTMLButtonElement;
  #isMuted = false;

  /** `onTrouble` is called with what this browser can't play. */
  constructor(project: PlayerProject, onTrouble: (trouble: Trouble) => void) {
    this.#project = project;
    this.#player = new Player(this.stage, project.language);
    this.soundSwitch = build(
      'button',
      {
        type: 'button',
        role: 'switch',
        'data-testid': 'sound-switch',
        hidden: !project.classes.some(({ output }) => output && isAudible(output)),
        on: { click: () => this.#mute(!this.#isMuted) },
      },
      project.texts.sound,
      this.#state,
    );
    this.#mute(false);
    this.#trigger = new Trigger({
      settingsOf: (label) => this.#outputOf(label),
      onStart: (label) => {
        const output = this.#outputOf(label);
        if (!isActive(output)) return;
        void this.#player.start(output, label).then(([trouble]) => trouble && onTrouble(trouble));
      },
      onStop: () => this.#player.stop(),
    });
    // Browsers play sounds only after the visitor has done something.
    if (!this.soundSwitch.hidden)
      for (const type of ['pointerdown', 'keydown']) document.addEventListener(type, () => this.#player.sound.unlock());
  }

  /** Must be called with each prediction, and with null when there is nothing to recognize. `isStill`: it is a picture that stays. */
  show(prediction: Prediction | null, isStill: boolean): void {
    if (!prediction) return this.#trigger.clear();
    const { unknown, label, confidences } = prediction;
    this.#trigger.update(unknown ? null : label, unknown ? 0 : (confidences[label] ?? 0), performance.now(), isStill);
  }

  #outputOf(label: string): Output {
    return this.#project.classes.find((each) => each.label === label)?.output ?? noOutput;
  }

  #mute(isMuted: boolean): void {
    const { on, off } = this.#project.texts;
    this.#isMuted = isMuted;
    this.#player.mute(isMuted);
    this.soundSwitch.setAttribute('aria-checked', String(!isMuted));
    this.#state.textContent = `: ${isMuted ? off : on}`;
  }
}
