// Plays the sounds of the outputs, one at a time.

import { lengthOf, playBuiltIn } from './built-in-sounds.js';
import type { Output, OwnFile } from './output.js';

/** A sound of at most this length in seconds plays to its end, also when its class has stopped. */
const maxTailSeconds = 2.5;
/** Length of the fade at the end of a sound that is stopped, in seconds. */
const fadeSeconds = 0.15;

/** A player with a context of its own. */
export class SoundPlayer {
  #context: AudioContext | undefined;
  #current: { gain: GainNode; length: number } | undefined;
  readonly #decoded = new WeakMap<Uint8Array, Promise<AudioBuffer>>();
  /** Counts the sounds: one that is ready too late is not played. */
  #turn = 0;

  /** Lets the browser play sounds. Call it in a listener of a click or of a key. */
  unlock(): void {
    if (this.#contextNow().state === 'suspended') void this.#contextNow().resume();
  }

  /** Plays a sound in place of the current one. Rejects when the own file can't be decoded. */
  async play({ name, own }: Output['sound']): Promise<void> {
    const turn = ++this.#turn;
    this.#fade();
    const context = this.#contextNow();
    const buffer = own && (await this.decode(own));
    // Without a click or a key on the page, browsers play nothing. A sound that waits for it would come at a wrong time.
    if (context.state !== 'running') await Promise.race([context.resume(), new Promise((end) => setTimeout(end, 300))]);
    if (turn !== this.#turn || context.state !== 'running') return;
    const gain = new GainNode(context);
    gain.connect(context.destination);
    if (buffer) {
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(gain);
      source.start();
    } else playBuiltIn(name, gain, context.currentTime + 0.01);
    const current = { gain, length: buffer ? buffer.duration : lengthOf(name) };
    this.#current = current;
    setTimeout(() => this.#release(current), (current.length + 0.2) * 1000);
  }

  /** Lets a short sound end, and fades a long one out. */
  stop(): void {
    this.#turn++;
    if (this.#current && this.#current.length > maxTailSeconds) this.#fade();
  }

  /** Fades any sound out. */
  silence(): void {
    this.#turn++;
    this.#fade();
  }

  /** Decodes a file. Rejects when the browser can't. */
  decode({ data }: Pick<OwnFile, 'data'>): Promise<AudioBuffer> {
    let decoded = this.#decoded.get(data);
    if (!decoded) {
      // A copy, because the decoder takes its buffer away.
      decoded = this.#contextNow().decodeAudioData(data.slice().buffer as ArrayBuffer);
      this.#decoded.set(data, decoded);
    }
    return decoded;
  }

  #contextNow(): AudioContext {
    this.#context ??= new AudioContext({ latencyHint: 'interactive' });
    return this.#context;
  }

  #fade(): void {
    const current = this.#current;
    if (!current) return;
    const { gain } = current;
    gain.gain.setTargetAtTime(0, gain.context.currentTime, fadeSeconds / 3);
    setTimeout(() => this.#release(current), fadeSeconds * 2000);
    this.#current = undefined;
  }

  #release(current: { gain: GainNode }): void {
    current.gain.disconnect();
    if (this.#current === current) this.#current = undefined;
  }
}
