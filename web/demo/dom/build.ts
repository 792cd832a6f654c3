// Builds elements for panels that are not in index.html.

/** Attributes of an element for `build()`, and listeners by the name of their event. */
export interface Description {
  /** Attributes. True writes an empty one; false and undefined write none. */
  [attribute: string]: string | number | boolean | undefined | Record<string, (event: Event) => void>;
  /** Listeners by the name of their event. */
  on?: Record<string, (event: Event) => void>;
}

/** Creates an element, for example `build('p', { class: 'hint' }, 'Text')`. Strings become text, never HTML. */
export function build<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { on = {}, ...attributes }: Description = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || typeof value === 'object') continue;
    element.setAttribute(attribute, value === true ? '' : String(value));
  }
  for (const [type, listener] of Object.entries(on)) element.addEventListener(type, listener);
  element.append(...children);
  return element;
}
