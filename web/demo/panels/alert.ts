// The alert at the top of the page: an error, or a question with a button for each answer.

import { byId, makeButton } from '../dom/elements.js';

/** A button of an alert. */
export type AlertAction = [text: string, act: () => void];

/** Shows an alert until the visitor dismisses it or another alert replaces it. An action hides it, too. */
export function showAlert(text: string, ...actions: AlertAction[]): void {
  byId('alert').hidden = false;
  byId('alert-text').textContent = text;
  byId('alert-actions').replaceChildren(
    ...actions.map(([name, act]) =>
      makeButton(name, () => {
        hideAlert();
        act();
      }),
    ),
  );
}

export function hideAlert(): void {
  byId('alert').hidden = true;
  byId('alert-text').textContent = '';
  byId('alert-actions').replaceChildren();
}
