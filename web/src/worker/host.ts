// The worker's side of the protocol. It owns the module and its one classifier.

import { aborted } from '../shared/abort.js';
import { ClassifierError } from '../shared/errors.js';
import { predictDefaults } from '../shared/predict-defaults.js';
import type {
  ClassifierMethods,
  ClassScore,
  Edit,
  Frame,
  HostInfo,
  Progress,
  Review,
  Timings,
  WirePrediction,
  WirePredictOptions,
} from '../shared/protocol.js';
import { type Handlers, Transfer } from '../shared/rpc.js';
import { datasetMethods } from './datasets.js';
import type { StartHelper } from './decode-helper.js';
import {
  chooseThreads,
  currentChoice,
  type LoadModule,
  type OpenClassifier,
  openClassifier,
  type RequestContext,
  useThreads,
} from './open.js';
import { FrameWriter } from './pixels.js';
import { howToSend } from './sent-as.js';
import type {
  WasmClassifier,
  WasmClassScore,
  WasmFrameRequest,
  WasmFrameResult,
  WasmModule,
  WasmPrediction,
} from './wasm-module.js';

/** A request that asks for nothing. */
const noRequest: WasmFrameRequest = {
  teaches: false,
  label: '',
  alsoMirrored: false,
  predicts: false,
  predictsOnlyWhenTaught: false,
  options: predictDefaults,
  topk: 0,
  embedding: false,
  map: false,
};

/**
 * Makes the methods of one worker. `end` is called last. In a worker of ours it ends the worker. Elsewhere it ends the threads of `module`.
 * It must not do both: Chromium takes seconds to end a worker that has just ended its own workers. `startHelper` starts a worker that
 * decodes pictures which may take long.
 */
export function makeHost(
  loadModule: LoadModule,
  end: (module: WasmModule | undefined) => void,
  startHelper?: StartHelper,
): Handlers<ClassifierMethods, Progress> {
  let open: (OpenClassifier & { writer: FrameWriter }) | undefined;
  let timings: Timings | null = null;
  let hasAnswered = false;

  function use() {
    if (!open) throw new ClassifierError('internal', 'A request came before the model was loaded.');
    return open;
  }

  function info(): HostInfo {
    const opened = use();
    const { module, classifier, model, modelBytes, loadTimings, writer } = opened;
    return {
      ...currentChoice(opened),
      isolated: globalThis.crossOriginIsolated === true,
      readsCanvases: writer.readsCanvases(),
      model,
      modelBytes,
      heapBytes: module.heapBytes(),
      usedBytes: module.usedBytes(),
      exampleBytes: classifier.exampleBytes(),
      timings,
      loadTimings,
    };
  }

  /** Writes the frame into the module and answers everything that is asked about it with one call. */
  async function observe(
    frame: Frame,
    { signal }: RequestContext,
    request: Partial<WasmFrameRequest>,
  ): Promise<WasmFrameResult> {
    const opened = use();
    const { classifier, writer } = opened;
    const started = performance.now();
    await writer.write(frame, classifier, signal);
    if (signal?.aborted) throw aborted(signal);
    const written = performance.now();
    const result = classifier.observe({ ...noRequest, ...request });
    const { networkMs, preprocessMs } = result;
    timings = {
      pixelsMs: written - started,
      networkMs,
      preprocessMs,
      answerMs: performance.now() - written - networkMs,
    };
    // With the mirrored picture, the network runs twice.
    if (!request.alsoMirrored) chooseThreads(opened, networkMs);
    noteAnswer();
    return result;
  }

  /** After the first answer, starts the work that would have delayed it. */
  function noteAnswer(): void {
    if (hasAnswered) return;
    hasAnswered = true;
    setTimeout(() => {
      if (!open) return;
      void useThreads(open);
      // The model's file stays in memory until its sum is there.
      void open.sha256();
    });
  }

  const countOf = (label: string) => use().classifier.counts()[use().classifier.labels().indexOf(label)] ?? 0;

  const toScores = (classes: readonly WasmClassScore[]): ClassScore[] =>
    classes.map(({ classIndex, probability }) => ({
      className: use().classNames?.[classIndex] ?? `class ${classIndex}`,
      probability,
      classIndex,
    }));

  return {
    async open(request, context) {
      const { wasmUrl, refusesTruncated } = request;
      const writer = new FrameWriter({ wasmUrl, refusesTruncated, startHelper });
      // The question takes a millisecond or two, while files are on their way.
      const asked = howToSend(writer.readsCanvases());
      open = { ...(await openClassifier(request, loadModule, context)), writer };
      const { model } = open;
      writer.seesSquare = model?.preprocess.crop === 'center' && model.inputWidth === model.inputHeight;
      return { model, sentAs: await asked };
    },

    classify: async ({ frame, topk }, context) => toScores((await observe(frame, context, { topk })).classes),

    async embed({ frame }, context) {
      const { embedding } = await observe(frame, context, { embedding: true });
      return new Transfer(embedding!, [embedding!.buffer as ArrayBuffer]);
    },

    async addExample({ subject, label, alsoMirrored }, context) {
      if ('frame' in subject)
        return (await observe(subject.frame, context, { teaches: true, label, alsoMirrored })).exampleCount;
      // Counted first, so that nothing can fail after the example was added.
      const count = countOf(label) + 1;
      use().classifier.addEmbedding(subject.embedding, label);
      noteAnswer();
      return count;
    },

    addExamples: ({ embeddings, labels }) => use().classifier.addEmbeddings(embeddings, use().embeddingSize, labels),

    async predict({ subject, options }, context) {
      if ('frame' in subject) {
        const { labels, prediction } = await observe(subject.frame, context, { predicts: true, options });
        return toWirePrediction(labels, prediction!);
      }
      noteAnswer();
      const { classifier } = use();
      return toWirePrediction(classifier.labels(), classifier.predictEmbedding(subject.embedding, options));
    },

    predictMany({ embeddings, options }) {
      noteAnswer();
      const { classifier, embeddingSize } = use();
      const labels = classifier.labels();
      return classifier
        .predictEmbeddings(embeddings, embeddingSize, options)
        .map((each) => toWirePrediction(labels, each));
    },

    async observe({ frame, label, alsoMirrored, options, topk, embedding: wantsEmbedding, map }, context) {
      const { exampleId, exampleCount, prediction, labels, classes, embedding, mapPoint } = await observe(
        frame,
        context,
        {
          teaches: label !== undefined,
          label: label ?? '',
          alsoMirrored,
          predicts: true,
          predictsOnlyWhenTaught: true,
          options,
          topk: use().model?.classCount ? topk : 0,
          embedding: wantsEmbedding,
          map,
        },
      );
      return new Transfer(
        {
          prediction: prediction && toWirePrediction(labels, prediction),
          classes: toScores(classes),
          exampleCount: label === undefined ? undefined : exampleCount,
          exampleId,
          embedding,
          mapPoint: toPoint(mapPoint ?? null),
          timings: timings!,
        },
        embedding ? [embedding.buffer as ArrayBuffer] : [],
      );
    },

    classNames: () => use().classNames ?? [],

    clear({ label }) {
      if (label === undefined) use().classifier.clearAll();
      else use().classifier.clear(label);
    },

    counts() {
      const counts = use().classifier.counts();
      return use()
        .classifier.labels()
        .map((label, index) => [label, counts[index] ?? 0]);
    },

    disabledClasses: () =>
      use()
        .classifier.labels()
        .filter((_, index) => !use().classifier.classEnabled(index)),

    edit: (change) => edit(use().classifier, change),

    undo: () => use().classifier.undo(),

    exampleIds: ({ label }) => use().classifier.exampleIds(label),

    exampleEmbedding({ id }) {
      const embedding = use().classifier.exampleEmbedding(id);
      return new Transfer(embedding, [embedding.buffer as ArrayBuffer]);
    },

    review: ({ options, maxExamples }) => review(use().classifier, options, maxExamples),

    map() {
      const { ids, points, explained } = use().classifier.map();
      return new Transfer({ ids, points, explained: toPoint(explained)! }, [points.buffer as ArrayBuffer]);
    },

    mapPoint: ({ embedding }) => toPoint(use().classifier.mapPoint(embedding)),

    ...datasetMethods(use),

    info,

    close() {
      open?.classifier.delete();
      const module = open?.module;
      open = undefined;
      end(module);
    },
  };
}

