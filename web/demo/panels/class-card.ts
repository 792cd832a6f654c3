// The card of one class: its name, confidence, record button, file input, and examples.

import { colourOf, slotCount } from '../dataset/slots.js';
import { byId, within } from '../dom/elements.js';
import { listenForChoice, listenForDrop } from '../dom/file-input.js';
import { percent } from '../dom/format.js';
import { listenForHold } from '../dom/press-and-hold.js';
import { CardOptions } from '../recording/card-options.js';
import { texts } from '../texts/texts.js';
import { ClassExamples } from './class-examples.js';

/** Data that a card needs from the rest of the page, and the callbacks through which it reports. */
export interface ClassCardEvents {
  /** Called for each new card, so that other parts can add their buttons. */
  onCreate(card: ClassCard): void;
  thumbnailOf(id: number): Uint8Array | undefined;
  /** Called when the record button is pressed. */
  onPress(card: ClassCard): void;
  /** Called when the record button is released. */
  onRelease(card: ClassCard): void;
  /** Called before the card leaves the page. */
  onLeave(card: ClassCard): void;
  onFiles(card: ClassCard, files: File[]): void;
  /** Called to remove all examples of the class. */
  onClear(card: ClassCard): void;
  /** Called to remove the class. */
  onRemove(card: ClassCard): void;
  /** Called after each letter that is typed into the name. */
  onTyping(): void;
  onRename(card: ClassCard, name: string): void;
  /** Called to remove one example. */
  onDelete(card: ClassCard, id: number): void;
  /** Called to move one example to another class. */
  onMoveExample(id: number, label: string): void;
  /** Returns the labels of all classes, in the order of the page. */
  labels(): string[];
  onEnable(card: ClassCard, enabled: boolean): void;
  /** Called to move the card by one place: -1 or 1. */
  onStep(card: ClassCard, step: -1 | 1): void;
}

/** A card. */
export class ClassCard {
  /** Decides its key, its colour and its test ids. It stays the same when the name changes. */
  readonly slot: number;
  readonly root: HTMLElement;
  readonly #events: ClassCardEvents;
  readonly #examples: ClassExamples;
  readonly #options: CardOptions;
  readonly #input: HTMLInputElement;
  readonly #removed = new AbortController();
  #label = '';
  #isEmpty = true;
  #confidence = 0;
  #isRecording = false;
  #recordingText = '';
  #handsFree = false;

