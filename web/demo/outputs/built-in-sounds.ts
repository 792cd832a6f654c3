// The built-in sounds. Each is made of oscillators and noise, so the page needs no sound files.

import type { SoundName } from './sound-names.js';

/** A tone whose pitch glides and whose loudness dies away. Times are in seconds, pitches in hertz. */
interface Tone {
  wave?: OscillatorType;
  pitch: number;
  /** Pitch at the end. Default: `pitch`. */
  toPitch?: number;
  at?: number;
  length: number;
  loudness?: number;
  /** Time until the tone is at its loudest. Default: 5 ms. */
  attack?: number;
  /** True for a tone that stays loud until its end. Default: it dies away. */
  steady?: boolean;
}

/** Noise through a band filter around `pitch`. */
interface Noise {
  pitch: number;
  toPitch?: number;
  /** Narrowness of the band. Default: 1. */
  narrowness?: number;
  at?: number;
  length: number;
  loudness?: number;
}

type Part = Tone | (Noise & { wave: 'noise' });

const chord = (at: number, length: number, ...pitches: number[]): Part[] =>
  pitches.map((pitch) => ({ wave: 'sawtooth', pitch, at, length, loudness: 0.14, attack: 0.02, steady: true }));

const sounds: Record<SoundName, Part[]> = {
  bell: [
    { pitch: 880, length: 1.6, loudness: 0.45 },
    { pitch: 2217, length: 1.1, loudness: 0.22 },
    { pitch: 4750, length: 0.5, loudness: 0.1 },
  ],
  doorbell: [
    { pitch: 659, length: 0.9, loudness: 0.45 },
    { pitch: 1318, length: 0.5, loudness: 0.12 },
    { pitch: 523, at: 0.45, length: 1.2, loudness: 0.45 },
    { pitch: 1046, at: 0.45, length: 0.6, loudness: 0.12 },
  ],
  pop: [
    { pitch: 320, toPitch: 1100, length: 0.09, loudness: 0.7 },
    { wave: 'noise', pitch: 2500, length: 0.03, loudness: 0.5 },
  ],
  drum: [
    { pitch: 170, toPitch: 45, length: 0.5, loudness: 0.6 },
    { wave: 'triangle', pitch: 320, toPitch: 80, length: 0.08, loudness: 0.15 },
    { wave: 'noise', pitch: 1200, length: 0.05, loudness: 0.3 },
  ],
  clap: [0, 0.025, 0.05, 0.075].map((at, index) => ({
    wave: 'noise',
    pitch: 1400,
    narrowness: 1.4,
    at,
    length: index === 3 ? 0.25 : 0.04,
    loudness: 1.5,
  })),
  whistle: [
    { pitch: 700, toPitch: 2100, length: 0.45, loudness: 0.4, attack: 0.05, steady: true },
    { pitch: 1900, toPitch: 800, at: 0.5, length: 0.5, loudness: 0.4, attack: 0.05, steady: true },
  ],
  laser: [
    { wave: 'sawtooth', pitch: 2400, toPitch: 110, length: 0.4, loudness: 0.35 },
    { wave: 'square', pitch: 1800, toPitch: 80, length: 0.3, loudness: 0.15 },
  ],
  coin: [
    { wave: 'square', pitch: 988, length: 0.09, loudness: 0.25, steady: true },
    { wave: 'square', pitch: 1319, at: 0.09, length: 0.6, loudness: 0.25 },
  ],
  fanfare: [
    ...chord(0, 0.13, 392, 523, 659),
    ...chord(0.16, 0.13, 392, 523, 659),
    ...chord(0.32, 0.13, 392, 523, 659),
    ...chord(0.48, 0.8, 523, 659, 784),
  ],
  trombone: [
    ...[311, 294, 277].map(
      (pitch, index): Part => ({
        wave: 'sawtooth',
        pitch,
        toPitch: pitch * 0.98,
        at: index * 0.32,
        length: 0.28,
        loudness: 0.3,
        attack: 0.04,
        steady: true,
      }),
    ),
    {
      wave: 'sawtooth',
      pitch: 262,
      toPitch: 220,
      at: 0.96,
      length: 0.9,
      loudness: 0.3,
      attack: 0.04,
    },
  ],
  buzzer: [
    { wave: 'square', pitch: 110, length: 0.6, loudness: 0.25, steady: true },
    { wave: 'sawtooth', pitch: 117, length: 0.6, loudness: 0.25, steady: true },
  ],
  bird: [0, 0.13, 0.26, 0.5, 0.6].map((at, index) => ({
    pitch: index < 3 ? 3200 : 2600,
    toPitch: index < 3 ? 4300 : 4800,
    at,
    length: 0.1,
    loudness: 0.4,
    attack: 0.02,
    steady: true,
  })),
};