function toPoint(values: Float32Array | null): [number, number] | null {
  return values && [values[0]!, values[1]!];
}

function toWirePrediction(
  labels: readonly string[],
  { label, classIndex, unknown, confidences, neighbours }: WasmPrediction,
): WirePrediction {
  return {
    label,
    classIndex,
    unknown,
    confidences: labels.map((each, index) => [each, confidences[index] ?? 0]),
    neighbours: neighbours.map(({ id, classIndex: index, similarity }) => ({
      id,
      label: labels[index] ?? '',
      similarity,
    })),
  };
}

function edit(classifier: WasmClassifier, change: Edit): void {
  switch (change.kind) {
    case 'remove':
      return classifier.removeExample(change.id);
    case 'move':
      return classifier.moveExample(change.id, change.label);
    case 'add-class':
      return classifier.addClass(change.label);
    case 'rename':
      return classifier.renameClass(change.label, change.newLabel);
    case 'merge':
      return classifier.mergeClasses(change.label, change.into);
    case 'enable':
      return classifier.enableClass(change.label, change.enabled);
    case 'storage':
      return classifier.useStorage(change.storage);
  }
}

/** Collects the examples of each cell of the confusion matrix, ordered by class indices. `predictions` is that of WasmReview. */
function toConfusion(predictions: readonly number[]): { own: number; takenFor: number; ids: number[] }[] {
  const cells = new Map<string, { own: number; takenFor: number; ids: number[] }>();
  for (let i = 0; i < predictions.length; i += 3) {
    const [id, own, takenFor] = [predictions[i]!, predictions[i + 1]!, predictions[i + 2]!];
    const key = `${own} ${takenFor}`;
    const cell = cells.get(key) ?? { own, takenFor, ids: [] };
    cell.ids.push(id);
    cells.set(key, cell);
  }
  return [...cells.values()].sort((a, b) => a.own - b.own || a.takenFor - b.takenFor);
}

function review(classifier: WasmClassifier, options: WirePredictOptions, maxExamples: number): Review {
  const { tested, correct, predictions, mostConfusable, duplicates, outliers, ...calibration } = classifier.review(
    options,
    maxExamples,
  );
  const labels = classifier.labels();
  const nameOf = (classIndex: number) => labels[classIndex] ?? '';
  return {
    ...calibration,
    tested,
    accuracy: correct / tested,
    confusion: toConfusion(predictions).map(({ own, takenFor, ids }) => ({
      label: nameOf(own),
      takenFor: nameOf(takenFor),
      count: ids.length,
      ids,
    })),
    mostConfusable: mostConfusable && {
      labels: [nameOf(mostConfusable.classA), nameOf(mostConfusable.classB)],
      confusions: mostConfusable.confusions,
    },
    duplicates,
    outliers: outliers.map(({ id, classIndex, suggestedClass, confidence }) => ({
      id,
      label: nameOf(classIndex),
      suggestedLabel: nameOf(suggestedClass),
      confidence,
    })),
  };
}
