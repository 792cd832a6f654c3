// Names of the built-in sounds. They are stored with the outputs, so they must stay.

export const soundNames = [
  'bell',
  'doorbell',
  'pop',
  'drum',
  'clap',
  'whistle',
  'laser',
  'coin',
  'fanfare',
  'trombone',
  'buzzer',
  'bird',
] as const;

/** Name of a built-in sound. */
export type SoundName = (typeof soundNames)[number];

/** Returns true for the name of a built-in sound. */
export function isSoundName(value: unknown): value is SoundName {
  return (soundNames as readonly unknown[]).includes(value);
}