/** Returns the length of a sound in seconds. */
export function lengthOf(name: SoundName): number {
  return Math.max(...sounds[name].map(({ at = 0, length }) => at + length));
}

/** Plays a sound into `out` from the time `startAt` of its context on, in seconds. */
export function playBuiltIn(name: SoundName, out: AudioNode, startAt: number): void {
  for (const part of sounds[name]) {
    if (part.wave === 'noise') playNoise(part as Noise, out, startAt);
    else playTone(part as Tone, out, startAt);
  }
}

function playTone(tone: Tone, out: AudioNode, startAt: number): void {
  const {
    wave = 'sine',
    pitch,
    toPitch = pitch,
    at = 0,
    length,
    loudness = 0.5,
    attack = 0.005,
    steady = false,
  } = tone;
  const start = startAt + at;
  const source = new OscillatorNode(out.context, { type: wave, frequency: pitch });
  source.frequency.setValueAtTime(pitch, start);
  source.frequency.exponentialRampToValueAtTime(toPitch, start + length);
  source.connect(envelope(out, start, length, loudness, attack, steady));
  source.start(start);
  source.stop(start + length);
}

function playNoise(
  { pitch, toPitch = pitch, narrowness = 1, at = 0, length, loudness = 0.5 }: Noise,
  out: AudioNode,
  startAt: number,
): void {
  const start = startAt + at;
  const source = new AudioBufferSourceNode(out.context, { buffer: noiseOf(out.context), loop: true });
  const band = new BiquadFilterNode(out.context, { type: 'bandpass', frequency: pitch, Q: narrowness });
  band.frequency.setValueAtTime(pitch, start);
  band.frequency.exponentialRampToValueAtTime(toPitch, start + length);
  source.connect(band).connect(envelope(out, start, length, loudness, 0.002, false));
  source.start(start);
  source.stop(start + length);
}

/** Lets the loudness rise and fall, so that a sound begins and ends without a click. */
function envelope(
  out: AudioNode,
  start: number,
  length: number,
  loudness: number,
  attack: number,
  steady: boolean,
): GainNode {
  const node = new GainNode(out.context, { gain: 0 });
  node.gain.setValueAtTime(0.0001, start);
  node.gain.exponentialRampToValueAtTime(loudness, start + attack);
  if (steady) node.gain.setValueAtTime(loudness, start + Math.max(attack, length - 0.04));
  node.gain.exponentialRampToValueAtTime(0.0001, start + length);
  node.connect(out);
  return node;
}

const noises = new WeakMap<BaseAudioContext, AudioBuffer>();

/** Returns half a second of noise, which is the same each time. */
function noiseOf(context: BaseAudioContext): AudioBuffer {
  let noise = noises.get(context);
  if (!noise) {
    noise = new AudioBuffer({ length: context.sampleRate / 2, sampleRate: context.sampleRate });
    const samples = noise.getChannelData(0);
    let state = 1;
    for (let index = 0; index < samples.length; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      samples[index] = state / 2 ** 31;
    }
    noises.set(context, noise);
  }
  return noise;
}
