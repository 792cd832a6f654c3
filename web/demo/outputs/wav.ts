// WAV files: every browser can play them, which isn't true of what its recorder writes.

const headerBytes = 44;
/** The loudest sample of a file becomes this loud, so that quiet recordings can be heard. */
const loudest = 0.9;
/** Less than this is silence, and stays as quiet as it is. */
const minLoudness = 0.01;
/** Samples with less than this share of the loudest one's loudness are silence at the beginning and at the end. */
const silence = 0.04;
/** Time that is kept before and after, in seconds. */
const margin = 0.05;

/** Writes samples (-1 to 1) of one channel as a WAV file of 16 bits, as loud as possible. */
export function encodeWav(samples: Float32Array, samplesPerSecond: number): Uint8Array {
  const file = new Uint8Array(headerBytes + samples.length * 2);
  const view = new DataView(file.buffer);
  const write = (offset: number, text: string) =>
    [...text].forEach((letter, index) => view.setUint8(offset + index, letter.charCodeAt(0)));
  write(0, 'RIFF');
  view.setUint32(4, file.length - 8, true);
  write(8, 'WAVEfmt ');
  view.setUint32(16, 16, true); // bytes of the format
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, samplesPerSecond, true);
  view.setUint32(28, samplesPerSecond * 2, true); // bytes per second
  view.setUint16(32, 2, true); // bytes per sample of all channels
  view.setUint16(34, 16, true); // bits
  write(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  const loudness = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const factor = loudness < minLoudness ? 1 : loudest / loudness;
  samples.forEach((sample, index) =>
    view.setInt16(headerBytes + index * 2, Math.round(Math.max(-1, Math.min(1, sample * factor)) * 0x7fff), true),
  );
  return file;
}

/** Returns the part of the samples in which something is heard, or none of them. */
export function trimSilence(samples: Float32Array, samplesPerSecond: number): Float32Array {
  const loudness = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  if (loudness < minLoudness) return samples.subarray(0, 0);
  const isHeard = (sample: number) => Math.abs(sample) >= loudness * silence;
  let end = samples.length;
  while (!isHeard(samples[end - 1]!)) end--;
  const kept = Math.round(margin * samplesPerSecond);
  return samples.subarray(Math.max(0, samples.findIndex(isHeard) - kept), Math.min(samples.length, end + kept));
}
