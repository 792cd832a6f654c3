// Errors as texts for the visitor.

import { texts } from '../texts/texts.js';

/** Returns the message of anything that was thrown. */
export function errorSentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : texts.common.somethingWentWrong(String(error));
}

/** Returns the same message without the full stop at its end, for use inside a sentence. */
export function errorClause(error: unknown): string {
  return errorSentence(error).replace(/\.$/, '');
}
