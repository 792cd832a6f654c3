/** Replaces control characters, so that a file's name can't send escape sequences to the terminal. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}
