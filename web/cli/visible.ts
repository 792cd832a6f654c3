/** A text as a terminal may show it: names of files hold anything, escape sequences too. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}
