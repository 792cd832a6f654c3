// One class of the page: name, meter, record button, files, strip of examples.

import { byId, percent, within } from './element.js';
import { listenForHold } from './hold.js';
import { Strip } from './strip.js';

export interface ClassCardEvents {
  onPress(id: string): void;
  onRelease(id: string): void;
  onFiles(id: string, files: File[]): void;
  onForget(id: string): void;
  onRename(): void;
}

export class ClassCard {
  /** Stable, unlike the name: examples are taught under it, so a new name costs nothing. */
  readonly id: string;
  readonly strip: Strip;
  readonly #root: HTMLElement;
  readonly #fallbackName: string;

  /** Adds the card to `parent`. `number` is 1-3: its key, its colour, its test ids. */
  constructor(parent: HTMLElement, number: number, events: ClassCardEvents) {
    this.id = String(number);
    this.#fallbackName = `Class ${number}`;
    const copy = byId<HTMLTemplateElement>('class-card').content.cloneNode(true) as DocumentFragment;
    this.#root = within<HTMLElement>(copy, '.card');
    this.#root.dataset['class'] = this.id;
    this.strip = new Strip(within(copy, '.strip'));
    for (const part of ['name', 'record', 'count', 'forget']) within<HTMLElement>(copy, `.${part}`).dataset['testid'] = `${part}-${number}`;
    within<HTMLElement>(copy, '.meter').dataset['testid'] = `bar-${number}`;
    this.#listen(copy, String(number), events);
    parent.append(copy);
    within<HTMLInputElement>(this.#root, '.name').value = this.#fallbackName;
    this.#label();
    this.showCount(0);
  }

  get name(): string {
    return within<HTMLInputElement>(this.#root, '.name').value.trim() || this.#fallbackName;
  }

  showCount(count: number): void {
    within(this.#root, '.count').textContent = count === 1 ? '1 example' : `${count} examples`;
    within<HTMLButtonElement>(this.#root, '.forget').disabled = count === 0;
    if (count === 0) this.strip.clear();
  }

  /** `share` 0-1. */
  showConfidence(share: number, isWinner: boolean): void {
    within<HTMLElement>(this.#root, '.meter-fill').style.transform = `scaleX(${share})`;
    within(this.#root, '.meter-text').textContent = percent(share);
    const meter = within(this.#root, '.meter');
    meter.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    meter.setAttribute('aria-valuetext', percent(share));
    this.#root.toggleAttribute('data-winner', isWinner);
  }

  showRecording(isRecording: boolean): void {
    within(this.#root, '.record').setAttribute('aria-pressed', String(isRecording));
    within(this.#root, '.record-text').textContent = isRecording ? 'Recording' : 'Hold to record';
  }

  #listen(root: ParentNode, key: string, events: ClassCardEvents): void {
    listenForHold(within(root, '.record'), key, {
      onPress: () => events.onPress(this.id),
      onRelease: () => events.onRelease(this.id),
    });
    const files = within<HTMLInputElement>(root, 'input[type=file]');
    files.dataset['testid'] = `files-${key}`;
    files.addEventListener('change', () => {
      events.onFiles(this.id, [...(files.files ?? [])]);
      // So that the same file can be chosen again.
      files.value = '';
    });
    within(root, '.forget').addEventListener('click', () => events.onForget(this.id));
    const name = within<HTMLInputElement>(root, '.name');
    name.addEventListener('input', () => {
      this.#label();
      events.onRename();
    });
    name.addEventListener('change', () => (name.value = this.name));
    name.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') name.blur();
    });
    listenForDrop(this.#root, (dropped) => events.onFiles(this.id, dropped));
  }

  /** Names the controls for those who don't see where they stand. */
  #label(): void {
    const { name } = this;
    within(this.#root, '.name').setAttribute('aria-label', `Name of ${this.#fallbackName}`);
    within(this.#root, '.meter').setAttribute('aria-label', `Confidence in ${name}`);
    within(this.#root, '.record').setAttribute('aria-label', `Hold to record ${name}`);
    within(this.#root, 'input[type=file]').setAttribute('aria-label', `Add pictures to ${name}`);
    within(this.#root, '.forget').setAttribute('aria-label', `Forget the examples of ${name}`);
  }
}

/** Files dropped on an element. Marks it with data-drop while they hover. */
export function listenForDrop(target: HTMLElement, onFiles: (files: File[]) => void): void {
  target.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.stopPropagation();
    target.dataset['drop'] = '';
  });
  target.addEventListener('dragleave', () => delete target.dataset['drop']);
  target.addEventListener('drop', (event) => {
    delete target.dataset['drop'];
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    onFiles([...event.dataTransfer.files]);
  });
}
