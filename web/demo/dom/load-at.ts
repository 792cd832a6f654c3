// Loads the page again.

/** Loads the page again at an address, which may be the one that it has. The visitor can't go back to the earlier one. */
export function loadAt(address: URL): void {
  if (address.href === location.href) location.reload();
  else location.replace(address);
}
