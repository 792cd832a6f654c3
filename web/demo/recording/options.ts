// How the visitor wants to record: part of the settings of a project. Values from storage may be damaged or of another version.

/** The part of the camera's picture that the network sees. */
export interface Zoom {
  /** Magnification, 1-4. */
  scale: number;
  /** Centre of the part as a fraction of the whole, 0-1 from the left of the unmirrored picture. */
  x: number;
  /** The same from the top. */
  y: number;
}

/** Options of the record buttons and the camera. */
export interface RecordingOptions {
  /** Maximum number of examples per second; 0 takes every frame. */
  perSecond: number;
  /** Number of examples after which a recording ends; 0 means no limit. */
  maxExamples: number;
  /** Time from the press to the first example, in seconds. */
  delaySeconds: number;
  /** Length of a recording in seconds; 0 means until the visitor ends it. */
  durationSeconds: number;
  /** True: a press starts and the next press stops. False: it records while the button is held. */
  toggle: boolean;
  /** Direction of the camera, unless `deviceId` names one. */
  facing: 'user' | 'environment';
  /** Id of a camera; '' means none in particular. */
  deviceId: string;
  /** Shows the camera mirrored; null means only when it faces the visitor. */
  mirror: boolean | null;
  zoom: Zoom;
}

/** Rates that the page offers, in examples per second. */
export const rates = [0, 10, 5, 2, 1] as const;
/** Limits that the page offers, in examples. */
export const limits = [0, 10, 25, 50, 100] as const;
/** Delays that the page offers, in seconds. */
export const delays = [0, 3, 5, 10] as const;
/** Lengths that the page offers, in seconds. */
export const durations = [0, 2, 4, 8, 15] as const;

export const maxZoom = 4;

/** The whole picture. */
export const noZoom: Readonly<Zoom> = { scale: 1, x: 0.5, y: 0.5 };

export const defaultRecording: Readonly<RecordingOptions> = {
  perSecond: 0,
  maxExamples: 0,
  delaySeconds: 0,
  durationSeconds: 0,
  toggle: false,
  facing: 'user',
  deviceId: '',
  mirror: null,
  zoom: noZoom,
};

const maxDeviceIdLength = 512;

/** Returns the options in a stored value. Each part that is missing or damaged has its default. */
export function readRecording(value: unknown): RecordingOptions {
  const found = Object(value) as Record<string, unknown>;
  const { toggle, facing, deviceId, mirror, zoom } = found;
  const isDeviceId = typeof deviceId === 'string' && deviceId.length <= maxDeviceIdLength;
  return {
    perSecond: oneOf(rates, found['perSecond']),
    maxExamples: oneOf(limits, found['maxExamples']),
    delaySeconds: oneOf(delays, found['delaySeconds']),
    durationSeconds: oneOf(durations, found['durationSeconds']),
    toggle: toggle === true,
    facing: facing === 'environment' ? 'environment' : 'user',
    deviceId: isDeviceId ? deviceId : '',
    mirror: typeof mirror === 'boolean' ? mirror : null,
    zoom: readZoom(zoom),
  };
}

/** Returns true when a press starts a recording that goes on without a finger on the button. */
export function isHandsFree({ toggle, delaySeconds, durationSeconds }: RecordingOptions): boolean {
  return toggle || delaySeconds > 0 || durationSeconds > 0;
}

/** Moves the part into the picture: its scale is 1-4, and its edges are not outside. */
export function withinPicture({ scale, x, y }: Zoom): Zoom {
  const clampedScale = clamp(scale, 1, maxZoom);
  const margin = 0.5 / clampedScale;
  return { scale: clampedScale, x: clamp(x, margin, 1 - margin), y: clamp(y, margin, 1 - margin) };
}

function readZoom(value: unknown): Zoom {
  const { scale, x, y } = Object(value) as Record<string, unknown>;
  return [scale, x, y].every((each) => Number.isFinite(each)) ? withinPicture({ scale, x, y } as Zoom) : { ...noZoom };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/** Returns the value if the list contains it, else the first of the list. */
function oneOf<T>(list: readonly T[], value: unknown): T {
  return list.find((each) => each === value) ?? list[0]!;
}
