// Plays the output of one class at a time: words, sound, picture and MIDI. The demo page loads it when the first output is chosen.

import { sendNote } from './midi.js';
import { hasPicture, type Output } from './output.js';
import { PicturePlayer } from './picture.js';
import { SoundPlayer } from './sound.js';
import { speak, stopSpeaking } from './speech.js';

/** Part that could not be played. */
export type Trouble = 'no-voice' | 'bad-sound' | 'bad-picture';

/** A player. */
export class Player {
  readonly sound = new SoundPlayer();
  readonly #picture: PicturePlayer;
  readonly #language: string;
  #note: Output['midi'] | null = null;
  #isMuted = false;

  /** Shows pictures in `stage`, and speaks in `language`, for example 'en'. */
  constructor(stage: HTMLElement, language: string) {
    this.#picture = new PicturePlayer(stage);
    this.#language = language;
  }

  /** Plays an output in place of the current one. `name` is the class. Resolves to what could not be played. */
  async start(output: Output, name: string): Promise<Trouble[]> {
    this.stop();
    const { speech, sound, picture, midi } = output;
    const troubles: Trouble[] = [];
    const attempt = (trouble: Trouble, playing: Promise<unknown>) =>
      playing.then(
        (result) => void (result === false && troubles.push(trouble)),
        () => void troubles.push(trouble),
      );
    if (midi.on) {
      this.#note = midi;
      void sendNote(midi, true);
    }
    await Promise.all([
      speech.on && !this.#isMuted ? attempt('no-voice', speak(speech.words || name, this.#language)) : null,
      sound.on && !this.#isMuted ? attempt('bad-sound', this.sound.play(sound)) : null,
      hasPicture(output) ? attempt('bad-picture', this.#picture.show(picture, name)) : null,
    ]);
    return troubles;
  }

  /** Ends the output. Words and short sounds play to their end. */
  stop(): void {
    this.sound.stop();
    this.#picture.hide();
    if (this.#note) void sendNote(this.#note, false);
    this.#note = null;
  }

  /** Turns words and sounds off or on. */
  mute(isMuted: boolean): void {
    this.#isMuted = isMuted;
    if (!isMuted) return;
    this.sound.silence();
    stopSpeaking();
  }
}
