// Runs in the page. The image embedder of MediaPipe's tasks. It takes pictures only, so its input is always a picture.

import { FilesetResolver, ImageEmbedder } from '/rivals/@mediapipe/tasks-vision/vision_bundle.mjs';

export async function open({ network }) {
  const files = await FilesetResolver.forVisionTasks('/rivals/@mediapipe/tasks-vision/wasm');
  const embedder = await ImageEmbedder.createFromOptions(files, {
    baseOptions: { modelAssetPath: `/networks/${network}.tflite`, delegate: 'CPU' },
    runningMode: 'IMAGE',
    quantize: false,
  });
  const run = (image) => embedder.embed(image).embeddings[0].floatEmbedding;
  return {
    ready: (pixels) => pixels,
    embedReady: run,
    async embed(picture) {
      if (!(picture instanceof Blob)) return run(picture);
      const bitmap = await createImageBitmap(picture);
      const values = run(bitmap);
      bitmap.close();
      return values;
    },
  };
}
