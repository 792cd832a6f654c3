// The gallery: all examples of a class, newest first. A click removes one or moves it to another class, as the visitor chooses. The
// Delete key removes one.

import { build } from '../dom/build.js';
import { within } from '../dom/elements.js';
import { paintThumbnail } from '../dom/thumbnails.js';
import { texts } from '../texts/texts.js';

/** Number of examples that are drawn at first, and that the button "Show ... more" adds. */
const pageSize = 60;

/** Data that a gallery needs from the rest of the page, and its callbacks. */
export interface GalleryEvents {
  thumbnailOf(id: number): Uint8Array | undefined;
  onDelete(id: number): void;
  onMove(id: number, label: string): void;
  /** Returns the labels of the other classes. */
  otherLabels(): string[];
}

/** The gallery of one class. */
export class Gallery {
  readonly #root: HTMLElement;
  readonly #list: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #action: HTMLSelectElement;
  readonly #events: GalleryEvents;
  readonly #buttons = new Map<number, HTMLButtonElement>();
  #ids: readonly number[] = [];
  #maxShown = pageSize;
  #name = '';

  constructor(root: HTMLElement, events: GalleryEvents) {
    this.#root = root;
    this.#list = within(root, '.gallery-list');
    this.#more = within(root, '.more');
    this.#action = within(root, '.click-action');
    this.#events = events;
    this.#more.addEventListener('click', () => this.#showMore());
    this.#list.addEventListener('click', (event) => {
      const id = idOf(event.target);
      const target = this.#target;
      if (id === undefined) return;
      if (target === undefined) events.onDelete(id);
      else if (events.otherLabels().includes(target)) events.onMove(id, target);
      else {
        // That class was removed or renamed. A click must not remove an example instead.
        this.#listClasses();
        this.#draw();
      }
    });
    this.#action.addEventListener('change', () => this.#draw());
    // The other classes may have changed since they were listed.
    for (const type of ['focus', 'pointerdown']) this.#action.addEventListener(type, () => this.#listClasses());
    this.#list.addEventListener('keydown', (event) => {
      const id = idOf(event.target);
      if (id === undefined) return;
      if (event.key === 'Delete' || event.key === 'Backspace') events.onDelete(id);
      else if (!this.#moveFocus(event.target as HTMLElement, event.key)) return;
      event.preventDefault();
    });
  }

  get isOpen(): boolean {
    return !this.#root.hidden;
  }

  toggle(): void {
    this.#root.hidden = this.isOpen;
    this.#maxShown = pageSize;
    this.#action.value = '';
    this.#listClasses();
    this.#draw();
  }

  /** Sets the examples, oldest first, and the name of their class. */
  show(ids: readonly number[], name: string): void {
    this.#ids = ids;
    this.#name = name;
    if (ids.length === 0) this.#root.hidden = true;
    this.#draw();
  }

  #draw(): void {
    if (!this.isOpen) {
      this.#list.replaceChildren();
      this.#buttons.clear();
      return;
    }
    const focused = [...this.#list.children].indexOf(document.activeElement!);
    const shown = this.#ids.slice(-this.#maxShown).reverse();
    const wanted = new Set(shown);
    for (const [id, button] of this.#buttons) {
      if (wanted.has(id)) continue;
      this.#buttons.delete(id);
      button.remove();
    }
    shown.forEach((id, index) => {
      const button = this.#buttons.get(id) ?? this.#makeButton(id);
      const number = this.#ids.length - index;
      const target = this.#target;
      button.setAttribute(
        'aria-label',
        target === undefined
          ? texts.classes.removeExample(number, this.#name)
          : texts.recording.moveExample(number, this.#name, target),
      );
      button.toggleAttribute('data-moves', target !== undefined);
      if (this.#list.children[index] !== button) this.#list.insertBefore(button, this.#list.children[index] ?? null);
    });
    const rest = this.#ids.length - shown.length;
    this.#more.hidden = rest === 0;
    this.#more.textContent = texts.classes.showMore(Math.min(rest, pageSize), rest);
    // When the focused example was removed, the one in its place gets the focus.
    if (focused >= 0 && !this.#list.contains(document.activeElement)) this.#focus(Math.min(focused, shown.length - 1));
    this.#keepOneInTabOrder();
  }

  /** The class to which a click moves an example, or undefined when a click removes it. */
  get #target(): string | undefined {
    const { value } = this.#action;
    return value === '' ? undefined : value.slice(1);
  }

  /** Lists what a click can do. Values of classes begin with a letter, because a label may be empty. */
  #listClasses(): void {
    const { value } = this.#action;
    const labels = this.#events.otherLabels();
    this.#action.replaceChildren(
      build('option', { value: '' }, texts.recording.clickRemoves),
      ...labels.map((label) => build('option', { value: `=${label}` }, texts.recording.clickMoves(label))),
    );
    this.#action.value = labels.some((label) => value === `=${label}`) ? value : '';
  }

  #makeButton(id: number): HTMLButtonElement {
    const button = document.createElement('button');
    const canvas = document.createElement('canvas');
    button.type = 'button';
    button.className = 'example';
    button.dataset['id'] = String(id);
    button.tabIndex = -1;
    button.append(canvas);
    this.#buttons.set(id, button);
    void paintThumbnail(canvas, this.#events.thumbnailOf(id));
    return button;
  }

  #showMore(): void {
    const first = this.#maxShown;
    this.#maxShown += pageSize;
    this.#draw();
    this.#focus(first);
  }

  /** Keeps exactly one example in the tab order. The arrow keys reach the others. */
  #keepOneInTabOrder(): void {
    const buttons = [...this.#buttons.values()];
    if (buttons.some((button) => button.tabIndex === 0)) return;
    const first = this.#list.firstElementChild as HTMLElement | null;
    if (first) first.tabIndex = 0;
  }

  /** Moves the focus for an arrow key, Home or End. Returns false for other keys. */
  #moveFocus(from: HTMLElement, key: string): boolean {
    const all = [...this.#list.children] as HTMLElement[];
    const current = all.indexOf(from);
    const columns = Math.max(1, all.filter((each) => each.offsetTop === all[0]!.offsetTop).length);
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      Home: -current,
      End: all.length - 1 - current,
    };
    const step = steps[key];
    if (step === undefined) return false;
    this.#focus(Math.max(0, Math.min(all.length - 1, current + step)));
    return true;
  }

  #focus(index: number): void {
    const target = this.#list.children[index] as HTMLElement | undefined;
    if (!target) return;
    for (const button of this.#buttons.values()) button.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  }
}

/** Returns the id of the example that an event came from. */
function idOf(target: EventTarget | null): number | undefined {
  const id = (target as HTMLElement).closest<HTMLElement>('.example')?.dataset['id'];
  return id === undefined ? undefined : Number(id);
}
