/**
 * The webcam: its states, its choice, and one frame after another. Nothing asks for permission before start(), and
 * importing this touches nothing.
 * @module teachable-wasm/webcam
 */

import { aborted, orAborted } from '../shared/abort.js';
import { ClassifierError, type ErrorCode } from '../shared/errors.js';

/**
 * 'prompting': the browser asks the user, or starts the camera. 'ended': it was unplugged, or its permission was taken back.
 * 'failed': for no reason that the browser gives.
 */
export type WebcamState =
  | 'idle'
  | 'prompting'
  | 'live'
  | 'denied'
  | 'no-device'
  | 'in-use'
  | 'insecure-context'
  | 'ended'
  | 'failed';

/** Which camera, and who is told of it. */
export interface WebcamOptions {
  /** Plays the picture. Default: a new element, which isn't on the page. */
  video?: HTMLVideoElement | undefined;
  /** 'user': the one that looks at the user. 'environment': the one that looks away. Default 'user'. */
  facing?: 'user' | 'environment' | undefined;
  /** One of devices(); goes before `facing`. */
  deviceId?: string | undefined;
  /** Pixels that are asked for; the camera has the last word. Default 640 x 480. */
  width?: number | undefined;
  /** See `width`. */
  height?: number | undefined;
  /** Whether the element shows the picture as a mirror does. What is classified isn't flipped. Default: unless the camera looks away. */
  mirror?: boolean | undefined;
  /** Is told each state, with the error that led to it. */
  onState?: ((state: WebcamState, error: ClassifierError | undefined) => void) | undefined;
}

/** A camera to choose. */
export interface WebcamDevice {
  /** What WebcamOptions.deviceId takes; empty before the user has allowed a camera. */
  deviceId: string;
  /** Empty as long as no permission was given. */
  label: string;
}

/** What is known of a frame. */
export interface FrameInfo {
  /** Milliseconds, of performance.now(), at which the frame came. */
  timeMs: number;
  /** Frames since the last one that came while that was looked at, and were dropped. 0 where the browser doesn't say. */
  dropped: number;
}

const failures: { [state in WebcamState]?: readonly [ErrorCode, message: string] } = {
  denied: [
    'camera-denied',
    'The camera was refused. Allow it for this page with the camera or lock icon beside the address, then start it again.',
  ],
  'no-device': [
    'camera-missing',
    'There is no camera, or none like the one that was asked for. Plug one in and start it again.',
  ],
  'in-use': ['camera-busy', 'The camera is held by another program. Close that program and start the camera again.'],
  'insecure-context': ['camera-insecure', 'Browsers give cameras to https pages and to localhost only.'],
  failed: ['camera-busy', 'The camera did not start. Try again, or choose another one.'],
}; // prettier-ignore

/** One camera and the element that plays it. */
export class Webcam {
  /** Where it plays; pass it to the classifier. */
  readonly video: HTMLVideoElement;
  readonly #options: WebcamOptions;
  #state: WebcamState = 'idle';
  #stream: MediaStream | undefined;
  /** Grows with each start and stop, so that a permission granted late is noticed as late. */
  #turn = 0;

  constructor(options: WebcamOptions = {}) {
    this.#options = { ...options };
    this.video = options.video ?? document.createElement('video');
    // Without these, phones play it on the full screen or not at all.
    this.video.muted = true;
    this.video.playsInline = true;
  }

  /** What the last onState() was told. */
  get state(): WebcamState {
    return this.#state;
  }

  /** Whether frames come. */
  get live(): boolean {
    return this.#state === 'live';
  }

  /** What the camera really gives: size, frame rate, deviceId, facingMode; empty unless live. */
  get settings(): MediaTrackSettings {
    return this.#stream?.getVideoTracks()[0]?.getSettings() ?? {};
  }

  /** Whether the element shows a mirror's picture. */
  get mirror(): boolean {
    return this.#options.mirror ?? (this.settings.facingMode ?? this.#options.facing) !== 'environment';
  }

  /** As of now; before, as the options say. */
  set mirror(mirror: boolean) {
    this.#options.mirror = mirror;
    this.#showMirrored();
  }

