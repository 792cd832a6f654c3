// Elements that index.html promises.

/** The element of that id. Throws when index.html and the script disagree. */
export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element as T;
}

export function within<T extends Element>(root: ParentNode, selector: string): T {
  const element = root.querySelector<T>(selector);
  if (!element) throw new Error(`no ${selector}`);
  return element;
}

/** 0-1 to '87 %'. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

const colours = 9;

/** The colour and shape of a place, as style.css numbers them; of place 0, none. */
export function colourOf(place: number): string {
  return String(place === 0 ? 0 : ((place - 1) % colours) + 1);
}
