/**
 * The webcam: choice, permission, state, and a loop over its frames. It asks for permission only in `start()`, and importing it has no
 * effect.
 * @module teachable-wasm/webcam
 */

import { aborted, orAborted } from '../shared/abort.js';
import { ClassifierError, type ErrorCode } from '../shared/errors.js';
import { keepSelf } from '../shared/self.js';

/**
 * State of the webcam. 'prompting': the browser asks the user or starts the camera. 'ended': the camera was unplugged, or its
 * permission was revoked. 'failed': the browser gives no reason.
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

/** Options of a Webcam. */
export interface WebcamOptions {
  /** Video element that plays the camera. Default: a new element that is not on the page. */
  video?: HTMLVideoElement | undefined;
  /** Direction of the camera: 'user' faces the user, 'environment' faces away. Default: 'user'. */
  facing?: 'user' | 'environment' | undefined;
  /** Id of a camera from `devices()`. It takes precedence over `facing`. */
  deviceId?: string | undefined;
  /** Requested width in pixels. The camera may use another one. Default: 640. */
  width?: number | undefined;
  /** Requested height in pixels. Default: 480. */
  height?: number | undefined;
  /** Shows the picture mirrored. The classified frames are not flipped. Default: true, unless the camera faces away. */
  mirror?: boolean | undefined;
  /** Called with each new state, and with the error that led to it. */
  onState?: ((state: WebcamState, error: ClassifierError | undefined) => void) | undefined;
}

/** A camera of this device. */
export interface WebcamDevice {
  /** Id for `WebcamOptions.deviceId`; empty until the user has allowed a camera. */
  deviceId: string;
  /** Name of the camera; empty until the user has allowed one. */
  label: string;
}

/** Facts about a frame. */
export interface FrameInfo {
  /** Time of the frame in milliseconds, as performance.now() counts. */
  timeMs: number;
  /** Number of frames that were dropped while the last one was processed; 0 where the browser doesn't say. */
  dropped: number;
}

const failures: { [state in WebcamState]?: readonly [ErrorCode, message: string] } = {
  denied: [
    'camera-denied',
    'The camera was refused. Allow it for this page with the camera or lock icon beside the address, then start it again.',
  ],
  'no-device': ['camera-missing', 'No camera was found, or none that fits. Connect one and start it again.'],
  'in-use': ['camera-busy', 'Another program uses the camera. Close that program and start the camera again.'],
  'insecure-context': ['camera-insecure', 'Cameras require https or localhost. Serve the page over one of them.'],
  failed: ['camera-busy', 'The camera did not start. Try again, or choose another one.'],
}; // prettier-ignore

/** A camera and the video element that plays it. */
export class Webcam {
  /** Video element that plays the camera. Pass it to the classifier. */
  readonly video: HTMLVideoElement;
  readonly #options: WebcamOptions;
  #state: WebcamState = 'idle';
  #stream: MediaStream | undefined;
  /** Counts starts and stops, to notice a permission that is granted too late. */
  #turn = 0;

  constructor(options: WebcamOptions = {}) {
    keepSelf(this);
    this.#options = { ...options };
    this.video = options.video ?? document.createElement('video');
    // Without these settings, phones play it in full screen or not at all.
    this.video.muted = true;
    this.video.playsInline = true;
  }

  /** Current state. */
  get state(): WebcamState {
    return this.#state;
  }

  /** True while the camera delivers frames. */
  get live(): boolean {
    return this.#state === 'live';
  }

  /** Actual settings of the camera: size, frame rate, deviceId, facingMode. Empty unless live. */
  get settings(): MediaTrackSettings {
    return this.#stream?.getVideoTracks()[0]?.getSettings() ?? {};
  }

  /** True when the element shows the picture mirrored. */
  get mirror(): boolean {
    return this.#options.mirror ?? (this.settings.facingMode ?? this.#options.facing) !== 'environment';
  }

  /** Changes it. The initial value comes from the options. Undefined: true, unless the camera faces away. */
  set mirror(mirror: boolean | undefined) {
    this.#options.mirror = mirror;
    this.#showMirrored();
  }

  /**
   * Starts the camera and plays it. The browser asks the user if necessary. A camera that is live is restarted.
   * @param choice Another camera than before. `signal` releases the camera unless it is live already, also while the browser asks.
   * @throws 'camera-denied', 'camera-missing', 'camera-busy', 'camera-insecure' or 'unsupported-browser'; 'aborted' by the signal,
   * or when `stop()` or another `start()` was called meanwhile.
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
    if (!globalThis.navigator?.mediaDevices?.getUserMedia) {
      throw this.#fail(
        'failed',
        turn,
        undefined,
        new ClassifierError('unsupported-browser', 'This browser has no camera API (navigator.mediaDevices).'),
      );
    }
    this.#enter('prompting');
    try {
      const granting = navigator.mediaDevices.getUserMedia(this.#constraints()).then((granted) => {
        if (turn === this.#turn) return granted;
        endTracks(granted);
        throw interrupted();
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
      throw turn === this.#turn ? this.#fail(stateOf(error), turn, error) : interrupted();
    }
    if (turn !== this.#turn) throw interrupted();
    this.#enter('live');
  }

  /** Releases the camera. It may be called in any state. */
  stop(): void {
    this.#end('idle');
  }

  /** Freezes the picture. The camera stays on. */
  pause(): void {
    this.video.pause();
  }

  /** Continues after `pause()`. */
  async resume(): Promise<void> {
    await this.video.play();
  }

  /**
   * Calls `onFrame` for new frames and awaits it. Frames that arrive meanwhile are dropped, never queued. Hidden pages get no
   * frames. When `onFrame` rejects, the loop ends with an unhandled rejection.
   * @returns A function that ends the loop.
   */
  eachFrame(onFrame: (frame: FrameInfo) => void | Promise<void>): () => void {
    return eachFrame(this.video, onFrame);
  }

  /** Returns the cameras of this device. */
  static async devices(): Promise<WebcamDevice[]> {
    const devices = (await globalThis.navigator?.mediaDevices?.enumerateDevices()) ?? [];
    return devices.filter(({ kind }) => kind === 'videoinput').map(({ deviceId, label }) => ({ deviceId, label }));
  }

  /**
   * Returns the permission: 'granted', 'denied', or 'prompt' when `start()` would ask the user; 'unknown' where the browser doesn't
   * say.
   */
  static async permission(): Promise<'granted' | 'denied' | 'prompt' | 'unknown'> {
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

/**
 * Calls `onFrame` for new frames of any video, as `Webcam.eachFrame()` does.
 * @returns A function that ends the loop.
 */
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

function interrupted(): ClassifierError {
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
