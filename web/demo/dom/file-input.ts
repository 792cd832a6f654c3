// Files that the visitor drops on an element, or chooses in a file input.

import { texts } from '../texts/texts.js';

/**
 * Calls `onFiles` for files dropped on `target`. The element has the attribute data-drop while files hover over it. `onFolders` is called
 * in place of it when there are folders among them.
 */
export function listenForDrop(
  target: HTMLElement,
  onFiles: (files: File[]) => void,
  onFolders?: (entries: FileSystemEntry[]) => void,
): void {
  target.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.stopPropagation();
    target.dataset['drop'] = '';
  });
  target.addEventListener('dragleave', () => delete target.dataset['drop']);
  target.addEventListener('drop', (event) => {
    delete target.dataset['drop'];
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    // The entries exist only during the event.
    const entries = [...event.dataTransfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
    if (onFolders && entries.some(({ isDirectory }) => isDirectory)) onFolders(entries);
    else onFiles([...event.dataTransfer.files]);
  });
}

/** Calls `onFiles` for each choice in a file input, even if the same file is chosen again. */
export function listenForChoice(input: HTMLInputElement, onFiles: (files: File[]) => void): void {
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    // Without this, choosing the same file again would cause no event.
    input.value = '';
    if (files.length > 0) onFiles(files);
  });
}

/**
 * Copies a file into memory. The copy stays readable when the file on disk is changed or removed.
 * @throws An error whose message says what to do, when the file can't be read.
 */
export async function readIntoMemory(file: Blob): Promise<Blob> {
  try {
    return new Blob([await file.arrayBuffer()], { type: file.type });
  } catch (cause) {
    throw new Error(texts.preview.unreadableFile, { cause });
  }
}
