// One frame after another: a frame that comes while the last one is being looked at is dropped, never queued.

/**
 * Calls `onFrame` for new frames of the video and awaits it before the next. Hidden pages get no frames.
 * Returns what ends the loop.
 */
export function startFrameLoop(video: HTMLVideoElement, onFrame: () => Promise<void>): () => void {
  let running = true;

  async function step(): Promise<void> {
    if (!running) return;
    if (!document.hidden) await onFrame();
    schedule();
  }

  function schedule(): void {
    if (!running) return;
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(() => void step());
    else requestAnimationFrame(() => void step());
  }

  schedule();
  return () => {
    running = false;
  };
}
