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
