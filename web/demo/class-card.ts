// One class of the page: name, meter, record button, files, its examples.

import { byId, colourOf, percent, within } from './element.js';
import { listenForDrop } from './file-drop.js';
import { Gallery } from './gallery.js';
import { listenForHold } from './hold.js';
import { Strip } from './strip.js';

export interface ClassCardEvents {
  thumbnailOf(id: number): Uint8Array | undefined;
  onPress(card: ClassCard): void;
  onRelease(card: ClassCard): void;
  onFiles(card: ClassCard, files: File[]): void;
  onForget(card: ClassCard): void;
  onRemove(card: ClassCard): void;
  /** With each letter. */
  onTyping(): void;
  onRename(card: ClassCard, name: string): void;
  onDelete(card: ClassCard, id: number): void;
}

/** Places from 1 on that have a key. */
const keys = 9;
/** After the last new example, until all of them are drawn. */
const settleMs = 400;

export class ClassCard {
  /** Its key, its colour, its test ids. Stays while the name changes. */
  readonly place: number;
  readonly root: HTMLElement;
  readonly #events: ClassCardEvents;
  readonly #strip: Strip;
  readonly #gallery: Gallery;
  readonly #input: HTMLInputElement;
  readonly #gone = new AbortController();
  #label = '';
  #ids: readonly number[] = [];
  #count = -1;
  #settling = 0;

  constructor(place: number, events: ClassCardEvents) {
    this.place = place;
    this.#events = events;
    const copy = byId<HTMLTemplateElement>('class-card').content.cloneNode(true) as DocumentFragment;
    this.root = within<HTMLElement>(copy, '.card');
    this.root.dataset['class'] = colourOf(place);
    this.#input = within(copy, '.name');
    this.#strip = new Strip(within(copy, '.strip'));
    this.#gallery = new Gallery(within(copy, '.gallery'), events.thumbnailOf, (id) => events.onDelete(this, id));
    for (const part of ['name', 'record', 'count', 'forget', 'remove', 'strip', 'gallery'])
      within<HTMLElement>(copy, `.${part}`).dataset['testid'] = `${part}-${place}`;
    within<HTMLElement>(copy, '.meter').dataset['testid'] = `bar-${place}`;
    within<HTMLElement>(copy, 'input[type=file]').dataset['testid'] = `files-${place}`;
    this.#listen();
  }

  /** Its place as a word, for what is keyed by words. */
  get id(): string {
    return String(this.place);
  }

  /** By which the engine knows it. */
  get label(): string {
    return this.#label;
  }

  /** What it will be called when the visitor has ended typing. */
  get name(): string {
    return this.#input.value.trim() || this.#label;
  }

  set label(label: string) {
    if (label === this.#label && this.#input.value !== '') return;
    this.#label = label;
    this.#input.value = label;
    this.#describe();
  }

  /** `ids`: in the order of teaching; the same list as before when some were added at its end. */
  showExamples(ids: readonly number[]): void {
    const added = ids === this.#ids ? ids.length - this.#count : NaN;
    if (added === 0) return;
    this.#ids = ids;
    this.#count = ids.length;
    const text = within(this.root, '.count');
    text.textContent = ids.length === 1 ? '1 example' : `${ids.length} examples`;
    within<HTMLButtonElement>(this.root, '.forget').disabled = ids.length === 0;
    within<HTMLButtonElement>(this.root, '.strip').disabled = ids.length === 0;
    clearTimeout(this.#settling);
    if (!(added > 0)) return this.#settle();
    void this.#strip.add(this.#events.thumbnailOf(ids.at(-1)!));
    this.#settling = setTimeout(() => this.#settle(), settleMs);
  }

  /** `share` 0-1. */
  showConfidence(share: number, isWinner: boolean): void {
    within<HTMLElement>(this.root, '.meter-fill').style.transform = `scaleX(${share})`;
    within(this.root, '.meter-text').textContent = percent(share);
    const meter = within(this.root, '.meter');
    meter.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    meter.setAttribute('aria-valuetext', percent(share));
    this.root.toggleAttribute('data-winner', isWinner);
  }

  showRecording(isRecording: boolean): void {
    within(this.root, '.record').setAttribute('aria-pressed', String(isRecording));
    within(this.root, '.record-text').textContent = isRecording ? 'Recording' : 'Hold to record';
  }

  /** A name that can't be had goes back. */
  resetName(): void {
    this.#input.value = this.#label;
    this.#describe();
  }

  focusName(): void {
    this.#input.focus();
    this.#input.select();
  }

  /** Takes a new name over as if typing had ended. */
  commitName(): void {
    const { name } = this;
    this.#input.value = name;
    this.#describe();
    if (name !== this.#label) this.#events.onRename(this, name);
  }

  remove(): void {
    this.#gone.abort();
    clearTimeout(this.#settling);
    this.root.remove();
  }

  #settle(): void {
    void this.#strip.show(this.#ids, this.#events.thumbnailOf);
    this.#gallery.show(this.#ids, this.name);
    this.#showOpen();
  }

  #listen(): void {
    const { root } = this;
    const events = this.#events;
    const hold = { onPress: () => events.onPress(this), onRelease: () => events.onRelease(this) };
    listenForHold(within(root, '.record'), this.place <= keys ? String(this.place) : '', hold, this.#gone.signal);
    const files = within<HTMLInputElement>(root, 'input[type=file]');
    files.addEventListener('change', () => {
      events.onFiles(this, [...(files.files ?? [])]);
      // So that the same file can be chosen again.
      files.value = '';
    });
    within(root, '.forget').addEventListener('click', () => events.onForget(this));
    within(root, '.remove').addEventListener('click', () => events.onRemove(this));
    within(root, '.strip').addEventListener('click', () => {
      this.#gallery.toggle();
      this.#showOpen();
    });
    this.#input.addEventListener('input', () => {
      this.#describe();
      events.onTyping();
    });
    this.#input.addEventListener('change', () => this.commitName());
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#input.blur();
    });
    listenForDrop(root, (dropped) => events.onFiles(this, dropped));
    window.addEventListener('resize', () => void this.#strip.show(this.#ids, events.thumbnailOf), {
      signal: this.#gone.signal,
    });
  }

  #showOpen(): void {
    within(this.root, '.strip').setAttribute('aria-expanded', String(this.#gallery.open));
  }

  /** Names the controls for those who don't see where they stand. */
  #describe(): void {
    const { name } = this;
    within(this.root, '.name').setAttribute('aria-label', `Name of class ${this.place}`);
    within(this.root, '.meter').setAttribute('aria-label', `Confidence in ${name}`);
    within(this.root, '.record').setAttribute('aria-label', `Hold to record ${name}`);
    within(this.root, 'input[type=file]').setAttribute('aria-label', `Add pictures to ${name}`);
    within(this.root, '.strip').setAttribute('aria-label', `Show the examples of ${name}`);
    within(this.root, '.examples').setAttribute('aria-label', `Examples of ${name}`);
    within(this.root, '.forget').setAttribute('aria-label', `Forget the examples of ${name}`);
    within(this.root, '.remove').setAttribute('aria-label', `Remove the class ${name}`);
  }
}
