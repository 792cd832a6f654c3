// Tests the types of the compat entries together with those of TensorFlow.js, in the way of ../api.ts.
import type * as tf from '@tensorflow/tfjs';
import * as knnClassifier from 'teachable-wasm/compat/knn-classifier';
import * as mobilenet from 'teachable-wasm/compat/mobilenet';

declare const video: HTMLVideoElement;
declare const image: HTMLImageElement;
declare const signal: AbortSignal;
declare const picture: tf.Tensor3D;
declare const pictures: tf.Tensor4D;
declare const vector: tf.Tensor1D;
declare const anything: tf.Tensor;
declare const handler: tf.io.IOHandler;

/** Passes values of TensorFlow.js' own types without a conversion. */
export async function migrated(): Promise<void> {
  const network = await mobilenet.load({ version: 2, alpha: 1.0, modelUrl: handler, inputRange: [0, 1] });
  await mobilenet.load({
    modelUrl: 'https://example.org/model.json',
    signal,
    onProgress: ({ phase }) => console.log(phase),
  });
  const classifier = knnClassifier.create();
  for (const shown of [video, image, picture, pictures]) {
    const activation: mobilenet.Tensor = network.infer(shown, true);
    classifier.addExample(activation, 'A');
    activation.dispose();
  }
  network.infer(picture, 'conv_preds');
  const classes: { className: string; probability: number }[] = await network.classify(image, 5);
  classifier.addExample(vector, 7);
  classifier.addExample(anything, 7);
  const {
    label,
    classIndex,
    confidences,
  }: { label: string; classIndex: number; confidences: { [label: string]: number } } = await classifier.predictClass(
    vector,
    3,
  );
  const counts: { [label: string]: number } = classifier.getClassExampleCount();
  classifier.setClassifierDataset(classifier.getClassifierDataset());
  const saved: { [label: string]: tf.Tensor2D } = {};
  classifier.setClassifierDataset(saved);
  console.log(classes, label, classIndex, confidences, counts);

  // @ts-expect-error this version does not exist
  await mobilenet.load({ version: 3 });
  // @ts-expect-error this alpha does not exist
  await mobilenet.load({ version: 1, alpha: 0.3 });
  // @ts-expect-error infer() takes no address of a picture
  network.infer('a.jpg');
  // @ts-expect-error a label is a string or a number
  classifier.addExample(vector, true);
}
