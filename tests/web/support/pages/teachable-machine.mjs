// A teachable machine as the READMEs of @tensorflow-models/mobilenet and @tensorflow-models/knn-classifier show it. The import
// map of the page decides which packages the two names stand for.
import * as knnClassifier from '@tensorflow-models/knn-classifier';
import * as mobilenet from '@tensorflow-models/mobilenet';

/** The colour of the square in the corner of each scene of the clip. It tells the page which scene a frame shows. */
const scenes = { 'test card': [255, 0, 0], '__proto__ ': [0, 255, 0], 7: [0, 0, 255] };

async function openWebcam() {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  return video;
}

function sceneOf(video) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 });
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 16, 16, 0, 0, 8, 8);
  const pixel = context.getImageData(4, 4, 1, 1).data;
  const far = (colour) => Math.max(...colour.map((value, i) => Math.abs(value - pixel[i])));
  return Object.keys(scenes).find((scene) => far(scenes[scene]) < 90);
}

/** Teaches `examples` frames of each scene, then predicts `tests` frames of each. */
export async function teachAndPredict({ modelUrl, examples, tests }) {
  const video = await openWebcam();
  const net = await mobilenet.load({ version: 2, alpha: 1.0, modelUrl, inputRange: [0, 1] });
  const classifier = knnClassifier.create();
  const taught = {};
  const results = [];
  const enough = (counts, wanted) => Object.keys(scenes).every((scene) => (counts[scene] ?? 0) >= wanted);
  const seen = {};
  const deadline = performance.now() + 120_000;
  while (!enough(seen, tests) && performance.now() < deadline) {
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    const scene = sceneOf(video);
    const activation = net.infer(video, true);
    // The camera plays on meanwhile. A frame counts only if the scene is still the same.
    if (scene === undefined || sceneOf(video) !== scene) {
      activation.dispose();
      continue;
    }
    if ((taught[scene] ?? 0) < examples) {
      classifier.addExample(activation, scene);
      taught[scene] = (taught[scene] ?? 0) + 1;
    } else if (enough(taught, examples)) {
      const { label, confidences } = await classifier.predictClass(activation);
      results.push({ scene, label, confidence: confidences[label] });
      seen[scene] = (seen[scene] ?? 0) + 1;
    }
    activation.dispose();
  }
  const counts = classifier.getClassExampleCount();
  classifier.dispose();
  video.srcObject.getTracks().forEach((track) => track.stop());
  return { results, counts: Object.entries(counts) };
}

/** Returns embeddings and predictions for drawn pictures of several sizes, so that both packages get the same pixels. */
export async function lookAtDrawings({ modelUrl }) {
  const net = await mobilenet.load({ version: 2, alpha: 1.0, modelUrl, inputRange: [0, 1] });
  const classifier = knnClassifier.create();
  const drawings = Array.from({ length: 12 }, (_, i) => {
    const canvas = Object.assign(document.createElement('canvas'), {
      width: 224 + 37 * (i % 4),
      height: 224 + 51 * (i % 3),
    });
    const context = canvas.getContext('2d');
    const gradient = context.createLinearGradient(0, 0, canvas.width, canvas.height);
    gradient.addColorStop(0, `hsl(${30 * i} 80% 60%)`);
    gradient.addColorStop(1, `hsl(${30 * i + 140} 70% 30%)`);
    context.fillStyle = gradient;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = `hsl(${77 * i} 90% 50%)`;
    for (let j = 0; j < 3 + (i % 3) * 8; j++)
      context.fillRect((j * 53) % canvas.width, (j * 97) % canvas.height, 30 + 5 * i, 20 + 3 * j);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  });
  const embeddings = [];
  const shapes = [];
  const predictions = [];
  for (const [i, drawing] of drawings.entries()) {
    const activation = net.infer(drawing, true);
    shapes.push(activation.shape);
    embeddings.push(Array.from(activation.dataSync()));
    if (i < 6) classifier.addExample(activation, i % 3);
    else predictions.push(await classifier.predictClass(activation, 2));
    activation.dispose();
  }
  const dataset = classifier.getClassifierDataset();
  const saved = Object.keys(dataset).map((label) => [
    label,
    Array.from(dataset[label].dataSync()),
    dataset[label].shape,
  ]);
  classifier.dispose();
  return { embeddings, shapes, predictions, saved };
}
