// One question before something big.

import { byId } from './element.js';

/** Whether the visitor says yes. */
export function ask(question: string, yes: string): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>('ask');
  byId('ask-question').textContent = question;
  byId('ask-yes').textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }),
  );
}

export function listenToAnswers(): void {
  const dialog = byId<HTMLDialogElement>('ask');
  byId('ask-yes').addEventListener('click', () => dialog.close('yes'));
  byId('ask-no').addEventListener('click', () => dialog.close(''));
}
