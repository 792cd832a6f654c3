// The dialog in which the visitor chooses what happens when a class wins. Each change is kept at once.

import { build } from '../dom/build.js';
import { listenForChoice } from '../dom/file-input.js';
import { percent } from '../dom/format.js';
import type { ClassCard } from '../panels/class-card.js';
import type { ProjectState } from '../project/project.js';
import { texts } from '../texts/texts.js';
import { hasMidi, openMidi } from './midi.js';
import {
  hasPicture,
  maxEmoji,
  maxHoldMs,
  maxWords,
  minThreshold,
  noOutput,
  type Output,
  pictureTypes,
} from './output.js';
import { readPicture, readSound } from './own-files.js';
import { PicturePlayer } from './picture.js';
import type { Player } from './player.js';
import { maxRecordedSeconds, SoundRecorder } from './recorder.js';
import { isSoundName, soundNames } from './sound-names.js';

/** Emoji for one click. They differ in shape and in colour. */
const emojiChoices = ['👍', '👎', '❤️', '⭐', '🎉', '🐱', '🐶', '🦄', '🍎', '🍌', '🚀', '🛑'];

/** Shows the dialog for the class of a card. Resolves when it is closed. */
export function editOutput(card: ClassCard, project: ProjectState, player: Player): Promise<void> {
  return new OutputEditor(card, project, player).closed;
}

