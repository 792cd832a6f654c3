// The input of the network: the camera, a picture of the visitor's, or nothing yet.

import { Webcam, type WebcamDevice, type WebcamState } from 'teachable-wasm/webcam';
import { byId } from '../dom/elements.js';
import type { ThumbnailSource } from '../dom/thumbnails.js';
import type { InputKind, Preview } from '../panels/preview.js';
import { defaultRecording, type RecordingOptions } from '../recording/options.js';
import { CroppedFrame, rectangleOf } from '../recording/zoom.js';

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
  image: HTMLVideoElement | HTMLCanvasElement | Blob;
  thumbnailSource: ThumbnailSource;
}

/** Switches between the camera and a picture. */
export class Input {
  readonly #preview: Preview;
  readonly #events: InputEvents;
  readonly #camera: Webcam;
  readonly #croppedFrame = new CroppedFrame();
  #recording: RecordingOptions = defaultRecording;
  #pictureFile: Blob | null = null;
  #endFrames: (() => void) | null = null;
  #onLive = () => {};

  constructor(preview: Preview, events: InputEvents) {
    this.#preview = preview;
    this.#events = events;
    this.#camera = new Webcam({ video: preview.video, onState: (state) => this.#onCameraState(state) });
    byId('start-camera').addEventListener('click', () => void this.#startCamera());
    byId('stop-camera').addEventListener('click', () => this.#camera.stop());
    byId('back-to-camera').addEventListener('click', () => this.#show('camera'));
  }

  get kind(): InputKind {
    return this.#preview.kind;
  }

  /** The image to classify now, or null when there is none. */
  get current(): InputImage | null {
    const { video, picture, crop } = this.#preview;
    if (this.kind === 'camera') {
      const { zoom } = this.#recording;
      const size = { width: video.videoWidth, height: video.videoHeight };
      // Between two cameras there is no frame.
      if (!this.#camera.live || size.width === 0) return null;
      const image = zoom.scale === 1 ? video : this.#croppedFrame.draw(video, rectangleOf(zoom, size, crop));
      return { image, thumbnailSource: { image, mirrored: this.mirrored, crop } };
    }
    if (!this.#pictureFile) return null;
    return { image: this.#pictureFile, thumbnailSource: { image: picture, mirrored: false, crop } };
  }

  /** Shows a picture in place of the camera. Throws when the file is not a picture. */
  async showPicture(file: Blob): Promise<void> {
    await this.#preview.showPicture(file);
    this.#pictureFile = file;
    this.#showTools();
  }

  /** True when the preview shows the camera mirrored. */
  get mirrored(): boolean {
    return this.#camera.mirror;
  }

  /** Returns the cameras of this device. */
  devices(): Promise<WebcamDevice[]> {
    return Webcam.devices();
  }

  /** Calls `listener` each time a camera has started. */
  whenLive(listener: () => void): void {
    this.#onLive = listener;
  }

  /** Uses the visitor's choice of camera, mirror and zoom. A camera that is live is exchanged for another one at once. */
  useRecording(options: RecordingOptions): void {
    const { deviceId, facing } = this.#recording;
    const isOther = deviceId !== options.deviceId || facing !== options.facing;
    this.#recording = options;
    this.#camera.mirror = options.mirror ?? undefined;
    this.#preview.showZoom(options.zoom, this.mirrored);
    if (isOther && ['live', 'prompting'].includes(this.#camera.state)) void this.#startCamera();
  }

  /** Starts the chosen camera, or another one when that is not connected. */
  async #startCamera(): Promise<void> {
    const { deviceId, facing } = this.#recording;
    try {
      await this.#camera.start(deviceId === '' ? { facing } : { deviceId }).catch((error) => {
        if (deviceId === '' || error.code !== 'camera-missing') throw error;
        return this.#camera.start({ facing });
      });
    } catch {
      // An error is a state, too, and the preview shows it.
    }
  }

  #onCameraState(state: WebcamState): void {
    this.#preview.showCameraState(state);
    this.#endFrames?.();
    this.#endFrames = null;
    // While another camera starts, the preview stays as it is.
    if (state === 'prompting' && this.kind === 'camera') return;
    if (state === 'live') {
      // Only now is it known whether the camera faces the visitor.
      this.#preview.showZoom(this.#recording.zoom, this.mirrored);
      this.#show('camera');
      this.#endFrames = this.#camera.eachFrame(async () => {
        if (this.kind === 'camera') await this.#events.onFrame();
      });
      this.#events.onLive();
      this.#onLive();
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
