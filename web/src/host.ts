// The worker's side of the protocol: owns the module and its one Classifier.

import { ClassifierError } from './errors.js';
import { fetchModel, type FetchedModel } from './fetch-model.js';
import type { LoadModuleOptions } from './load.js';
import { FrameWriter } from './pixels.js';
import type { ClassifierMethods, ClassScore, Frame, Info, ModelInfo, OpenRequest, Precision, Preprocess, Progress, Subject, Timings, WirePrediction } from './protocol.js';
import { Moved, type Handlers } from './rpc.js';
import { chooseVariant, detectFeatures, fallbacks, type Choice } from './variant.js';
import type { WasmClassifier, WasmModelInfo, WasmModule } from './wasm-module.js';

export type LoadModule = (options: LoadModuleOptions) => Promise<WasmModule>;

/** A classifier that is open. */
interface Running {
  module: WasmModule;
  classifier: WasmClassifier;
  choice: Choice;
  model: ModelInfo;
  classNames: ClassNames;
}

type ClassNames = (classIndex: number) => string;
type Report = (progress: Progress) => void;

const defaultPreprocess = { crop: 'center', resize: 'half-pixel', mirror: false } as const satisfies Preprocess;

/** The methods of one worker. What loads the module and what ends the worker are parameters, for tests to replace. */
export function makeHost(loadModule: LoadModule, endWorker: () => void): Handlers<ClassifierMethods, Progress> {
  const writer = new FrameWriter();
  let running: Running | undefined;
  let timings: Timings | null = null;

  function use(): Running {
    if (!running) throw new ClassifierError('internal', 'A request came before the model was loaded.');
    return running;
  }

  function info(): Info {
    const { module, choice, model } = use();
    return { ...choice, isolated: globalThis.crossOriginIsolated === true, model, heapBytes: module.heapBytes(), timings };
  }

  /** Makes the frame current, runs the network, then answers; notes how long each took. */
  async function look<T>(frame: Frame, answer: (classifier: WasmClassifier) => T): Promise<T> {
    const { classifier } = use();
    const started = performance.now();
    await writer.write(frame, classifier);
    const written = performance.now();
    // The classifier keeps the result for this frame: what `answer` asks for doesn't run the network again.
    classifier.embed();
    const seen = performance.now();
    const result = answer(classifier);
    timings = { pixelsMs: written - started, networkMs: seen - written, answerMs: performance.now() - seen };
    return result;
  }

  function withSubject<T>(subject: Subject, ofFrame: (classifier: WasmClassifier) => T, ofEmbedding: (classifier: WasmClassifier, embedding: Float32Array) => T): T | Promise<T> {
    return 'frame' in subject ? look(subject.frame, ofFrame) : ofEmbedding(use().classifier, subject.embedding);
  }

  const countOf = (label: string) => use().classifier.counts()[use().classifier.labels().indexOf(label)] ?? 0;

  const scores = (classifier: WasmClassifier, topk: number): ClassScore[] =>
    classifier.classify(topk).map(({ classIndex, probability }) => ({ className: use().classNames(classIndex), probability, classIndex }));

  function withPairs(classifier: WasmClassifier, { label, classIndex, confidences }: { label: string; classIndex: number; confidences: number[] }): WirePrediction {
    return { label, classIndex, confidences: classifier.labels().map((each, index) => [each, confidences[index] ?? 0]) };
  }

  return {
    async open(request, report) {
      running = await open(request, loadModule, report);
      return info();
    },

    classify: ({ frame, topk }) => look(frame, (classifier) => scores(classifier, topk)),

    async embed({ frame }) {
      const embedding = await look(frame, (classifier) => classifier.embed());
      return new Moved(embedding, [embedding.buffer as ArrayBuffer]);
    },

    async addExample({ subject, label }) {
      await withSubject(
        subject,
        (classifier) => classifier.addExample(label),
        (classifier, embedding) => classifier.addEmbedding(embedding, label),
      );
      return countOf(label);
    },

    predict: ({ subject, k }) =>
      withSubject(
        subject,
        (classifier) => withPairs(classifier, classifier.predict(k)),
        (classifier, embedding) => withPairs(classifier, classifier.predictEmbedding(embedding, k)),
      ),

    async observe({ frame, label, k, topk, embedding: wantsEmbedding }) {
      const observed = await look(frame, (classifier) => {
        if (label !== undefined) classifier.addExample(label);
        return {
          prediction: classifier.labels().length > 0 ? withPairs(classifier, classifier.predict(k)) : null,
          classes: topk > 0 && use().model.classCount > 0 ? scores(classifier, topk) : [],
          exampleCount: label === undefined ? undefined : countOf(label),
          embedding: wantsEmbedding ? classifier.embed() : undefined,
        };
      });
      return new Moved({ ...observed, timings: timings! }, observed.embedding ? [observed.embedding.buffer as ArrayBuffer] : []);
    },

    clear({ label }) {
      if (label === undefined) use().classifier.clearAll();
      else use().classifier.clear(label);
    },

    counts() {
      const counts = use().classifier.counts();
      return use().classifier.labels().map((label, index) => [label, counts[index] ?? 0]);
    },

    info,

    close() {
      running?.classifier.delete();
      running = undefined;
      endWorker();
    },
  };
}

