// Takes the frame that a video element shows.

import { aborted } from '../shared/abort.js';
import { ClassifierError } from '../shared/errors.js';

/** Time that a video which has data may take to give a frame, in milliseconds. */
const maxWaitMs = 10_000;

/**
 * Returns the frame that is shown, upright and with square pixels. Waits for the end of a seek, and for the first frame of a video that
 * has loaded. Both waits end when `wanted` returns false.
 * @throws 'bad-image' or 'aborted'; a SecurityError of the browser for a video of another origin.
 */
export async function frameOfVideo(video: HTMLVideoElement, wanted: () => boolean): Promise<VideoFrame | ImageBitmap> {
  let waitedMs = 0;
  for (;;) {
    if (!video.seeking) {
      if (video.readyState < 2 || video.videoWidth === 0 || video.videoHeight === 0) {
        throw new ClassifierError(
          'bad-image',
          "The video has no picture yet. Wait for its 'loadeddata' event, and for a camera call play() first.",
        );
      }
      const frame = take(video);
      if (frame) return frame;
      if (waitedMs > maxWaitMs) {
        throw new ClassifierError(
          'bad-image',
          `The video has given no frame for ${maxWaitMs / 1000} s. Call its play() first, or check the file.`,
        );
      }
    }
    if (!wanted()) throw aborted(undefined);
    const started = performance.now();
    await change(video);
    waitedMs += video.seeking ? 0 : performance.now() - started;
  }
}

/** Returns undefined while the browser has no frame to give: after 'loadeddata', Chromium takes some more time. */
function take(video: HTMLVideoElement): VideoFrame | ImageBitmap | undefined {
  if (typeof VideoFrame === 'function') {
    try {
      const frame = new VideoFrame(video);
      if (isUpright(frame, video)) return frame;
      frame.close();
    } catch (error) {
      const { name } = error as Error;
      if (name === 'InvalidStateError') return undefined;
      // A video of another origin can't be drawn either. For other errors, drawing may work.
      if (name === 'SecurityError') throw error;
    }
  }
  // Unlike drawImage(), createImageBitmap() of Firefox doesn't turn phone videos.
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')!.drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas.transferToImageBitmap();
}

/**
 * Returns true when a frame is what the element shows. In Firefox, frames of files don't say that they must be turned, or that their
 * pixels aren't square. Frames of a camera are upright.
 */
function isUpright(frame: VideoFrame, video: HTMLVideoElement): boolean {
  if (frame.displayWidth !== video.videoWidth || frame.displayHeight !== video.videoHeight) return false;
  return 'rotation' in frame || video.srcObject !== null;
}

/** Waits for the next event that may bring a frame. The wait is limited, because a hidden page or a removed source has no event. */
function change(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, 100);
    const request = video.requestVideoFrameCallback?.(done);
    function done() {
      clearTimeout(timer);
      if (request !== undefined) video.cancelVideoFrameCallback(request);
      video.removeEventListener('seeked', done);
      resolve();
    }
    video.addEventListener('seeked', done);
  });
}
