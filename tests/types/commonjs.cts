// Tests the types for CommonJS, where modules are loaded with require(), in the way of api.ts.
import teachable = require('teachable-wasm');
import knn = require('teachable-wasm/knn');
import labels = require('teachable-wasm/labels');
import mobilenet = require('teachable-wasm/compat/mobilenet');
import knnClassifier = require('teachable-wasm/compat/knn-classifier');
import webcam = require('teachable-wasm/webcam');
import convert = require('teachable-wasm/convert');

async function use(): Promise<string> {
  const classifier: teachable.Classifier = await teachable.load();
  const neighbours: knn.KnnClassifier = await knn.loadKnn({ embeddingSize: 2 });
  neighbours.dispose();
  const names: string[] = await labels.loadImageNetLabels();
  const network = await mobilenet.load({ version: 2, alpha: 1 });
  const taught = knnClassifier.create();
  const camera: webcam.Webcam = new webcam.Webcam();
  const { tflite }: convert.ConvertedModel = await convert.convertModel('model.json');
  console.log(names, network, taught, camera, tflite);
  // @ts-expect-error this export does not exist
  teachable.unload();
  return (await classifier.predict('a.jpg')).label;
}

export = use;
