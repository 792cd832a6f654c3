// The camera and its states. Nothing asks for permission before start().

export type CameraState = 'idle' | 'prompting' | 'live' | 'denied' | 'no-device' | 'in-use' | 'insecure' | 'ended' | 'failed';

/** What a state means to people: a headline, what to do, and the button's text. */
export const cameraTexts: Record<CameraState, { lead: string; help: string; button: string }> = {
  'idle': {
    lead: 'Point a camera at something',
    help: 'Then hold the button of a class while you show it. A second or two is enough.',
    button: 'Start camera',
  },
  'prompting': { lead: 'May this page see?', help: 'Your browser is asking for the camera: choose Allow.', button: 'Waiting for permission' },
  'live': { lead: '', help: '', button: '' },
  'denied': {
    lead: 'The camera is blocked',
    help: 'Allow it for this page with the camera or lock icon beside the address, then try again. Pictures work without it.',
    button: 'Try again',
  },
  'no-device': { lead: 'No camera found', help: 'Plug one in and try again, or add pictures to the classes.', button: 'Try again' },
  'in-use': { lead: 'The camera is busy', help: 'Another program holds it. Close that program and try again.', button: 'Try again' },
  'insecure': {
    lead: 'No camera on this address',
    help: 'Browsers give cameras to https pages and to localhost only. Pictures work here all the same.',
    button: 'Try again',
  },
  'ended': { lead: 'The camera stopped', help: 'It was unplugged or its permission was taken back. Your examples are still here.', button: 'Start camera' },
  'failed': { lead: 'The camera did not start', help: 'Try again, or add pictures to the classes.', button: 'Try again' },
}; // prettier-ignore

const wanted: MediaStreamConstraints = { video: { facingMode: 'user', width: { ideal: 640 }, height: { ideal: 480 } } };

export class Camera {
  readonly #video: HTMLVideoElement;
  readonly #onState: (state: CameraState) => void;
  #stream: MediaStream | undefined;
  /** Grows with each start and stop, so that a permission granted late is noticed as late. */
  #turn = 0;

  constructor(video: HTMLVideoElement, onState: (state: CameraState) => void) {
    this.#video = video;
    this.#onState = onState;
  }

  get live(): boolean {
    return this.#stream !== undefined;
  }

  async start(): Promise<void> {
    this.#release();
    const turn = ++this.#turn;
    if (!navigator.mediaDevices?.getUserMedia) return this.#onState('insecure');
    this.#onState('prompting');
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      if (turn !== this.#turn) return endTracks(stream);
      this.#stream = stream;
      stream.getVideoTracks()[0]?.addEventListener('ended', () => this.#end('ended', turn));
      this.#video.srcObject = stream;
      await this.#video.play();
      if (turn === this.#turn) this.#onState('live');
    } catch (error) {
      this.#end(stateOf(error), turn);
    }
  }

  stop(): void {
    this.#end('idle', this.#turn);
  }

  #end(state: CameraState, turn: number): void {
    if (turn !== this.#turn) return;
    this.#turn++;
    this.#release();
    this.#onState(state);
  }

  #release(): void {
    if (this.#stream) endTracks(this.#stream);
    this.#stream = undefined;
    this.#video.srcObject = null;
  }
}

function endTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

function stateOf(error: unknown): CameraState {
  switch ((error as Error).name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'no-device';
    case 'NotReadableError':
      return 'in-use';
    default:
      return 'failed';
  }
}
