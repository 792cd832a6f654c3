// Saving and loading data sets: the file format of the module, piece by piece, and JSON.

import { ClassifierError, toClassifierError } from '../shared/errors.js';
import type { ClassifierMethods, Progress, Thumbnail } from '../shared/protocol.js';
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
  /** What the last save has yet to write, and what the last load has read. They stay out of the module's memory. */
  let toSave: Generator<Uint8Array, undefined> | undefined;
  let loaded: Thumbnail[] = [];

  return {
    async startSave({ thumbnails }) {
      const sha256 = await use().sha256();
      const { classifier, id, model } = use();
      const inOrder = [...thumbnails].sort((a, b) => a.id - b.id);
      classifier.startSave(id, sha256, model ? JSON.stringify(model.preprocess) : '');
      for (const each of inOrder) classifier.planThumbnail(each.id, each.bytes.length);
      toSave = savedPieces(classifier, inOrder);
      return ++lastSave;
    },

    nextSaved({ save }) {
      if (save !== lastSave) throw overtaken('save');
      // Throws when no save is under way.
      if (!toSave) use().classifier.nextSaved();
      try {
        const bytes = toSave!.next().value ?? new Uint8Array(0);
        return new Transfer(bytes, [bytes.buffer as ArrayBuffer]);
      } catch (error) {
        toSave = undefined;
        throw error;
      }
    },

    cancelSave({ save }) {
      if (save !== lastSave) return;
      toSave = undefined;
      use().classifier.cancelSave();
    },

    async startLoad() {
      const sha256 = await use().sha256();
      const { classifier, id, embeddingSize } = use();
      classifier.startLoad(id, sha256, embeddingSize);
      loaded = [];
      return ++lastLoad;
    },

    loadPiece({ load, bytes }) {
      if (load !== lastLoad) throw overtaken('load');
      const { classifier } = use();
      for (const part of parts(bytes)) {
        classifier.pieceBuffer(part.length).set(part);
        loaded.push(...classifier.loadPiece());
      }
    },

    finishLoad({ load }) {
      if (load !== lastLoad) throw overtaken('load');
      const thumbnails = loaded;
      loaded = [];
      use().classifier.finishLoad();
      return thumbnails;
    },

    cancelLoad({ load }) {
      if (load !== lastLoad) return;
      loaded = [];
      use().classifier.cancelLoad();
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

/** Most bytes that are in the module's memory at once, so that saving and loading need little of it. */
const partBytes = 1 << 16;

/** Yields views of at most `partBytes`. Yields one even for no bytes. */
function* parts(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  do yield bytes.subarray(start, start + partBytes);
  while ((start += partBytes) < bytes.length);
}

/** Yields the pieces of a file. */
function* savedPieces(classifier: WasmClassifier, thumbnails: readonly Thumbnail[]): Generator<Uint8Array, undefined> {
  for (let piece = classifier.nextSaved(); piece.length > 0; piece = classifier.nextSaved()) yield piece;
  for (const { id, bytes } of thumbnails)
    for (const part of parts(bytes)) {
      classifier.pieceBuffer(part.length).set(part);
      yield classifier.savedThumbnail(id, bytes.length);
    }
  yield classifier.endSave();
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
