// What the page does when a class wins: plain data, which can be stored in the browser.

import { isSoundName, type SoundName } from './sound-names.js';

/** A file of the visitor's. */
export interface OwnFile {
  name: string;
  /** Media type, for example 'image/gif'. */
  type: string;
  data: Uint8Array;
}

/** Actions of the page when one class wins. Each is switched on its own. */
export interface Output {
  /** Speaks these words; '' means the name of the class. */
  speech: { on: boolean; words: string };
  /** Plays a built-in sound, or the visitor's own one if there is one. */
  sound: { on: boolean; name: SoundName; own: OwnFile | null };
  /** Shows an emoji or a short text, or the visitor's own picture if there is one. */
  picture: { on: boolean; emoji: string; own: OwnFile | null };
  /** Sends a note to connected MIDI devices. `note` is 0-127, `channel` 1-16. */
  midi: { on: boolean; note: number; channel: number };
  /** Minimum confidence, 0-1. */
  threshold: number;
  /** Time in milliseconds for which the class must win before the output starts. */
  holdMs: number;
}

/** Maximum size of an own sound in bytes. */
export const maxSoundBytes = 1_000_000;
/** Maximum size of an own picture in bytes. */
export const maxPictureBytes = 4_000_000;
/** Maximum length of an own sound in seconds. */
export const maxSoundSeconds = 30;
/** Maximum length of the words and of the emoji, in UTF-16 units. */
export const maxWords = 200;
export const maxEmoji = 24;
/** Range of the hold time in milliseconds. */
export const maxHoldMs = 3000;
/** Range of the threshold. */
export const minThreshold = 0.3;

/** Picture types that every browser shows. SVG is not among them, because it is a document and not a picture. */
export const pictureTypes: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];

/** The output of a class for which nothing was chosen. It does nothing; its threshold and hold time decide when the class has won. */
export const noOutput: Output = Object.freeze<Output>({
  speech: { on: false, words: '' },
  sound: { on: false, name: 'bell', own: null },
  picture: { on: false, emoji: '', own: null },
  midi: { on: false, note: 60, channel: 1 },
  threshold: 0.7,
  holdMs: 300,
});

/** Returns true when the output does anything. */
export function isActive(output: Output): boolean {
  return output.speech.on || output.sound.on || output.midi.on || hasPicture(output);
}

/** Returns true when a picture is switched on and chosen. */
export function hasPicture({ picture }: Output): boolean {
  return picture.on && (picture.own !== null || picture.emoji !== '');
}

/** Returns true when the output can be heard. */
export function isAudible(output: Output): boolean {
  return output.speech.on || output.sound.on;
}

/**
 * Reads an output that comes from storage or from a file. What is missing, damaged or out of range becomes the default. Returns
 * undefined for a value that is no output at all.
 */
export function readOutput(value: unknown): Output | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { speech, sound, picture, midi, threshold, holdMs } = value as Record<string, unknown>;
  const [spoken, played, shown, sent] = [speech, sound, picture, midi].map(
    (part) => Object(part) as Record<string, unknown>,
  );
  return {
    speech: { on: spoken!['on'] === true, words: text(spoken!['words'], maxWords) },
    sound: {
      on: played!['on'] === true,
      name: isSoundName(played!['name']) ? played!['name'] : noOutput.sound.name,
      own: readFile(played!['own'], (type) => type.startsWith('audio/'), maxSoundBytes),
    },
    picture: {
      on: shown!['on'] === true,
      emoji: text(shown!['emoji'], maxEmoji),
      own: readFile(shown!['own'], (type) => pictureTypes.includes(type), maxPictureBytes),
    },
    midi: {
      on: sent!['on'] === true,
      note: Math.round(within(sent!['note'], 0, 127, noOutput.midi.note)),
      channel: Math.round(within(sent!['channel'], 1, 16, noOutput.midi.channel)),
    },
    threshold: within(threshold, minThreshold, 1, noOutput.threshold),
    holdMs: within(holdMs, 0, maxHoldMs, noOutput.holdMs),
  };
}

function text(value: unknown, maxLength: number): string {
  return typeof value === 'string' ? value.slice(0, maxLength) : '';
}

function within(value: unknown, min: number, max: number, fallback: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(min, Math.min(max, value)) : fallback;
}

function readFile(value: unknown, isKind: (type: string) => boolean, maxBytes: number): OwnFile | null {
  const { name, type, data } = Object(value) as Record<string, unknown>;
  if (typeof type !== 'string' || !isKind(type)) return null;
  if (!(data instanceof Uint8Array) || data.length === 0 || data.length > maxBytes) return null;
  return { name: text(name, maxWords), type, data };
}
