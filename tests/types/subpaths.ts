// Tests the types of the webcam and of the converter, in the way of api.ts.
import { type ConvertedModel, type ConvertOptions, convertModel, type Progress } from 'teachable-wasm/convert';
import {
  eachFrame,
  type FrameInfo,
  Webcam,
  type WebcamDevice,
  type WebcamOptions,
  type WebcamState,
} from 'teachable-wasm/webcam';

declare const video: HTMLVideoElement;
declare const image: HTMLImageElement;
declare const bytes: Uint8Array;
declare const signal: AbortSignal;

export async function watching(): Promise<void> {
  const options: WebcamOptions = {
    video,
    facing: 'environment',
    width: 640,
    mirror: false,
    onState: (state, error) => console.log(state satisfies WebcamState, error?.code),
  };
  const webcam = new Webcam(options);
  await webcam.start();
  await webcam.start({ deviceId: 'x', signal });
  const state: WebcamState = webcam.state;
  const settings: MediaTrackSettings = webcam.settings;
  const devices: WebcamDevice[] = await Webcam.devices();
  const stop: () => void = webcam.eachFrame(async ({ timeMs, dropped }: FrameInfo) => console.log(timeMs + dropped));
  stop();
  eachFrame(video, () => {})();
  webcam.pause();
  await webcam.resume();
  webcam.stop();
  console.log(state, settings, devices);

  // @ts-expect-error this camera direction does not exist
  await webcam.start({ facing: 'left' });
  // @ts-expect-error the element must be a video
  new Webcam({ video: image });
  // @ts-expect-error the video element can't be replaced
  webcam.video = video;
}

export async function converting(): Promise<void> {
  const options: ConvertOptions = {
    signal,
    wasmUrl: '/wasm/',
    onProgress: ({ phase, loaded }: Progress) => console.log(phase, loaded),
  };
  const { tflite, format }: ConvertedModel = await convertModel('/model.json', options);
  await convertModel({ bytes, weights: bytes });
  const known: 'tfjs-layers' | 'tfjs-graph' = format;
  console.log(tflite.byteLength, known);
  // @ts-expect-error a model.json needs its weights
  await convertModel({ bytes });
}
