// The input of the network: the camera, a picture of the visitor's, or nothing yet.

import { Webcam, type WebcamState } from 'teachable-wasm/webcam';
import { byId } from '../dom/elements.js';
import type { ThumbnailSource } from '../dom/thumbnails.js';
import type { InputKind, Preview } from '../panels/preview.js';

/** Callbacks of the input. */
export interface InputEvents {
  /** Called for a frame of the camera. The next frame waits for the promise. */
  onFrame(): Promise<void>;
  /** Called when the camera has started. */
  onLive(): void;
  /** Called when there is no input any more. */
  onNone(): void;
}

/** An image to classify, and how to draw its thumbnail. */
export interface InputImage {
  image: HTMLVideoElement | Blob;
  thumbnailSource: ThumbnailSource;
}

/** Switches between the camera and a picture. */
export class Input {
  readonly #preview: Preview;
  readonly #events: InputEvents;
  readonly #camera: Webcam;
  #pictureFile: Blob | null = null;
  #endFrames: (() => void) | null = null;

  constructor(preview: Preview, events: InputEvents) {
    this.#preview = preview;
    this.#events = events;
    this.#camera = new Webcam({ video: preview.video, onState: (state) => this.#onCameraState(state) });
    // An error of start() is a state, too, and the preview shows it.
    byId('start-camera').addEventListener('click', () => void this.#camera.start().catch(() => {}));
    byId('stop-camera').addEventListener('click', () => this.#camera.stop());
    byId('back-to-camera').addEventListener('click', () => this.#show('camera'));
  }

  get kind(): InputKind {
    return this.#preview.kind;
  }

  /** The image to classify now, or null when there is none. */
  get current(): InputImage | null {
    const { video, picture, crop } = this.#preview;
    if (this.kind === 'camera')
      return { image: video, thumbnailSource: { image: video, mirrored: this.#camera.mirror, crop } };
    if (!this.#pictureFile) return null;
    return { image: this.#pictureFile, thumbnailSource: { image: picture, mirrored: false, crop } };
  }

  /** Shows a picture in place of the camera. Throws when the file is not a picture. */
  async showPicture(file: Blob): Promise<void> {
    await this.#preview.showPicture(file);
    this.#pictureFile = file;
    this.#showTools();
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

  #show(kind: 'none' | 'camera'): void {
    this.#pictureFile = null;
    this.#preview.show(kind);
    this.#showTools();
  }

  #showTools(): void {
    byId('stop-camera').hidden = !this.#camera.live;
    byId('back-to-camera').hidden = !(this.#camera.live && this.kind === 'picture');
  }
}
