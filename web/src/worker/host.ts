// The worker's side of the protocol: owns the module and its one Classifier.

import { aborted } from '../shared/abort.js';
import { sha256Of } from '../shared/download.js';
import { ClassifierError, toClassifierError } from '../shared/errors.js';
import { glueUrl } from '../shared/module-files.js';
import type {
  Choice,
  ClassifierMethods,
  ClassScore,
  Edit,
  Frame,
  HostInfo,
  LoadTimings,
  ModelInfo,
  NoModel,
  OpenRequest,
  Precision,
  Preprocess,
  Progress,
  Review,
  Subject,
  Timings,
  WirePrediction,
  WirePredictOptions,
} from '../shared/protocol.js';
import { type Context, type Handlers, Moved } from '../shared/rpc.js';
import { fallbacks } from '../shared/variant.js';
import { readAssociatedFile } from './associated-file.js';
import { fitsClasses, labelsOfLines, nameClasses } from './class-names.js';
import { readJsonDataset, type WrittenClass, writeJsonDataset } from './dataset-json.js';
import { type FetchedModel, fetchModel } from './fetch-model.js';
import type { LoadModuleOptions } from './load.js';
import { FrameWriter } from './pixels.js';
import { addThreads } from './threads.js';
import type { WasmClassifier, WasmModelInfo, WasmModule, WasmPrediction } from './wasm-module.js';

export type LoadModule = (options: LoadModuleOptions) => Promise<WasmModule>;

/** A classifier that is open. */
export interface Running {
  module: WasmModule;
  classifier: WasmClassifier;
  choice: Choice;
  /** As requested. */
  wasmUrl: string | undefined;
  model: ModelInfo;
  /** Of the network's file; empty where the browser offers no digests. Only data sets need it, so nothing else waits for it. */
  sha256: () => Promise<string>;
  modelBytes: number;
  /** [classCount], when they are known. */
  classNames: readonly string[] | undefined;
  loadTimings: LoadTimings;
}

/** Who asked, as far as is known. */
type Asked = Partial<Context<Progress>>;

const defaultPreprocess = { crop: 'center', resize: 'half-pixel', mirror: false } as const satisfies Preprocess;

/**
 * The methods of one worker. `end` ends it at last; where what it runs in goes on, it ends the threads of `module`. Not both:
 * Chromium takes seconds to end a worker that has just ended its own workers.
 */
