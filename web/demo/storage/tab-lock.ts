// The lock that lets one tab save. Of all tabs with the same network, the one that was opened first holds it.
// When that tab closes, the next one gets the lock.

/** Resolves when this tab holds the lock. In browsers without the Web Locks API it resolves at once; DatasetStore then detects conflicts. */
export function acquireTabLock(key: string): Promise<void> {
  if (!navigator.locks) return Promise.resolve();
  return new Promise((resolve) => {
    // The name of the lock must stay: tabs with an older version of the page use it, too.
    const held = navigator.locks.request(`teachable-machine ${key}`, () => {
      resolve();
      // Holds the lock until the tab closes.
      return new Promise<void>(() => {});
    });
    held.catch(() => resolve());
  });
}
