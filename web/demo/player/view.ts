// What the player shows: the camera or a picture, the winning class, and a bar for each class.

import type { Classifier, Prediction } from 'teachable-wasm';
import { Webcam, type WebcamState } from 'teachable-wasm/webcam';
import { colourOf } from '../dataset/slots.js';
import { build } from '../dom/build.js';
import { listenForChoice, listenForDrop } from '../dom/file-input.js';
import { type Crop, CroppedFrame, rectangleOf, styleOf } from '../recording/zoom.js';
import { Bars } from './bars.js';
import { PlayerOutputs } from './outputs.js';
import type { PlayerProject } from './project.js';

/** Longest side of the picture on the page, in pixels. The network gets the file in its full size. */
const maxPictureSide = 1024;
const minMsBetweenAnnouncements = 2000;

/** The player's page. */
export class PlayerView {
  readonly #project: PlayerProject;
  readonly #bars: Bars;
  readonly #percent: Intl.NumberFormat;
  readonly #video: HTMLVideoElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #preview: HTMLElement;
  readonly #prompt: HTMLElement;
  readonly #winner: HTMLElement;
  readonly #status: HTMLElement;
  readonly #announcer = build('p', { class: 'visually-hidden', role: 'log', 'aria-live': 'polite' });
  readonly #startButton: HTMLButtonElement;
  readonly #stopButton: HTMLButtonElement;
  readonly #pictureInput: HTMLInputElement;
  readonly #outputs: PlayerOutputs;
  readonly #camera: Webcam;
  readonly #croppedFrame = new CroppedFrame();
  #classifier: Classifier | undefined;
  #endFrames: (() => void) | undefined;
  #announced = '';
  #announcedAt = -Infinity;

