// All examples of a class, the latest first, each to be removed by a click or by the Delete key. Of many, some are drawn at a time.

import { within } from './element.js';
import { paintThumbnail } from './thumbnail.js';

const drawnAtATime = 60;

export class Gallery {
  readonly #root: HTMLElement;
  readonly #list: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #thumbnailOf: (id: number) => Uint8Array | undefined;
  readonly #buttons = new Map<number, HTMLButtonElement>();
  #ids: readonly number[] = [];
  #most = drawnAtATime;
  #name = '';

  constructor(root: HTMLElement, thumbnailOf: (id: number) => Uint8Array | undefined, onDelete: (id: number) => void) {
    this.#root = root;
    this.#list = within(root, '.examples');
    this.#more = within(root, '.more');
    this.#thumbnailOf = thumbnailOf;
    this.#more.addEventListener('click', () => this.#showMore());
    this.#list.addEventListener('click', (event) => {
      const id = idOf(event.target);
      if (id !== undefined) onDelete(id);
    });
    this.#list.addEventListener('keydown', (event) => {
      const id = idOf(event.target);
      if (id === undefined) return;
      if (event.key === 'Delete' || event.key === 'Backspace') onDelete(id);
      else if (!this.#moveFocus(event.target as HTMLElement, event.key)) return;
      event.preventDefault();
    });
  }

  get open(): boolean {
    return !this.#root.hidden;
  }

  toggle(): void {
    this.#root.hidden = this.open;
    this.#most = drawnAtATime;
    this.#draw();
  }

  /** `ids` in the order of teaching. */
  show(ids: readonly number[], name: string): void {
    this.#ids = ids;
    this.#name = name;
    if (ids.length === 0) this.#root.hidden = true;
    this.#draw();
  }

  #draw(): void {
    if (!this.open) {
      this.#list.replaceChildren();
      this.#buttons.clear();
      return;
    }
    const focused = [...this.#list.children].indexOf(document.activeElement!);
    const shown = this.#ids.slice(-this.#most).reverse();
    const wanted = new Set(shown);
    for (const [id, button] of this.#buttons) {
      if (wanted.has(id)) continue;
      this.#buttons.delete(id);
      button.remove();
    }
    shown.forEach((id, index) => {
      const button = this.#buttons.get(id) ?? this.#makeButton(id);
      const number = this.#ids.length - index;
      button.setAttribute('aria-label', `Remove example ${number} of ${this.#name}`);
      if (this.#list.children[index] !== button) this.#list.insertBefore(button, this.#list.children[index] ?? null);
    });
    const left = this.#ids.length - shown.length;
    this.#more.hidden = left === 0;
    this.#more.textContent = `Show ${Math.min(left, drawnAtATime)} more of ${left}`;
    // The one that had the focus may be gone: the one in its place gets it.
    if (focused >= 0 && !this.#list.contains(document.activeElement)) this.#focus(Math.min(focused, shown.length - 1));
    this.#keepOneInTabOrder();
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
    void paintThumbnail(canvas, this.#thumbnailOf(id));
    return button;
  }

  #showMore(): void {
    const first = this.#most;
    this.#most += drawnAtATime;
    this.#draw();
    this.#focus(first);
  }

  /** One stop for the Tab key, arrows from there on. */
  #keepOneInTabOrder(): void {
    const buttons = [...this.#buttons.values()];
    if (buttons.some((button) => button.tabIndex === 0)) return;
    const first = this.#list.firstElementChild as HTMLElement | null;
    if (first) first.tabIndex = 0;
  }

  #moveFocus(from: HTMLElement, key: string): boolean {
    const all = [...this.#list.children] as HTMLElement[];
    const at = all.indexOf(from);
    const columns = Math.max(1, all.filter((each) => each.offsetTop === all[0]!.offsetTop).length);
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      Home: -at,
      End: all.length - 1 - at,
    };
    const step = steps[key];
    if (step === undefined) return false;
    this.#focus(Math.max(0, Math.min(all.length - 1, at + step)));
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

function idOf(target: EventTarget | null): number | undefined {
  const id = (target as HTMLElement).closest<HTMLElement>('.example')?.dataset['id'];
  return id === undefined ? undefined : Number(id);
}
