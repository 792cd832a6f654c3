// Says in a few words what an output does.

import { texts } from '../texts/texts.js';
import { hasPicture, type Output } from './output.js';

/** Returns for example 'says “cat”, shows 🐱', or '' for an output that does nothing. `name` is the class. */
export function summaryOf(output: Output, name: string): string {
  const { speech, sound, picture, midi } = output;
  const { says, plays, shows, aPicture, note, soundNames } = texts.outputs;
  return [
    speech.on && says(speech.words || name),
    sound.on && plays(sound.own ? sound.own.name : soundNames[sound.name]),
    hasPicture(output) && shows(picture.own ? aPicture : picture.emoji),
    midi.on && note(midi.note),
  ]
    .filter(Boolean)
    .join(', ');
}
