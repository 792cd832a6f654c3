// Drawers: parts of the page that are loaded when the visitor opens them for the first time.

import { byId } from './elements.js';

/** Part of the page that a drawer shows. */
export interface DrawerContent {
  /** Called each time the drawer is opened, the first time included. */
  opened?(): void;
  closed?(): void;
}

/** Loads the content of the drawer with this id when it is opened first. `onError` gets the error when loading fails. */
export function fillWhenOpened(
  id: string,
  load: (root: HTMLElement) => Promise<DrawerContent>,
  onError: (error: unknown) => void,
): void {
  const drawer = byId<HTMLDetailsElement>(id);
  let content: Promise<DrawerContent> | undefined;
  drawer.addEventListener('toggle', async () => {
    if (!content && !drawer.open) return;
    content ??= load(drawer);
    try {
      const loaded = await content;
      if (drawer.open) loaded.opened?.();
      else loaded.closed?.();
    } catch (error) {
      // Opening it once more tries again.
      content = undefined;
      onError(error);
    }
  });
}
