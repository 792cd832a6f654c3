// Written for @tensorflow-models/mobilenet and @tensorflow-models/knn-classifier. Only the first two import lines changed.
import * as mobilenet from 'teachable-wasm/compat/mobilenet';
import * as knnClassifier from 'teachable-wasm/compat/knn-classifier';
import { Webcam } from 'teachable-wasm/webcam';

const video = document.querySelector('video');
const answer = document.getElementById('answer');

const net = await mobilenet.load({ version: 2, alpha: 1.0 });
const classifier = knnClassifier.create();
const webcam = new Webcam({ video });
await webcam.start();
answer.value = 'Show it A, then B';

for (const button of document.querySelectorAll('button')) {
  button.onclick = () => {
    const activation = net.infer(video, true);
    classifier.addExample(activation, button.value);
    activation.dispose();
  };
}

webcam.eachFrame(async () => {
  if (classifier.getNumClasses() === 0) return;
  const activation = net.infer(video, true);
  const { label, confidences } = await classifier.predictClass(activation);
  answer.value = `${label}: ${Math.round(100 * confidences[label])} %`;
  activation.dispose();
});
