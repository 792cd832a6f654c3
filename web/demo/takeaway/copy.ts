// Copies a text, also where the browser denies the clipboard.

/** Copies the text of an element. Returns false when the browser refused; the text is then selected. */
export async function copyText(element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(element.textContent ?? '');
    return true;
  } catch {
    // Pages without https have no clipboard, and visitors can deny it.
  }
  element.focus();
  getSelection()?.selectAllChildren(element);
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  }
}