  constructor(project: PlayerProject) {
    const { texts, language, classes, name } = project;
    this.#project = project;
    this.#percent = new Intl.NumberFormat(language, { style: 'percent' });
    this.#bars = new Bars(classes, this.#percent);
    this.#video = build('video', { muted: true, playsinline: true, 'aria-label': texts.cameraPicture });
    this.#canvas = build('canvas', { id: 'picture', width: 1, height: 1, role: 'img', 'aria-label': texts.picture });
    this.#winner = build('figcaption', { class: 'winner', 'data-testid': 'winner', hidden: true });
    this.#status = build('p', { class: 'status', role: 'status', 'data-testid': 'status' }, texts.loading);
    this.#startButton = build('button', { type: 'button', 'data-testid': 'start-camera' });
    this.#stopButton = build('button', { type: 'button', 'data-testid': 'stop-camera' }, texts.stopCamera);
    this.#pictureInput = build('input', {
      type: 'file',
      accept: 'image/*',
      class: 'visually-hidden',
      'data-testid': 'picture',
    });
    this.#prompt = build('p', { class: 'camera-prompt' });
    this.#preview = build('figure', { class: 'preview', 'data-kind': 'none', 'data-crop': cropOf(project) });
    this.#outputs = new PlayerOutputs(project, (trouble) => (this.#status.textContent = texts.troubles[trouble]));
    this.#preview.append(this.#video, this.#canvas, this.#prompt, this.#outputs.stage, this.#winner);
    const { facing, mirror } = project.camera;
    this.#camera = new Webcam({
      video: this.#video,
      facing,
      mirror: mirror ?? undefined,
      onState: (state) => this.#onCameraState(state),
    });
    const heading = name || document.title;
    document
      .getElementById('player')!
      .replaceWith(
        build('header', {}, build('h1', {}, heading), build('p', { class: 'hint' }, texts.privacy)),
        build(
          'main',
          {},
          build(
            'section',
            { 'aria-label': texts.input },
            this.#preview,
            build(
              'div',
              { class: 'tools' },
              this.#startButton,
              this.#stopButton,
              build('label', { class: 'button' }, texts.choosePicture, this.#pictureInput),
              this.#outputs.soundSwitch,
              build('p', { class: 'hint' }, texts.dropHint),
            ),
            this.#status,
          ),
          build('section', { 'aria-label': texts.classes }, this.#bars.root),
        ),
        this.#announcer,
      );
    this.#onCameraState('idle');
  }

  /** Starts to answer. */
  async start(classifier: Classifier): Promise<void> {
    const { variant, worker } = await classifier.info();
    this.#classifier = classifier;
    document.body.dataset['ready'] = `${variant}, ${worker ? 'worker' : 'page'}`;
    this.#status.textContent = this.#project.texts.ready;
    this.#startButton.addEventListener('click', () => void this.#camera.start().catch(() => {}));
    this.#stopButton.addEventListener('click', () => this.#camera.stop());
    listenForChoice(this.#pictureInput, ([file]) => void this.#showPicture(file!));
    listenForDrop(document.body, ([file]) => void this.#showPicture(file!));
    document.addEventListener('paste', (event) => {
      const [file] = event.clipboardData?.files ?? [];
      if (file) void this.#showPicture(file);
    });
    this.#onCameraState('idle');
  }

  /** Shows why the player can't be used. */
  fail(error: unknown): void {
    document.body.dataset['failed'] = '';
    this.#status.textContent = `${this.#project.texts.failed} ${error instanceof Error ? error.message : String(error)}`;
  }

  async #showPicture(file: File): Promise<void> {
    let bitmap: ImageBitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
    } catch {
      this.#status.textContent = this.#project.texts.notAPicture;
      return;
    }
    this.#camera.stop();
    const scale = Math.min(1, maxPictureSide / Math.max(bitmap.width, bitmap.height));
    this.#canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    this.#canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    this.#canvas.getContext('2d')?.drawImage(bitmap, 0, 0, this.#canvas.width, this.#canvas.height);
    bitmap.close();
    this.#show('picture');
    this.#status.textContent = file.name;
    // Not the file itself: WebKit can't read it in the worker of such a page.
    await this.#classify(new Uint8Array(await file.arrayBuffer()));
  }

  #onCameraState(state: WebcamState): void {
    const { texts } = this.#project;
    this.#endFrames?.();
    this.#endFrames = undefined;
    const [text, button] = {
      idle: [texts.cameraPrompt, texts.startCamera],
      prompting: [texts.cameraAsks, texts.startCamera],
      live: ['', texts.startCamera],
      denied: [texts.cameraDenied, texts.tryAgain],
      'no-device': [texts.cameraMissing, texts.tryAgain],
      'in-use': [texts.cameraBusy, texts.tryAgain],
      'insecure-context': [texts.cameraNotHere, texts.tryAgain],
      ended: [texts.cameraEnded, texts.startCamera],
      failed: [navigator.mediaDevices ? texts.cameraFailed : texts.cameraNotHere, texts.tryAgain],
    }[state] as [string, string];
    this.#prompt.textContent = text;
    this.#startButton.textContent = button;
    this.#startButton.disabled = !this.#classifier || state === 'prompting';
    this.#startButton.hidden = state === 'live';
    this.#stopButton.hidden = state !== 'live';
    if (state === 'live') {
      this.#show('camera');
      this.#status.textContent = '';
      Object.assign(this.#video.style, styleOf(this.#project.camera.zoom, this.#camera.mirror));
      this.#endFrames = this.#camera.eachFrame(async () => {
        if (this.#video.videoWidth > 0) await this.#classify(this.#frame);
      });
    } else {
      this.#show('none');
    }
  }

  #show(kind: 'none' | 'camera' | 'picture'): void {
    this.#preview.dataset['kind'] = kind;
    this.#prompt.hidden = kind !== 'none';
    if (kind === 'none') this.#showPrediction(null, true);
  }

  /** The part of the camera picture that the network sees. */
  get #frame(): HTMLVideoElement | HTMLCanvasElement {
    const { zoom } = this.#project.camera;
    if (zoom.scale === 1) return this.#video;
    const size = { width: this.#video.videoWidth, height: this.#video.videoHeight };
    return this.#croppedFrame.draw(this.#video, rectangleOf(zoom, size, cropOf(this.#project)));
  }

  async #classify(image: HTMLVideoElement | HTMLCanvasElement | Uint8Array): Promise<void> {
    const { options } = this.#project;
    try {
      const { prediction } = await this.#classifier!.observe(image, {
        ...options,
        ...(image instanceof Uint8Array && { smoothing: 0 }),
        topk: 0,
      });
      // The camera may have been stopped in the meantime.
      if (image instanceof Uint8Array || this.#camera.live)
        this.#showPrediction(prediction, image instanceof Uint8Array);
    } catch (error) {
      this.#camera.stop();
      this.fail(error);
    }
  }

  #showPrediction(prediction: Prediction | null, isStill: boolean): void {
    this.#outputs.show(prediction, isStill);
    this.#bars.show(prediction);
    this.#winner.hidden = !prediction;
    if (!prediction) return;
    const { unknown, label, confidences } = prediction;
    const winner = unknown ? undefined : this.#project.classes.find((each) => each.label === label);
    const name = unknown ? this.#project.texts.unknown : label;
    this.#winner.dataset['class'] = colourOf(winner?.slot ?? 0);
    this.#winner.replaceChildren(
      build('span', { class: 'shape', 'aria-hidden': 'true' }),
      build('span', { class: 'winner-name' }, name),
      build('span', { class: 'winner-confidence' }, unknown ? '' : this.#percent.format(confidences[label] ?? 0)),
    );
    this.#announce(name);
  }

  /** Tells a new winner to screen readers, at most every two seconds. */
  #announce(name: string): void {
    const now = performance.now();
    if (name === this.#announced || now - this.#announcedAt < minMsBetweenAnnouncements) return;
    this.#announced = name;
    this.#announcedAt = now;
    this.#announcer.textContent = name;
  }
}

/** Returns how the network makes a square of a picture, so that the page shows the same part. */
function cropOf({ model }: PlayerProject): Crop {
  return 'preprocess' in model && model.preprocess?.crop === 'squash' ? 'squash' : 'center';
}
