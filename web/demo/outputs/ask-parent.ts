// Asks whether the page that embeds this one may hear what it recognizes.

import { build } from '../dom/build.js';
import { texts } from '../texts/texts.js';

/** Resolves to true when the visitor allows it. */
export function askForParent(origin: string): Promise<boolean> {
  const dialog = build(
    'dialog',
    { class: 'confirm', 'aria-labelledby': 'ask-parent', 'data-testid': 'ask-parent' },
    build('p', { id: 'ask-parent' }, texts.outputs.askParent(origin)),
    build(
      'div',
      { class: 'confirm-tools' },
      build('button', { type: 'button', on: { click: () => dialog.close('') } }, texts.outputs.denyParent),
      build('button', { type: 'button', on: { click: () => dialog.close('yes') } }, texts.outputs.allowParent),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener(
      'close',
      () => {
        dialog.remove();
        resolve(dialog.returnValue === 'yes');
      },
      { once: true },
    ),
  );
}
