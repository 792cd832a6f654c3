// Speaks words with a voice of this device. Voices of a server are left out, because they would send the words away.

/** Time in milliseconds for which a browser may load its voices. */
const maxLoadMs = 2000;

/** Properties of a voice that matter here. */
export type Voice = Pick<SpeechSynthesisVoice, 'lang' | 'localService' | 'default'>;

/**
 * Returns the voice to use: one of this device that speaks `language`, else any of this device. Regions that the visitor prefers,
 * such as 'en-GB', come first.
 */
export function chooseVoice<T extends Voice>(
  voices: readonly T[],
  language: string,
  preferred: readonly string[],
): T | undefined {
  const codeOf = (voice: T) => voice.lang.replace('_', '-').toLowerCase();
  const local = voices.filter((voice) => voice.localService);
  const speaking = local.filter((voice) => codeOf(voice).split('-')[0] === language);
  for (const region of preferred) {
    const found = speaking.find((voice) => codeOf(voice) === region.toLowerCase());
    if (found) return found;
  }
  return speaking.find((voice) => voice.default) ?? speaking[0] ?? local.find((voice) => voice.default) ?? local[0];
}

let turn = 0;

/** Speaks words in a language, for example 'en', in place of those that are being spoken. Resolves to false when this device has no voice. */
export async function speak(words: string, language: string): Promise<boolean> {
  const mine = ++turn;
  const voice = await findVoice(language);
  if (!voice) return false;
  // Meanwhile, other words may have come.
  if (mine !== turn) return true;
  cancel();
  const utterance = new SpeechSynthesisUtterance(words);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  speechSynthesis.speak(utterance);
  return true;
}

/** Ends what is being spoken. */
export function stopSpeaking(): void {
  turn++;
  if ('speechSynthesis' in window) cancel();
}

/** Some browsers swallow the next words when nothing is spoken at the time of a cancel(). */
function cancel(): void {
  if (speechSynthesis.speaking || speechSynthesis.pending) speechSynthesis.cancel();
}

async function findVoice(language: string): Promise<SpeechSynthesisVoice | undefined> {
  if (!('speechSynthesis' in window)) return undefined;
  if (speechSynthesis.getVoices().length === 0) await voicesLoaded();
  return chooseVoice(speechSynthesis.getVoices(), language, navigator.languages);
}

let loading: Promise<void> | undefined;

function voicesLoaded(): Promise<void> {
  loading ??= new Promise((resolve) => {
    speechSynthesis.addEventListener('voiceschanged', () => resolve(), { once: true });
    setTimeout(resolve, maxLoadMs);
  });
  return loading;
}
