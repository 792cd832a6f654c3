// Sends notes to all connected MIDI devices, such as synthesizers, light desks, and programs that listen to MIDI.

import type { Output } from './output.js';

const [noteOff, noteOn] = [0x80, 0x90];
const velocity = 100;

let access: Promise<MIDIAccess> | undefined;

/** Returns true where the browser can send MIDI. */
export function hasMidi(): boolean {
  return 'requestMIDIAccess' in navigator;
}

/** Asks for permission to send MIDI. Resolves to the number of connected devices, and rejects when the visitor refuses. */
export async function openMidi(): Promise<number> {
  access ??= navigator.requestMIDIAccess();
  access.catch(() => (access = undefined));
  return (await access).outputs.size;
}

/** Returns the bytes of a message that starts or stops a note. */
export function noteMessage({ note, channel }: Output['midi'], isOn: boolean): number[] {
  return [(isOn ? noteOn : noteOff) + channel - 1, note, isOn ? velocity : 0];
}

/** Starts or stops a note on all devices. Without permission, nothing happens. */
export async function sendNote(midi: Output['midi'], isOn: boolean): Promise<void> {
  if (!hasMidi()) return;
  try {
    await openMidi();
    for (const output of (await access)?.outputs.values() ?? []) output.send(noteMessage(midi, isOn));
  } catch {
    // The editor has told the visitor.
  }
}
