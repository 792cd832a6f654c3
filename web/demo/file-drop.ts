// Files dropped on an element.

/** Marks the element with data-drop while they hover. */
export function listenForDrop(target: HTMLElement, onFiles: (files: File[]) => void): void {
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
    onFiles([...event.dataTransfer.files]);
  });
}