class OutputEditor {
  readonly #card: ClassCard;
  readonly #project: ProjectState;
  readonly #player: Player;
  readonly #dialog: HTMLDialogElement;
  readonly #status = build('p', { class: 'output-status', role: 'status', 'data-testid': 'output-status' });
  readonly #level = build('div', { class: 'output-level-fill' });
  readonly #meter = build('div', { class: 'output-level', 'aria-hidden': 'true', hidden: true }, this.#level);
  readonly #recordButton = this.#button(texts.outputs.record, 'output-record', () => void this.#record());
  readonly #soundChoice = build('select', { 'aria-label': texts.outputs.soundChoice, 'data-testid': 'output-sound' });
  readonly #emoji = this.#textField('output-emoji', texts.outputs.emoji, maxEmoji);
  readonly #forgetPicture = this.#button(texts.outputs.useEmoji, 'output-forget', () =>
    this.#changePicture({ own: null }),
  );
  readonly #stage = build('div', { class: 'output-sample', 'data-testid': 'output-sample' });
  readonly #sample = new PicturePlayer(this.#stage);
  #recorder: SoundRecorder | undefined;

  /** Resolves when the dialog is closed. */
  readonly closed: Promise<void>;

  constructor(card: ClassCard, project: ProjectState, player: Player) {
    this.#card = card;
    this.#project = project;
    this.#player = player;
    const { outputs } = texts;
    this.#dialog = build(
      'dialog',
      { class: 'output-editor', 'aria-labelledby': 'output-title', 'data-testid': 'output-editor' },
      build('h2', { id: 'output-title' }, outputs.title(card.name)),
      this.#part('speech', outputs.speech, this.#speechControls()),
      this.#part('sound', outputs.playSound, this.#soundControls()),
      this.#part('picture', outputs.picture, this.#pictureControls()),
      ...(hasMidi() ? [this.#part('midi', outputs.midi, this.#midiControls())] : []),
      this.#slider('output-threshold', outputs.threshold, minThreshold * 100, 100, 5, this.#output.threshold * 100, {
        text: (value) => percent(value / 100),
        change: (value) => this.#change({ threshold: value / 100 }),
      }),
      this.#slider('output-hold', outputs.hold, 0, maxHoldMs, 100, this.#output.holdMs, {
        text: (value) => outputs.seconds(value / 1000),
        change: (value) => this.#change({ holdMs: value }),
      }),
      build('p', { class: 'hint' }, outputs.holdHint),
      build(
        'div',
        { class: 'output-editor-tools' },
        this.#status,
        this.#button(outputs.tryIt, 'output-try', () => void this.#tryIt()),
        this.#button(outputs.done, 'output-done', () => this.#dialog.close()),
      ),
    );
    document.body.append(this.#dialog);
    this.#show();
    this.#dialog.showModal();
    this.closed = new Promise((resolve) => this.#dialog.addEventListener('close', () => this.#onClose(resolve)));
  }

  get #output(): Output {
    return this.#project.classSettings(this.#card.label).output ?? noOutput;
  }

  #change(changes: Partial<Output>): void {
    // The class may have been removed by an undo.
    if (!this.#card.root.isConnected) return this.#dialog.close();
    this.#project.changeClass(this.#card.label, { output: { ...this.#output, ...changes } });
  }

  #changeSound(changes: Partial<Output['sound']>): void {
    this.#change({ sound: { ...this.#output.sound, ...changes } });
    this.#show();
  }

  #changePicture(changes: Partial<Output['picture']>): void {
    this.#change({ picture: { ...this.#output.picture, ...changes } });
    this.#show();
  }

  /** Shows the current choices of sound and picture. */
  #show(): void {
    const { sound, picture } = this.#output;
    const { soundNames: names, ownSound } = texts.outputs;
    this.#soundChoice.replaceChildren(
      ...soundNames.map((name) =>
        build('option', { value: name, selected: !sound.own && name === sound.name }, names[name]),
      ),
      ...(sound.own ? [build('option', { value: 'own', selected: true }, ownSound(sound.own.name))] : []),
    );
    if (this.#emoji.value !== picture.emoji) this.#emoji.value = picture.emoji;
    this.#emoji.disabled = picture.own !== null;
    this.#forgetPicture.hidden = picture.own === null;
    if (picture.own || picture.emoji) void this.#sample.show(picture, this.#card.name).catch(() => {});
    else this.#sample.hide();
  }

  #say(text: string): void {
    this.#status.textContent = text;
  }

  async #tryIt(): Promise<void> {
    this.#say('');
    this.#player.mute(false);
    const output = this.#output;
    const isNothing = !(output.speech.on || output.sound.on || output.midi.on || hasPicture(output));
    if (isNothing) return this.#say(texts.outputs.nothingChosen);
    const [trouble] = await this.#player.start(output, this.#card.name);
    if (trouble) this.#say(texts.outputs.troubles[trouble]);
  }

  // The parts -----------------------------------------------------------------------------------------------------------

  /** A check box that switches one part of the output, and the controls that are visible while it is on. */
  #part(name: 'speech' | 'sound' | 'picture' | 'midi', text: string, controls: HTMLElement): HTMLElement {
    const isOn = this.#output[name].on;
    controls.hidden = !isOn;
    const box = build('input', { type: 'checkbox', checked: isOn, 'data-testid': `output-${name}-on` });
    box.addEventListener('change', () => {
      controls.hidden = !box.checked;
      this.#change({ [name]: { ...this.#output[name], on: box.checked } });
      if (name === 'midi' && box.checked) void this.#connectMidi();
    });
    return build('div', { class: 'output-part' }, build('label', { class: 'output-switch' }, box, text), controls);
  }

  #speechControls(): HTMLElement {
    const words = this.#textField('output-words', texts.outputs.words, maxWords);
    words.value = this.#output.speech.words;
    words.placeholder = this.#card.name;
    words.addEventListener('input', () =>
      this.#change({ speech: { ...this.#output.speech, words: words.value.trim() } }),
    );
    return controlsOf(words);
  }

  #soundControls(): HTMLElement {
    this.#soundChoice.addEventListener('change', () => {
      const name = this.#soundChoice.value;
      if (!isSoundName(name)) return;
      this.#changeSound({ name, own: null });
      this.#playSound();
    });
    const choose = this.#fileButton(texts.outputs.chooseSound, 'output-sound-file', 'audio/*', async (file) => {
      this.#changeSound({ own: await readSound(file, this.#player.sound) });
      this.#playSound();
    });
    return controlsOf(this.#soundChoice, choose, this.#recordButton, this.#meter);
  }

  #pictureControls(): HTMLElement {
    this.#emoji.addEventListener('input', () => this.#changePicture({ emoji: this.#emoji.value.trim() }));
    const choices = emojiChoices.map((emoji) =>
      build(
        'button',
        {
          type: 'button',
          class: 'quiet output-choice',
          on: { click: () => this.#changePicture({ emoji, own: null }) },
        },
        emoji,
      ),
    );
    const choose = this.#fileButton(
      texts.outputs.choosePicture,
      'output-picture-file',
      pictureTypes.join(),
      async (file) => this.#changePicture({ own: await readPicture(file) }),
    );
    const list = build(
      'div',
      { class: 'output-choices', role: 'group', 'aria-label': texts.outputs.emojiChoices },
      ...choices,
    );
    return controlsOf(this.#emoji, choose, this.#forgetPicture, list, this.#stage);
  }

  #midiControls(): HTMLElement {
    const field = (name: 'note' | 'channel', text: string, min: number, max: number) => {
      const input = build('input', {
        type: 'number',
        min,
        max,
        value: this.#output.midi[name],
        'data-testid': `output-midi-${name}`,
      });
      input.addEventListener('input', () => {
        if (input.checkValidity() && input.value !== '')
          this.#change({ midi: { ...this.#output.midi, [name]: Number(input.value) } });
      });
      return build('label', { class: 'output-number' }, text, input);
    };
    return controlsOf(
      field('note', texts.outputs.midiNote, 0, 127),
      field('channel', texts.outputs.midiChannel, 1, 16),
    );
  }

  async #connectMidi(): Promise<void> {
    const { midiDevices, midiRefused } = texts.outputs;
    this.#say(await openMidi().then(midiDevices, () => midiRefused));
  }

  // Sounds --------------------------------------------------------------------------------------------------------------

  #playSound(): void {
    this.#player.sound.play(this.#output.sound).catch(() => this.#say(texts.outputs.troubles['bad-sound']));
  }

  /** Starts to record, or ends the recording that goes on. */
  async #record(): Promise<void> {
    if (this.#recorder) return this.#recorder.stop();
    this.#player.sound.silence();
    this.#recordButton.disabled = true;
    try {
      const recorder = await SoundRecorder.start((level) => (this.#level.style.transform = `scaleX(${level})`));
      this.#recorder = recorder;
      // The dialog may have been closed while the browser was asking for permission.
      if (!this.#dialog.open) recorder.stop();
      this.#recordButton.disabled = false;
      this.#recordButton.textContent = texts.outputs.stopRecording;
      this.#meter.hidden = false;
      this.#say(texts.outputs.recording(maxRecordedSeconds));
      const own = await recorder.result();
      if (!this.#dialog.open) return;
      this.#changeSound({ own });
      this.#say(texts.outputs.recorded);
      this.#playSound();
    } catch (error) {
      this.#say((error as Error).message);
    } finally {
      this.#recorder = undefined;
      this.#meter.hidden = true;
      this.#recordButton.disabled = false;
      this.#recordButton.textContent = texts.outputs.record;
    }
  }

  #onClose(resolve: () => void): void {
    this.#recorder?.stop();
    this.#sample.hide();
    this.#dialog.remove();
    resolve();
  }

  // Controls ------------------------------------------------------------------------------------------------------------

  #button(text: string, testId: string, click: () => void): HTMLButtonElement {
    return build('button', { type: 'button', 'data-testid': testId, on: { click } }, text);
  }

  #textField(testId: string, text: string, maxlength: number): HTMLInputElement {
    return build('input', { type: 'text', maxlength, autocomplete: 'off', 'aria-label': text, 'data-testid': testId });
  }

  /** A button that lets the visitor choose a file. Errors of `use` are shown. */
  #fileButton(text: string, testId: string, accept: string, use: (file: File) => Promise<void>): HTMLElement {
    const input = build('input', { type: 'file', accept, class: 'visually-hidden', 'data-testid': testId });
    listenForChoice(input, ([file]) => {
      this.#say('');
      use(file!).catch((error: Error) => this.#say(error.message));
    });
    return build('label', { class: 'button' }, text, input);
  }

  #slider(
    testId: string,
    text: string,
    min: number,
    max: number,
    step: number,
    value: number,
    { text: textOf, change }: { text: (value: number) => string; change: (value: number) => void },
  ): HTMLElement {
    const shown = build('output');
    const input = build('input', { type: 'range', id: testId, min, max, step, value, 'data-testid': testId });
    const show = () => {
      shown.textContent = textOf(Number(input.value));
      input.setAttribute('aria-valuetext', shown.textContent);
    };
    input.addEventListener('input', () => {
      show();
      change(Number(input.value));
    });
    show();
    return build('div', { class: 'setting' }, build('label', { for: testId }, text), shown, input);
  }
}

function controlsOf(...children: HTMLElement[]): HTMLElement {
  return build('div', { class: 'output-controls' }, ...children);
}
