// Records a sound from the microphone.

import { texts } from '../texts/texts.js';
import type { OwnFile } from './output.js';
import { encodeWav, trimSilence } from './wav.js';

/** Maximum length of a recording in seconds. */
export const maxRecordedSeconds = 5;
/** Enough for speech, and a fifth of a megabyte for the longest recording. */
const samplesPerSecond = 24_000;

/** A recording that goes on. */
export class SoundRecorder {
  readonly #stream: MediaStream;
  readonly #recorder: MediaRecorder;
  readonly #pieces: Blob[] = [];
  readonly #context = new AudioContext();
  readonly #ended: Promise<void>;
  #timer = 0;

  /** Starts to record. Throws an error with a plain sentence when there is no microphone, or none that the page may use. */
  static async start(onLevel: (level: number) => void): Promise<SoundRecorder> {
    if (!navigator.mediaDevices || typeof MediaRecorder === 'undefined') throw new Error(texts.outputs.noRecorder);
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (cause) {
      const isRefused = (cause as { name?: unknown }).name === 'NotAllowedError';
      throw new Error(isRefused ? texts.outputs.microphoneDenied : texts.outputs.noMicrophone, { cause });
    }
    return new SoundRecorder(stream, onLevel);
  }

  private constructor(stream: MediaStream, onLevel: (level: number) => void) {
    this.#stream = stream;
    this.#recorder = new MediaRecorder(stream);
    this.#recorder.addEventListener('dataavailable', ({ data }) => this.#pieces.push(data));
    this.#ended = new Promise((resolve) =>
      this.#recorder.addEventListener(
        'stop',
        () => {
          clearTimeout(this.#timer);
          for (const track of stream.getTracks()) track.stop();
          resolve();
        },
        { once: true },
      ),
    );
    this.#recorder.start();
    this.#timer = setTimeout(() => this.stop(), maxRecordedSeconds * 1000);
    this.#followLevel(onLevel);
  }

  /** Ends the recording. It ends by itself at its maximum length, or when the microphone is unplugged. */
  stop(): void {
    if (this.#recorder.state !== 'inactive') this.#recorder.stop();
  }

  /** Resolves to the sound after the end of the recording. Throws an error with a plain sentence when nothing was heard. */
  async result(): Promise<OwnFile> {
    await this.#ended;
    try {
      const encoded = await new Blob(this.#pieces).arrayBuffer();
      const decoded = await this.#context.decodeAudioData(encoded).catch((cause) => {
        throw new Error(texts.outputs.nothingHeard, { cause });
      });
      const samples = trimSilence(await toMono(decoded), samplesPerSecond);
      if (samples.length === 0) throw new Error(texts.outputs.nothingHeard);
      return {
        name: texts.outputs.recordingName,
        type: 'audio/wav',
        data: encodeWav(samples, samplesPerSecond),
      };
    } finally {
      await this.#context.close();
    }
  }

  /** Calls `onLevel` with the loudness, 0-1, for each frame of the screen. */
  #followLevel(onLevel: (level: number) => void): void {
    const analyser = new AnalyserNode(this.#context, { fftSize: 1024 });
    new MediaStreamAudioSourceNode(this.#context, { mediaStream: this.#stream }).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const draw = () => {
      if (this.#recorder.state === 'inactive') return onLevel(0);
      analyser.getFloatTimeDomainData(samples);
      let loudest = 0;
      for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
      // The ear hears ratios, so the square root shows quiet sounds, too.
      onLevel(Math.sqrt(Math.min(1, loudest)));
      requestAnimationFrame(draw);
    };
    draw();
  }
}

/** Mixes all channels and lowers the number of samples. */
async function toMono(sound: AudioBuffer): Promise<Float32Array> {
  const context = new OfflineAudioContext(1, Math.ceil(sound.duration * samplesPerSecond), samplesPerSecond);
  const source = new AudioBufferSourceNode(context, { buffer: sound });
  source.connect(context.destination);
  source.start();
  return (await context.startRendering()).getChannelData(0);
}
