// The input of the network: the camera, the drawn scene, a picture of the visitor's, or nothing yet.

import { Webcam, type WebcamState } from 'teachable-wasm/webcam';
import { byId, within } from '../dom/elements.js';
import type { ThumbnailSource } from '../dom/thumbnails.js';
import type { InputKind, Preview } from '../panels/preview.js';
import { Scene } from '../scene/scene.js';
import type { ThingName } from '../scene/things.js';

/** Callbacks of the input. */
export interface InputEvents {
  /** Called for a frame of the camera or of the scene. The next frame waits for the promise. */
  onFrame(): Promise<void>;
  /** Called when the camera or the scene has started. */
  onLive(): void;
  /** Called when there is no input any more. */
  onNone(): void;
}

/** An image to classify, and how to draw its thumbnail. */
export interface InputImage {
  image: HTMLVideoElement | HTMLCanvasElement | Blob;
  thumbnailSource: ThumbnailSource;
}

/** Switches between the camera, the scene and a picture. */
export class Input {
  readonly #preview: Preview;
  readonly #events: InputEvents;
  readonly #camera: Webcam;
  readonly #scene: Scene;
  #pictureFile: Blob | null = null;
  #endFrames: (() => void) | null = null;

  constructor(preview: Preview, events: InputEvents) {
    this.#preview = preview;
    this.#events = events;
    this.#scene = new Scene(preview.scene);
    this.#camera = new Webcam({ video: preview.video, onState: (state) => this.#onCameraState(state) });
    // An error of start() is a state, too, and the preview shows it.
    const startCamera = () => void this.#camera.start().catch(() => {});
    byId('start-camera').addEventListener('click', startCamera);
    byId('use-camera').addEventListener('click', startCamera);
    byId('stop-camera').addEventListener('click', () => this.#camera.stop());
    byId('back-to-camera').addEventListener('click', () => this.#show('camera'));
    byId('start-scene').addEventListener('click', () => this.#startScene());
    byId('leave-scene').addEventListener('click', () => this.#leave());
    byId('things').addEventListener('change', (event) =>
      this.#scene.show((event.target as HTMLInputElement).value as ThingName),
    );
  }

  get kind(): InputKind {
    return this.#preview.kind;
  }

  /** True while new frames come by themselves. */
  get isMoving(): boolean {
    return this.kind === 'camera' || this.kind === 'scene';
  }

  /** The image to classify now, or null when there is none. */
  get current(): InputImage | null {
    const { video, picture, scene, crop } = this.#preview;
    if (this.kind === 'camera')
      return { image: video, thumbnailSource: { image: video, mirrored: this.#camera.mirror, crop } };
    if (this.kind === 'scene') return { image: scene, thumbnailSource: { image: scene, mirrored: false, crop } };
    if (!this.#pictureFile) return null;
    return { image: this.#pictureFile, thumbnailSource: { image: picture, mirrored: false, crop } };
  }

  /** Shows a picture in place of the camera. Throws when the file is not a picture. */
  async showPicture(file: Blob): Promise<void> {
    await this.#preview.showPicture(file);
    this.#scene.stop();
    this.#pictureFile = file;
    this.#showTools();
  }

  #startScene(): void {
    this.#show('scene');
    const chosen = within<HTMLInputElement>(byId('things'), ':checked');
    // Some browsers keep the choice when the page is loaded again.
    this.#scene.show(chosen.value as ThingName);
    chosen.focus();
    this.#events.onLive();
    void this.#scene.play(async () => {
      if (this.kind === 'scene') await this.#events.onFrame();
    });
  }

  /** Ends what is shown, back to the question for a source. */
  #leave(): void {
    this.#show('none');
    this.#events.onNone();
    byId('start-scene').focus();
  }

  #onCameraState(state: WebcamState): void {
    this.#preview.showCameraState(state);
    this.#endFrames?.();
    this.#endFrames = null;
    if (state === 'live') {
      this.#show('camera');
      this.#endFrames = this.#camera.eachFrame(async () => {
        if (this.kind === 'camera') await this.#events.onFrame();
      });
      this.#events.onLive();
    } else if (this.kind !== 'picture') {
      this.#show('none');
      this.#events.onNone();
    }
    this.#showTools();
  }

  #show(kind: 'none' | 'camera' | 'scene'): void {
    this.#pictureFile = null;
    if (kind !== 'scene') this.#scene.stop();
    this.#preview.show(kind);
    this.#showTools();
  }

  #showTools(): void {
    const { live } = this.#camera;
    byId('stop-camera').hidden = !live;
    byId('back-to-camera').hidden = !(live && this.kind === 'picture');
    byId('use-camera').hidden = live || this.kind === 'none';
    byId('things').hidden = byId('leave-scene').hidden = this.kind !== 'scene';
  }
}