async function open(request: OpenRequest, loadModule: LoadModule, report: Report): Promise<Running> {
  const fetching = fetchModel(request, (loaded, total) => report({ phase: 'model', loaded, total }));
  // Awaited below, beside the module; until then its failure must not count as unhandled.
  fetching.catch(() => {});
  const { module, classifier, choice } = await start(request, loadModule, report);
  try {
    const fetched = await fetching;
    report({ phase: 'start', loaded: 0, total: undefined });
    const preprocess = { ...defaultPreprocess, ...fetched.preprocess, ...request.preprocess };
    const loaded = loadInto(classifier, fetched, preprocess, request.precision);
    const model = describe(fetched, loaded, preprocess);
    const classNames = nameClasses(fetched.labels, loaded.classCount);
    // The first run compiles and touches everything, and shows that the model runs at all.
    classifier.frameBuffer(1, 1).set([0, 0, 0, 255]);
    classifier.embed();
    return { module, classifier, choice, model, classNames };
  } catch (error) {
    classifier.delete();
    throw error;
  }
}

interface Started {
  module: WasmModule;
  classifier: WasmClassifier;
  choice: Choice;
}

/** Starts the chosen variant or, when it wasn't asked for by name and fails, the next simpler one. */
async function start({ variant, threads, wasmUrl }: OpenRequest, loadModule: LoadModule, report: Report): Promise<Started> {
  let choice = chooseVariant(detectFeatures(), { variant, threads });
  const attempt = async (): Promise<Started> => {
    const onBytes = (loaded: number, total: number | undefined) => report({ phase: 'module', loaded, total });
    const module = await loadModule({ variant: choice.variant, threads: choice.threads, wasmUrl, onBytes });
    return { module, classifier: new module.Classifier(choice.threads), choice };
  };
  let failures = '';
  for (const simpler of variant ? [] : fallbacks(choice.variant)) {
    try {
      return await attempt();
    } catch (error) {
      failures += `${choice.variant} failed: ${error instanceof Error ? error.message : String(error)} `;
      choice = { variant: simpler, threads: 1, reason: failures.trim() };
    }
  }
  return attempt();
}

function loadInto(
  classifier: WasmClassifier,
  { model, weights }: FetchedModel,
  { crop, resize, mirror, range }: Preprocess,
  precision: Precision = 'auto',
): WasmModelInfo {
  classifier.modelBuffer(model.byteLength).set(model);
  if (weights) classifier.weightsBuffer(weights.byteLength).set(weights);
  return classifier.loadModel({ crop, resize, mirror, rangeLow: range?.[0] ?? NaN, rangeHigh: range?.[1] ?? NaN }, precision);
}

function describe({ id, title, showClasses }: FetchedModel, loaded: WasmModelInfo, preprocess: Preprocess): ModelInfo {
  return {
    id,
    title,
    format: loaded.format as ModelInfo['format'],
    inputWidth: loaded.inputWidth,
    inputHeight: loaded.inputHeight,
    inputType: loaded.inputType as ModelInfo['inputType'],
    preprocess: { ...preprocess, range: [loaded.rangeLow, loaded.rangeHigh] },
    embeddingSize: loaded.embeddingSize,
    classCount: loaded.classCount,
    showClasses: showClasses && loaded.classCount > 0,
  };
}

/** ImageNet comes with and without a background class in front, in networks and in label files alike. */
function nameClasses(labels: readonly string[] | undefined, classCount: number): ClassNames {
  if (!labels || classCount === 0) return (classIndex) => `class ${classIndex}`;
  const shift = labels.length - classCount;
  if (Math.abs(shift) > 1) {
    throw new ClassifierError('bad-argument', `The labels name ${labels.length} classes, but the model has ${classCount}.`);
  }
  return (classIndex) => labels[classIndex + shift] ?? 'background';
}
