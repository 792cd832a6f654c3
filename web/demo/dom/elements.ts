// Helpers for elements that index.html must contain.

/** Returns the element with this id. Throws when index.html has none. */
export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element with id '${id}'.`);
  return element as T;
}

/** Returns the first element inside `root` that matches the selector. Throws when there is none. */
export function within<T extends Element>(root: ParentNode, selector: string): T {
  const element = root.querySelector<T>(selector);
  if (!element) throw new Error(`index.html has no element that matches '${selector}'.`);
  return element;
}

/** Sets the text of an element. A text that it has already causes no layout of the page. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Creates a button that calls `onClick`. */
export function makeButton(text: string, onClick: () => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.addEventListener('click', onClick);
  return button;
}

/** Adds or removes the last children of `list` until it has `count` of them. */
export function resizeList(list: HTMLElement, count: number, makeItem: () => HTMLElement): void {
  while (list.children.length > count) list.lastElementChild!.remove();
  while (list.children.length < count) list.append(makeItem());
}
