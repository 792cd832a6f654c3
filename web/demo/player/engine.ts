// The engine of the player: in a worker that runs the same script as the page, or in the page where the browser refuses the worker.

import { type Classifier, load } from 'teachable-wasm';
import { serveClassifiers } from 'teachable-wasm/worker';
import { fileAt, useFiles } from './embedded.js';
import { examplesPart, type PlayerProject } from './project.js';

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Loads network and examples from the parts. `script` is the text of this script. */
export async function startEngine({ model, layers }: PlayerProject, files: Files, script: string): Promise<Classifier> {
  const options = {
    layers,
    model:
      'bytesPart' in model
        ? { bytes: fileAt(model.bytesPart), ...(model.weightsPart && { weights: fileAt(model.weightsPart) }) }
        : model,
  };
  const classifier = await startInWorker(files, script)
    .then((worker) => load({ ...options, worker }))
    .catch(() => load({ ...options, worker: false }));
  await classifier.loadDataset(fileAt(examplesPart));
  return classifier;
}

async function startInWorker(files: Files, script: string): Promise<Worker> {
  // Not a module: Chromium and WebKit load none into the worker of a page from a file.
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
  worker.postMessage({ files });
  return worker;
}

/** Runs in the worker: takes the parts from the page, and answers its calls. */
export function serveInWorker(): void {
  addEventListener('message', ({ data }: MessageEvent<{ files?: Files }>) => {
    if (data.files) useFiles(data.files);
  });
  serveClassifiers();
}