  /**
   * Asks for the camera, the user if need be, and plays it. Restarts one that is live.
   * @param choice Another camera than before. `signal`: lets go of the camera unless it is live already, also while the browser asks.
   * @throws 'camera-denied', 'camera-missing', 'camera-busy', 'camera-insecure', 'unsupported-browser'; 'aborted' by the signal, or
   * when stop() or another start() came in between.
   */
  async start(
    choice: Pick<WebcamOptions, 'deviceId' | 'facing'> & { signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    const { signal, ...camera } = choice;
    if (signal?.aborted) throw aborted(signal);
    if (camera.deviceId !== undefined || camera.facing !== undefined)
      Object.assign(this.#options, { deviceId: undefined, facing: undefined }, camera);
    this.#release();
    const turn = ++this.#turn;
    if (globalThis.isSecureContext === false) throw this.#fail('insecure-context', turn);
    if (!navigator.mediaDevices?.getUserMedia) {
      throw this.#fail(
        'failed',
        turn,
        undefined,
        new ClassifierError('unsupported-browser', 'This browser offers no cameras to pages.'),
      );
    }
    this.#enter('prompting');
    try {
      const granting = navigator.mediaDevices.getUserMedia(this.#constraints()).then((granted) => {
        if (turn === this.#turn) return granted;
        endTracks(granted);
        throw overtaken();
      });
      const stream = await orAborted(granting, signal);
      this.#stream = stream;
      stream.getVideoTracks()[0]?.addEventListener('ended', () => turn === this.#turn && this.#end('ended'));
      this.video.srcObject = stream;
      this.#showMirrored();
      await orAborted(this.video.play(), signal);
    } catch (error) {
      if (signal?.aborted && turn === this.#turn) {
        this.stop();
        throw error;
      }
      throw turn === this.#turn ? this.#fail(stateOf(error), turn, error) : overtaken();
    }
    if (turn !== this.#turn) throw overtaken();
    this.#enter('live');
  }

  /** Lets go of the camera. May be called in any state. */
  stop(): void {
    this.#end('idle');
  }

  /** Freezes the picture; the camera stays on. */
  pause(): void {
    this.video.pause();
  }

  /** Goes on after pause(). */
  async resume(): Promise<void> {
    await this.video.play();
  }

  /**
   * Calls `onFrame` for new frames of the video and awaits it before the next: a frame that comes in between is dropped, never
   * queued. Hidden pages get no frames. When `onFrame` rejects, the loop has ended and nobody catches the rejection.
   * @returns What ends the loop.
   */
  eachFrame(onFrame: (frame: FrameInfo) => void | Promise<void>): () => void {
    return eachFrame(this.video, onFrame);
  }

  /** Cameras of this device. */
  static async devices(): Promise<WebcamDevice[]> {
    const devices = (await globalThis.navigator?.mediaDevices?.enumerateDevices()) ?? [];
    return devices.filter(({ kind }) => kind === 'videoinput').map(({ deviceId, label }) => ({ deviceId, label }));
  }

  /** Whether start() would ask the user; 'unknown' where the browser doesn't say. */
  static async permission(): Promise<PermissionState | 'unknown'> {
    try {
      return (await navigator.permissions.query({ name: 'camera' as PermissionName })).state;
    } catch {
      return 'unknown';
    }
  }

  #constraints(): MediaStreamConstraints {
    const { deviceId, facing = 'user', width = 640, height = 480 } = this.#options;
    const which = deviceId === undefined ? { facingMode: facing } : { deviceId: { exact: deviceId } };
    return { video: { ...which, width: { ideal: width }, height: { ideal: height } } };
  }

  #fail(state: WebcamState, turn: number, cause?: unknown, error?: ClassifierError): ClassifierError {
    const [code, message] = failures[state] ?? failures.failed!;
    error ??= new ClassifierError(code, message, { cause });
    if (turn === this.#turn) this.#end(state, error);
    return error;
  }

  #end(state: WebcamState, error?: ClassifierError): void {
    this.#turn++;
    this.#release();
    this.#enter(state, error);
  }

  #enter(state: WebcamState, error?: ClassifierError): void {
    this.#state = state;
    this.#options.onState?.(state, error);
  }

  #release(): void {
    if (this.#stream) endTracks(this.#stream);
    this.#stream = undefined;
    this.video.srcObject = null;
  }

  #showMirrored(): void {
    this.video.style.transform = this.mirror ? 'scaleX(-1)' : '';
  }
}

/** As Webcam's, for any video. */
export function eachFrame(video: HTMLVideoElement, onFrame: (frame: FrameInfo) => void | Promise<void>): () => void {
  let running = true;
  let presented: number | undefined;

  async function step(timeMs: number, presentedFrames?: number): Promise<void> {
    if (!running) return;
    const dropped = Math.max(0, (presentedFrames ?? 0) - (presented ?? presentedFrames ?? 0) - 1);
    presented = presentedFrames;
    if (!document.hidden) await onFrame({ timeMs, dropped });
    schedule();
  }

  function schedule(): void {
    if (!running) return;
    if ('requestVideoFrameCallback' in video)
      video.requestVideoFrameCallback((timeMs, { presentedFrames }) => void step(timeMs, presentedFrames));
    else requestAnimationFrame((timeMs) => void step(timeMs));
  }

  schedule();
  return () => {
    running = false;
  };
}

function endTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function overtaken(): ClassifierError {
  return new ClassifierError('aborted', 'The camera was stopped or started again before it was live.');
}

function stateOf(error: unknown): WebcamState {
  switch ((error as Error).name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'no-device';
    case 'NotReadableError':
    case 'AbortError':
      return 'in-use';
    default:
      return 'failed';
  }
}
