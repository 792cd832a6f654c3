// The dialog that asks before something that is hard to undo.

import { byId } from '../dom/elements.js';

/** Asks a question. Resolves to true when the visitor chooses the button `yes`. */
export function askToConfirm(question: string, yes: string): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>('confirm');
  byId('confirm-question').textContent = question;
  byId('confirm-yes').textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }),
  );
}

/** Connects the dialog's buttons. Must be called once. */
export function connectConfirmButtons(): void {
  const dialog = byId<HTMLDialogElement>('confirm');
  byId('confirm-yes').addEventListener('click', () => dialog.close('yes'));
  byId('confirm-no').addEventListener('click', () => dialog.close(''));
}
