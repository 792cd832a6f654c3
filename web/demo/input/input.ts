// The input of the network: the camera, the drawn scene, a picture of the visitor's, or nothing yet.

import { Webcam, type WebcamDevice, type WebcamState } from 'teachable-wasm/webcam';
import { byId, within } from '../dom/elements.js';
import type { ThumbnailSource } from '../dom/thumbnails.js';
import type { InputKind, Preview } from '../panels/preview.js';
import { defaultRecording, type RecordingOptions } from '../recording/options.js';
import { CroppedFrame, rectangleOf } from '../recording/zoom.js';
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
  readonly #croppedFrame = new CroppedFrame();
  #recording: RecordingOptions = defaultRecording;
  readonly #scene: Scene;
  #pictureFile: Blob | null = null;
  #endFrames: (() => void) | null = null;
  #onLive = () => {};

  constructor(preview: Preview, events: InputEvents) {
    this.#preview = preview;
    this.#events = events;
    this.#scene = new Scene(preview.scene);
    this.#camera = new Webcam({ video: preview.video, onState: (state) => this.#onCameraState(state) });
    const startCamera = () => void this.#startCamera();
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
    if (this.kind === 'scene') return this.#zoomed(scene, scene);
    // Between two cameras there is no frame.
    if (this.kind === 'camera')
      return video.videoWidth > 0 ? this.#zoomed(video, { width: video.videoWidth, height: video.videoHeight }) : null;
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

  /** True when the camera is shown mirrored. */
  get mirror(): boolean {
    return this.#camera.mirror;
  }

  /** True when the preview is mirrored now. */
  get isMirrored(): boolean {
    return this.kind === 'camera' && this.mirror;
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
    this.#preview.showZoom(options.zoom, this.mirror);
    if (isOther && ['live', 'prompting'].includes(this.#camera.state)) void this.#startCamera();
  }

  /** Returns the part of the picture that the network sees. */
  #zoomed(picture: HTMLVideoElement | HTMLCanvasElement, size: { width: number; height: number }): InputImage {
    const { zoom } = this.#recording;
    const { crop } = this.#preview;
    const image = zoom.scale === 1 ? picture : this.#croppedFrame.draw(picture, rectangleOf(zoom, size, crop));
    return { image, thumbnailSource: { image, mirrored: this.isMirrored, crop } };
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
    // While another camera starts, the preview stays as it is.
    if (state === 'prompting' && this.kind === 'camera') return;
    if (state === 'live') {
      // Only now is it known whether the camera faces the visitor.
      this.#preview.showZoom(this.#recording.zoom, this.mirror);
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
