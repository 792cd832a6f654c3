// Errors as texts for the visitor.

/** Returns the message of anything that was thrown. */
export function errorSentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : `Something went wrong: ${String(error)}`;
}

/** Returns the same message without the full stop at its end, for use inside a sentence. */
export function errorClause(error: unknown): string {
  return errorSentence(error).replace(/\.$/, '');
}
