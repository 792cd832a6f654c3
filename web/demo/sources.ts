// What is looked at: the camera's live picture, a picture of the visitor's, or nothing yet.

import { Webcam, type WebcamState } from 'teachable-wasm/webcam';
import { byId } from './element.js';
import type { Portrait } from './lesson.js';
import type { Source, Stage } from './stage.js';

export interface SourceEvents {
  /** Awaited before the next frame of the camera. */
  onFrame(): Promise<void>;
  onLive(): void;
  /** There is nothing to look at any more. */
  onNone(): void;
}

/** What to look at, and what to draw for an example of it. */
export interface Subject {
  image: HTMLVideoElement | Blob;
  portrait: Portrait;
}

export class Sources {
  readonly #stage: Stage;
  readonly #events: SourceEvents;
  readonly #camera: Webcam;
  #pictureFile: Blob | null = null;
  #endLoop: (() => void) | null = null;

  constructor(stage: Stage, events: SourceEvents) {
    this.#stage = stage;
    this.#events = events;
    this.#camera = new Webcam({ video: stage.video, onState: (state) => this.#onCameraState(state) });
    // What goes wrong is a state, too, and shown as such.
    byId('start-camera').addEventListener('click', () => void this.#camera.start().catch(() => {}));
    byId('stop-camera').addEventListener('click', () => this.#camera.stop());
    byId('back-to-camera').addEventListener('click', () => this.#show('camera'));
  }

  get kind(): Source {
    return this.#stage.source;
  }

  get subject(): Subject | null {
    const { video, picture, crop } = this.#stage;
    if (this.kind === 'camera')
      return { image: video, portrait: { source: video, mirrored: this.#camera.mirror, crop } };
    return this.#pictureFile && { image: this.#pictureFile, portrait: { source: picture, mirrored: false, crop } };
  }

  /** Throws when the file is no picture. */
  async showPicture(file: Blob): Promise<void> {
    await this.#stage.showPicture(file);
    this.#pictureFile = file;
    this.#showTools();
  }

  #onCameraState(state: WebcamState): void {
    this.#stage.showCamera(state);
    this.#endLoop?.();
    this.#endLoop = null;
    if (state === 'live') {
      this.#show('camera');
      this.#endLoop = this.#camera.eachFrame(async () => {
        if (this.kind === 'camera') await this.#events.onFrame();
      });
      this.#events.onLive();
    } else if (this.kind !== 'picture') {
      this.#show('none');
      this.#events.onNone();
    }
    this.#showTools();
  }

  #show(source: 'none' | 'camera'): void {
    this.#pictureFile = null;
    this.#stage.show(source);
    this.#showTools();
  }

  #showTools(): void {
    byId('stop-camera').hidden = !this.#camera.live;
    byId('back-to-camera').hidden = !(this.#camera.live && this.kind === 'picture');
  }
}