export function makeHost(
  loadModule: LoadModule,
  end: (module: WasmModule | undefined) => void,
): Handlers<ClassifierMethods, Progress> {
  let running: (Running & { writer: FrameWriter }) | undefined;
  let timings: Timings | null = null;
  let hasAnswered = false;
  /** Numbers of the last save and load that began: an earlier one is over. */
  let saving = 0;
  let loading = 0;

  function use() {
    if (!running) throw new ClassifierError('internal', 'A request came before the model was loaded.');
    return running;
  }

  function info(): HostInfo {
    const { module, classifier, choice, model, modelBytes, loadTimings } = use();
    const isolated = globalThis.crossOriginIsolated === true;
    return {
      ...choice,
      isolated,
      model,
      modelBytes,
      heapBytes: module.heapBytes(),
      exampleBytes: classifier.exampleBytes(),
      timings,
      loadTimings,
    };
  }

  /** Makes the frame current, runs the network, then answers; notes how long each took. */
  async function look<T>(frame: Frame, { signal }: Asked, answer: (classifier: WasmClassifier) => T): Promise<T> {
    const { classifier, writer } = use();
    const started = performance.now();
    await writer.write(frame, classifier, signal);
    if (signal?.aborted) throw aborted(signal);
    const written = performance.now();
    // The classifier keeps the result for this frame: what `answer` asks for doesn't run the network again.
    classifier.embed();
    const seen = performance.now();
    const result = answer(classifier);
    answered();
    timings = { pixelsMs: written - started, networkMs: seen - written, answerMs: performance.now() - seen };
    return result;
  }

  /** After the first answer begins what would have taken time from it. */
  function answered(): void {
    if (hasAnswered) return;
    hasAnswered = true;
    setTimeout(() => {
      if (!running) return;
      void useThreads(running);
      // Until it is made, the model's file is kept.
      void running.sha256();
    });
  }

  function withSubject<T>(
    subject: Subject,
    asked: Asked,
    ofFrame: (classifier: WasmClassifier) => T,
    ofEmbedding: (classifier: WasmClassifier, embedding: Float32Array) => T,
  ): T | Promise<T> {
    if ('frame' in subject) return look(subject.frame, asked, ofFrame);
    answered();
    return ofEmbedding(use().classifier, subject.embedding);
  }

  const countOf = (label: string) => use().classifier.counts()[use().classifier.labels().indexOf(label)] ?? 0;

  const scores = (classifier: WasmClassifier, topk: number): ClassScore[] =>
    classifier.classify(topk).map(({ classIndex, probability }) => ({
      className: use().classNames?.[classIndex] ?? `class ${classIndex}`,
      probability,
      classIndex,
    }));

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

  function predictWith(classifier: WasmClassifier, options: WirePredictOptions): WirePrediction {
    return toWirePrediction(classifier.labels(), classifier.predict(options));
  }

  return {
    async open(request, asked) {
      running = { ...(await openClassifier(request, loadModule, asked)), writer: new FrameWriter(request.wasmUrl) };
      return info();
    },

    classify: ({ frame, topk }, asked) => look(frame, asked, (classifier) => scores(classifier, topk)),

    async embed({ frame }, asked) {
      const embedding = await look(frame, asked, (classifier) => classifier.embed());
      return new Moved(embedding, [embedding.buffer as ArrayBuffer]);
    },

    async addExample({ subject, label }, asked) {
      await withSubject(
        subject,
        asked,
        (classifier) => void classifier.addExample(label),
        (classifier, embedding) => void classifier.addEmbedding(embedding, label),
      );
      return countOf(label);
    },

    addExamples: ({ embeddings, labels }) =>
      use().classifier.addEmbeddings(embeddings, use().model.embeddingSize, labels),

    predict: ({ subject, options }, asked) =>
      withSubject(
        subject,
        asked,
        (classifier) => predictWith(classifier, options),
        (classifier, embedding) =>
          toWirePrediction(classifier.labels(), classifier.predictEmbedding(embedding, options)),
      ),

    predictMany({ embeddings, options }) {
      answered();
      const { classifier, model } = use();
      const labels = classifier.labels();
      return classifier
        .predictEmbeddings(embeddings, model.embeddingSize, options)
        .map((each) => toWirePrediction(labels, each));
    },

    async observe({ frame, label, options, topk, embedding: wantsEmbedding }, asked) {
      const observed = await look(frame, asked, (classifier) => {
        const exampleId = label === undefined ? undefined : classifier.addExample(label);
        return {
          prediction: hasVotes(classifier) ? predictWith(classifier, options) : null,
          classes: topk > 0 && use().model.classCount > 0 ? scores(classifier, topk) : [],
          exampleCount: label === undefined ? undefined : countOf(label),
          exampleId,
          embedding: wantsEmbedding ? classifier.embed() : undefined,
        };
      });
      return new Moved(
        { ...observed, timings: timings! },
        observed.embedding ? [observed.embedding.buffer as ArrayBuffer] : [],
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

    edit: (change) => edit(use().classifier, change),

    undo: () => use().classifier.undo(),

    exampleIds: ({ label }) => use().classifier.exampleIds(label),

    exampleEmbedding({ id }) {
      const embedding = use().classifier.exampleEmbedding(id);
      return new Moved(embedding, [embedding.buffer as ArrayBuffer]);
    },

    review: ({ options, mostExamples }) => reviewOf(use().classifier, options, mostExamples),

    async startSave({ thumbnails }) {
      const sha256 = await use().sha256();
      const { classifier, model } = use();
      classifier.startSave(model.id, sha256, JSON.stringify(model.preprocess), thumbnails);
      return ++saving;
    },

    nextSaved({ save }) {
      if (save !== saving) throw overtaken('save');
      const bytes = use().classifier.nextSaved();
      return new Moved(bytes, [bytes.buffer as ArrayBuffer]);
    },

    cancelSave({ save }) {
      if (save === saving) use().classifier.cancelSave();
    },

    async startLoad() {
      const sha256 = await use().sha256();
      const { classifier, model } = use();
      classifier.startLoad(model.id, sha256, model.embeddingSize);
      return ++loading;
    },

    loadPiece({ load, bytes }) {
      if (load !== loading) throw overtaken('load');
      use().classifier.datasetBuffer(bytes.byteLength).set(bytes);
      use().classifier.loadPiece();
    },

    finishLoad({ load }) {
      if (load !== loading) throw overtaken('load');
      return use().classifier.finishLoad();
    },

    cancelLoad({ load }) {
      if (load === loading) use().classifier.cancelLoad();
    },

    async exportJson() {
      const sha256 = await use().sha256();
      const { classifier, model } = use();
      return writeJsonDataset({ id: model.id, sha256 }, model.embeddingSize, writtenClasses(classifier));
    },

    async importJson({ json }) {
      const sha256 = await use().sha256();
      importInto(use(), sha256, json);
    },

    info,

    close() {
      running?.classifier.delete();
      const module = running?.module;
      running = undefined;
      end(module);
    },
  };
}

function overtaken(what: 'save' | 'load'): ClassifierError {
  return new ClassifierError(
    'bad-argument',
    `Another ${what} of a data set began before this one had ended. Await one before the next.`,
  );
}

/** Whether any example may vote. */
function hasVotes(classifier: WasmClassifier): boolean {
  return classifier.counts().some((count, index) => count > 0 && classifier.classEnabled(index));
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

function reviewOf(classifier: WasmClassifier, options: WirePredictOptions, mostExamples: number): Review {
  const { tested, correct, confusion, mostConfusable, duplicates, outliers, temperature, prior, sharpness } =
    classifier.review(options, mostExamples);
  const labels = classifier.labels();
  const nameOf = (classIndex: number) => labels[classIndex] ?? '';
  return {
    tested,
    accuracy: correct / tested,
    confusion: confusion.map(({ classIndex, takenFor, count }) => ({
      label: nameOf(classIndex),
      takenFor: nameOf(takenFor),
      count,
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
    temperature,
    prior,
    sharpness,
  };
}

/** One example after the other, as all of them at once would take several times the module's memory. */
function* writtenClasses(classifier: WasmClassifier): Generator<WrittenClass> {
  for (const [index, label] of classifier.labels().entries()) {
    yield { label, enabled: classifier.classEnabled(index), examples: examplesOf(classifier, label) };
  }
}

function* examplesOf(classifier: WasmClassifier, label: string): Generator<Float32Array> {
  for (const id of classifier.exampleIds(label)) yield classifier.exampleEmbedding(id);
}

/** As C++ names a data set's model: two files of one name are told apart by their sums. */
function nameModel(id: string | undefined, sha256: string | undefined): string {
  return [...(id === undefined ? [] : [`'${id}'`]), ...(sha256 ? [`(SHA-256 ${sha256.slice(0, 12)}...)`] : [])].join(
    ' ',
  );
}

/** Replaces the examples by those of `json`, at once when all of them are in. */
function importInto({ module, classifier, model }: Running, sha256: string, json: unknown): void {
  const read = readJsonDataset(json, model.embeddingSize);
  const same = read.sha256 && sha256 ? read.sha256 === sha256 : read.model === undefined || read.model === model.id;
  if (!same) {
    throw new ClassifierError(
      'bad-dataset',
      `The data set was made with the model ${nameModel(read.model, read.sha256)}; its examples can't be compared with those of ${nameModel(model.id, sha256)}.`,
    );
  }
  const fresh = new module.Classifier(1);
  try {
    fresh.useStorage(classifier.storage());
    for (const { label, enabled, rows, count } of read.classes) {
      fresh.addClass(label);
      fresh.addEmbeddings(rows, model.embeddingSize, new Array<string>(count).fill(label));
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

/** Starts a module and loads the model into it. */
export async function openClassifier(
  request: OpenRequest,
  loadModule: LoadModule,
  asked: Asked = {},
): Promise<Running> {
  const { model } = request;
  const began = performance.now();
  const starting = timed(startClassifier(request, loadModule, asked), began);
  const fetching =
    model.kind === 'none'
      ? undefined
      : timed(
          fetchModel(
            { model, labels: request.labels },
            { ...watch(asked, 'model'), wasmUrl: request.wasmUrl, early: request.earlyModel },
          ),
          began,
        );
  // Awaited below, beside the module; until then its failure must not count as unhandled.
  fetching?.catch(() => {});
  const { value: started, ms: moduleMs } = await starting;
  try {
    if (model.kind === 'none')
      return { ...started, ...withoutModel(model), loadTimings: { moduleMs, modelMs: 0, prepareMs: 0 } };
    const { value: fetched, ms: modelMs } = await fetching!;
    if (asked.signal?.aborted) throw aborted(asked.signal);
    asked.report?.({ phase: 'start', loaded: 0, total: undefined });
    const fetchedAt = performance.now();
    const { value: prepared, ms: prepareMs } = await timed(prepare(started.classifier, fetched, request), fetchedAt);
    return { ...started, ...prepared, loadTimings: { moduleMs, modelMs, prepareMs } };
  } catch (error) {
    started.classifier.delete();
    throw error;
  }
}

type Prepared = Pick<Running, 'model' | 'sha256' | 'modelBytes' | 'classNames'>;

async function prepare(classifier: WasmClassifier, fetched: FetchedModel, request: OpenRequest): Promise<Prepared> {
  // Of what the caller has: a data set made from it is told by this sum.
  const sha256 = sumOf(fetched.sha256 ?? fetched.tfjs?.weights ?? fetched.model);
  const modelBytes = fetched.model.byteLength + (fetched.tfjs?.weights.byteLength ?? 0);
  const format = await convertInPlace(fetched);
  const preprocess = { ...defaultPreprocess, ...fetched.preprocess, ...request.preprocess };
  const loaded = loadInto(classifier, fetched, preprocess, request.precision);
  const classNames = nameClasses(fetched.labels, loaded.classCount) ?? (await ownClassNames(fetched, loaded));
  return { model: { ...describe(fetched, loaded, preprocess), format }, sha256, modelBytes, classNames };
}

/** The SHA-256 of a file, which is let go when it is made; or one that is known. */
function sumOf(file: Uint8Array | string | Promise<string>): () => Promise<string> {
  return async () => {
    if (file instanceof Uint8Array) file = sha256Of(file);
    return file;
  };
}

/** Makes a TensorFlow.js model a .tflite file. Its own bytes are let go before the network takes its memory. */
async function convertInPlace(fetched: FetchedModel): Promise<ModelInfo['format']> {
  if (!fetched.tfjs) return 'tflite';
  const { weights, converter } = fetched.tfjs;
  const { tflite, format } = await (await converter)(fetched.model, weights);
  fetched.model = tflite;
  fetched.tfjs = undefined;
  return format;
}

function withoutModel({ id, embeddingSize }: NoModel): Prepared {
  const model: ModelInfo = {
    id,
    title: id,
    format: 'none',
    inputWidth: 0,
    inputHeight: 0,
    inputType: 'float32',
    precision: 'float32',
    preprocess: { ...defaultPreprocess, range: [0, 1] },
    rangeSource: 'assumed',
    embeddingSize,
    classCount: 0,
    showClasses: false,
    weightBytes: 0,
    multiplyAdds: 0,
    operators: {},
  };
  return { model, sha256: sumOf(''), modelBytes: 0, classNames: undefined };
}

/** A download's options that report as one phase. */
function watch({ report, signal }: Asked, phase: Progress['phase']) {
  return {
    onBytes: report && ((loaded: number, total: number | undefined) => report({ phase, loaded, total })),
    signal,
  };
}

async function timed<T>(work: Promise<T>, began: number): Promise<{ value: T; ms: number }> {
  return { value: await work, ms: performance.now() - began };
}

type Started = Pick<Running, 'module' | 'classifier' | 'choice' | 'wasmUrl'>;

/**
 * Has all of the chosen threads compute: until then, one does. Called when the first result is there, as to start them takes as long as to load all
 * else, and processors that people wait for. When they don't start, one goes on alone, and `choice` says why.
 */
async function useThreads(running: Pick<Running, 'module' | 'classifier' | 'choice' | 'wasmUrl'>): Promise<void> {
  const { module, classifier, choice, wasmUrl } = running;
  if (choice.threads === 1) return;
  try {
    await addThreads(module, glueUrl(choice.variant, wasmUrl), choice.threads - 1);
    classifier.useThreads(choice.threads);
  } catch (error) {
    running.choice = {
      ...choice,
      threads: 1,
      reason: `One thread alone: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** Starts the chosen variant or, when it fails and may be replaced, the next simpler one. */
export async function startClassifier(
  request: Omit<OpenRequest, 'model'>,
  loadModule: LoadModule,
  asked: Asked = {},
): Promise<Started> {
  const { wasmUrl } = request;
  let { choice, earlyCode: early } = request;
  const attempt = async (): Promise<Started> => {
    const module = await loadModule({ variant: choice.variant, wasmUrl, early, ...watch(asked, 'module') });
    return { module, classifier: new module.Classifier(1), choice, wasmUrl };
  };
  let failures = '';
  for (const simpler of request.fallsBack ? fallbacks(choice.variant) : []) {
    try {
      return await attempt();
    } catch (error) {
      if (asked.signal?.aborted) throw error;
      failures += `${choice.variant} failed: ${error instanceof Error ? error.message : String(error)} `;
      choice = { variant: simpler, threads: 1, reason: failures.trim() };
      early = undefined;
    }
  }
  return attempt();
}

function loadInto(
  classifier: WasmClassifier,
  { model }: FetchedModel,
  { crop, resize, mirror, range }: Preprocess,
  precision: Precision = 'auto',
): WasmModelInfo {
  classifier.modelBuffer(model.byteLength).set(model);
  return classifier.loadModel(
    { crop, resize, mirror, rangeLow: range?.[0] ?? NaN, rangeHigh: range?.[1] ?? NaN },
    precision,
  );
}

/** What the file itself calls its classes. Names that don't fit are none: the caller didn't ask for them. */
async function ownClassNames(
  { model }: FetchedModel,
  { labelsFile, classCount }: WasmModelInfo,
): Promise<readonly string[] | undefined> {
  const text = await readAssociatedFile(model, labelsFile);
  const labels = text === undefined ? undefined : labelsOfLines(text);
  return labels && fitsClasses(labels, classCount) ? nameClasses(labels, classCount) : undefined;
}

function describe(
  { id, title, showClasses }: FetchedModel,
  loaded: WasmModelInfo,
  preprocess: Preprocess,
): Omit<ModelInfo, 'format'> {
  return {
    id,
    title: title === id && loaded.name ? loaded.name : title,
    precision: loaded.precision as ModelInfo['precision'],
    inputWidth: loaded.inputWidth,
    inputHeight: loaded.inputHeight,
    inputType: loaded.inputType as ModelInfo['inputType'],
    preprocess: { ...preprocess, range: [loaded.rangeLow, loaded.rangeHigh] },
    rangeSource: loaded.rangeSource as ModelInfo['rangeSource'],
    embeddingSize: loaded.embeddingSize,
    classCount: loaded.classCount,
    showClasses: showClasses && loaded.classCount > 0,
    weightBytes: loaded.weightBytes,
    multiplyAdds: loaded.multiplyAdds,
    operators: loaded.operators,
  };
}
