// The line that says what happens at the moment.

import { byId } from '../dom/elements.js';

/** Shows a text; an empty one clears the line. */
export function showStatus(text: string): void {
  const status = byId('status');
  // Writing the same text again would make screen readers repeat it.
  if (status.textContent !== text) status.textContent = text;
}