  constructor(slot: number, events: ClassCardEvents) {
    this.slot = slot;
    this.#events = events;
    const copy = byId<HTMLTemplateElement>('class-card').content.cloneNode(true) as DocumentFragment;
    this.root = within<HTMLElement>(copy, '.card');
    this.root.dataset['class'] = colourOf(slot);
    this.#input = within(copy, '.name');
    this.#setTestIds();
    this.#examples = new ClassExamples(
      this.root,
      {
        thumbnailOf: events.thumbnailOf,
        onDelete: (id) => events.onDelete(this, id),
        onMove: events.onMoveExample,
        otherLabels: () => events.labels().filter((label) => label !== this.#label),
      },
      this.#removed.signal,
    );
    this.#options = new CardOptions(this.root, slot, {
      onEnable: (enabled) => events.onEnable(this, enabled),
      onStep: (step) => events.onStep(this, step),
    });
    this.#listen();
    events.onCreate(this);
  }

  /** The name by which the engine knows the class. */
  get label(): string {
    return this.#label;
  }

  /** The name in the text field, which becomes the label when the visitor stops typing. */
  get name(): string {
    return this.#input.value.trim() || this.#label;
  }

  set label(label: string) {
    if (label === this.#label && this.#input.value !== '') return;
    this.#label = label;
    this.#input.value = label;
    this.#labelControls();
  }

  /** Shows the examples with these ids, oldest first. Pass the same array again after adding ids at its end. */
  showExamples(ids: readonly number[]): void {
    if (!this.#examples.show(ids, this.name)) return;
    within(this.root, '.count').textContent = texts.common.examples(ids.length);
    within<HTMLButtonElement>(this.root, '.clear').disabled = ids.length === 0;
    if (this.#isEmpty === (ids.length === 0)) return;
    this.#isEmpty = ids.length === 0;
    this.#labelControls();
  }

  /** Shows the confidence in this class, 0-1. */
  showConfidence(confidence: number, isWinner: boolean): void {
    this.root.toggleAttribute('data-winner', isWinner);
    if (confidence === this.#confidence) return;
    this.#confidence = confidence;
    within<HTMLElement>(this.root, '.meter-fill').style.transform = `scaleX(${confidence})`;
    const text = within(this.root, '.meter-text');
    if (text.textContent === percent(confidence)) return;
    text.textContent = percent(confidence);
    const meter = within(this.root, '.meter');
    meter.setAttribute('aria-valuenow', String(Math.round(confidence * 100)));
    meter.setAttribute('aria-valuetext', percent(confidence));
  }

  /** Shows whether the class is recorded. `text` is what the button says meanwhile. */
  showRecording(isRecording: boolean, text = texts.classes.isRecording): void {
    this.#isRecording = isRecording;
    this.#recordingText = text;
    this.#showRecordButton();
  }

  /** Shows whether a press records without being held. */
  showHandsFree(handsFree: boolean): void {
    this.#handsFree = handsFree;
    this.#showRecordButton();
  }

  /** Shows whether the examples of the class vote. */
  showEnabled(enabled: boolean): void {
    this.#options.showEnabled(enabled);
    this.#options.label(this.name);
  }

  /** Shows advice about this class; '' hides it. */
  showHint(text: string): void {
    const hint = within<HTMLElement>(this.root, '.class-hint');
    hint.hidden = text === '';
    hint.textContent = text;
  }

  /** Shows the old name again, after a new name was rejected. */
  resetName(): void {
    this.#input.value = this.#label;
    this.#labelControls();
  }

  focusName(): void {
    this.#input.focus();
    this.#input.select();
  }

  /** Removes the card from the page and stops its listeners. */
  remove(): void {
    this.#events.onLeave(this);
    this.#removed.abort();
    this.root.remove();
  }

  #showRecordButton(): void {
    const { classes, recording } = texts;
    within(this.root, '.record').setAttribute('aria-pressed', String(this.#isRecording));
    const idle = this.#handsFree ? recording.pressToRecord : classes.holdToRecord;
    within(this.root, '.record-text').textContent = this.#isRecording ? this.#recordingText : idle;
    this.#labelControls();
  }

  #setTestIds(): void {
    for (const part of [
      'name',
      'record',
      'count',
      'clear',
      'remove',
      'thumbnails',
      'gallery',
      'click-action',
      'class-hint',
    ])
      within<HTMLElement>(this.root, `.${part}`).dataset['testid'] = `${part}-${this.slot}`;
    within<HTMLElement>(this.root, '.meter').dataset['testid'] = `bar-${this.slot}`;
    within<HTMLElement>(this.root, 'input[type=file]').dataset['testid'] = `files-${this.slot}`;
  }

  #listen(): void {
    const { root, slot } = this;
    const events = this.#events;
    const hold = { onPress: () => events.onPress(this), onRelease: () => events.onRelease(this) };
    listenForHold(within(root, '.record'), slot <= slotCount ? String(slot) : '', hold, this.#removed.signal);
    listenForChoice(within(root, 'input[type=file]'), (files) => events.onFiles(this, files));
    listenForDrop(root, (files) => events.onFiles(this, files));
    within(root, '.clear').addEventListener('click', () => events.onClear(this));
    within(root, '.remove').addEventListener('click', () => events.onRemove(this));
    this.#input.addEventListener('input', () => {
      this.#labelControls();
      events.onTyping();
    });
    this.#input.addEventListener('change', () => this.#commitName());
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#input.blur();
    });
  }

  #commitName(): void {
    const { name } = this;
    this.#input.value = name;
    this.#labelControls();
    if (name !== this.#label) this.#events.onRename(this, name);
  }

  /** Name of the record button. It begins with the text that the button shows, so that it can be spoken to. */
  get #recordLabel(): string {
    const { name } = this;
    if (this.#isRecording) return `${this.#recordingText}: ${name}`;
    return this.#handsFree ? texts.recording.pressToRecordName(name) : texts.classes.holdToRecordName(name);
  }

  /** Gives the controls names for screen readers, which include the name of the class. */
  #labelControls(): void {
    const { name } = this;
    const labels: Record<string, string> = {
      '.name': texts.classes.nameOf(this.slot),
      '.meter': texts.classes.confidenceIn(name),
      '.record': this.#recordLabel,
      'input[type=file]': texts.classes.addPicturesTo(name),
      '.thumbnails': this.#isEmpty ? `${texts.classes.noExamples}: ${name}` : texts.classes.showExamplesOf(name),
      '.gallery-list': texts.classes.examplesOf(name),
      '.clear': texts.classes.removeAllOf(name),
      '.remove': texts.classes.removeClassName(name),
    };
    for (const [selector, text] of Object.entries(labels)) within(this.root, selector).setAttribute('aria-label', text);
    this.#options.label(name);
  }
}
