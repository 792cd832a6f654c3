// Imports every entry. It is checked with several libraries of the platform, with none, and with their declarations, too.
import { load } from 'teachable-wasm';
import * as knnClassifier from 'teachable-wasm/compat/knn-classifier';
import * as mobilenet from 'teachable-wasm/compat/mobilenet';
import * as convert from 'teachable-wasm/convert';
import * as knn from 'teachable-wasm/knn';
import * as labels from 'teachable-wasm/labels';
import * as webcam from 'teachable-wasm/webcam';
import * as worker from 'teachable-wasm/worker';

const classifier = await load({ threads: 2 });
const { label } = await classifier.predict(new Uint8Array(4));
export const named: string = label;
// @ts-expect-error a label is text
export const wrong: number = label;
export { convert, knn, knnClassifier, labels, mobilenet, webcam, worker };
