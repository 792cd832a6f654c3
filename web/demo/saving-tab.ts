// Of all tabs with the same network, one saves: the one that was there first. When it closes, the next one's turn comes.

/** Becomes the saving tab now or later. Where the browser can't tell, every tab is one; the store then notices who was overtaken. */
export function becomeSavingTab(key: string): Promise<void> {
  if (!navigator.locks) return Promise.resolve();
  return new Promise((resolve) => {
    const held = navigator.locks.request(`teachable-machine ${key}`, () => {
      resolve();
      // Until the tab closes.
      return new Promise<void>(() => {});
    });
    held.catch(() => resolve());
  });
}
