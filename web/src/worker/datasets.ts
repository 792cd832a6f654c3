// Saving and loading data sets: the file format of the module, piece by piece, and JSON.

import { ClassifierError, toClassifierError } from '../shared/errors.js';
import type { ClassifierMethods, Progress } from '../shared/protocol.js';
import { type Handlers, Transfer } from '../shared/rpc.js';
import { readJsonDataset, type WrittenClass, writeJsonDataset } from './dataset-json.js';
import type { OpenClassifier } from './open.js';
import type { WasmClassifier } from './wasm-module.js';

type DatasetMethods =
  | 'startSave'
  | 'nextSaved'
  | 'cancelSave'
  | 'startLoad'
  | 'loadPiece'
  | 'finishLoad'
  | 'cancelLoad'
  | 'exportJson'
  | 'importJson';

/** Makes the methods that save and load data sets. `use` returns the open classifier. */
export function datasetMethods(use: () => OpenClassifier): Pick<Handlers<ClassifierMethods, Progress>, DatasetMethods> {
  // Numbers of the last save and load. Starting another one ends the one before.
  let lastSave = 0;
  let lastLoad = 0;

  return {
    async startSave({ thumbnails }) {
      const sha256 = await use().sha256();
      const { classifier, id, model } = use();
      classifier.startSave(id, sha256, model ? JSON.stringify(model.preprocess) : '', thumbnails);
      return ++lastSave;
    },

    nextSaved({ save }) {
      if (save !== lastSave) throw overtaken('save');
      const bytes = use().classifier.nextSaved();
      return new Transfer(bytes, [bytes.buffer as ArrayBuffer]);
    },

    cancelSave({ save }) {
      if (save === lastSave) use().classifier.cancelSave();
    },

    async startLoad() {
      const sha256 = await use().sha256();
      const { classifier, id, embeddingSize } = use();
      classifier.startLoad(id, sha256, embeddingSize);
      return ++lastLoad;
    },

    loadPiece({ load, bytes }) {
      if (load !== lastLoad) throw overtaken('load');
      use().classifier.datasetBuffer(bytes.byteLength).set(bytes);
      use().classifier.loadPiece();
    },

    finishLoad({ load }) {
      if (load !== lastLoad) throw overtaken('load');
      return use().classifier.finishLoad();
    },

    cancelLoad({ load }) {
      if (load === lastLoad) use().classifier.cancelLoad();
    },

    async exportJson() {
      const sha256 = await use().sha256();
      const { classifier, id, embeddingSize } = use();
      return writeJsonDataset({ id, sha256 }, embeddingSize, writtenClasses(classifier));
    },

    async importJson({ json }) {
      const sha256 = await use().sha256();
      importJson(use(), sha256, json);
    },
  };
}

function overtaken(what: 'save' | 'load'): ClassifierError {
  return new ClassifierError(
    'bad-argument',
    `Another ${what} of a data set began before this one had ended. Await one before the next.`,
  );
}

/** Yields one example at a time, because all of them together would take several times the module's memory. */
function* writtenClasses(classifier: WasmClassifier): Generator<WrittenClass> {
  for (const [index, label] of classifier.labels().entries()) {
    yield { label, enabled: classifier.classEnabled(index), examples: examplesOf(classifier, label) };
  }
}

function* examplesOf(classifier: WasmClassifier, label: string): Generator<Float32Array> {
  for (const id of classifier.exampleIds(label)) yield classifier.exampleEmbedding(id);
}

/** Names a data set's model as C++ does. The checksum tells two files with the same name apart. */
function nameModel(id: string | undefined, sha256: string | undefined): string {
  return [...(id === undefined ? [] : [`'${id}'`]), ...(sha256 ? [`(SHA-256 ${sha256.slice(0, 12)}...)`] : [])].join(
    ' ',
  );
}

/** Replaces the examples by those of `json`. They are read completely first, so that an error changes nothing. */
function importJson({ module, classifier, id, embeddingSize }: OpenClassifier, sha256: string, json: unknown): void {
  const read = readJsonDataset(json, embeddingSize);
  const isSameModel = read.sha256 && sha256 ? read.sha256 === sha256 : read.model === undefined || read.model === id;
  if (!isSameModel) {
    throw new ClassifierError(
      'bad-dataset',
      `The data set was made with the model ${nameModel(read.model, read.sha256)}; its examples can't be compared with those of ${nameModel(id, sha256)}.`,
    );
  }
  const fresh = new module.Classifier(1);
  try {
    fresh.useStorage(classifier.storage());
    for (const { label, enabled, rows, count } of read.classes) {
      fresh.addClass(label);
      fresh.addEmbeddings(rows, embeddingSize, new Array<string>(count).fill(label));
      if (!enabled) fresh.enableClass(label, false);
    }
    classifier.takeExamples(fresh);
  } catch (cause) {
    const { code, message } = toClassifierError(cause);
    throw new ClassifierError(
      code === 'out-of-memory' ? code : 'bad-dataset',
      `The data set can't be used: ${message}`,
      { cause },
    );
  } finally {
    fresh.delete();
  }
}
