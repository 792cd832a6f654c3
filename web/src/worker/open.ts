// Opening: starts a variant of the module and loads a model into it.

import { aborted } from '../shared/abort.js';
import { isBytes } from '../shared/brand.js';
import { sha256Of } from '../shared/download.js';
import { ClassifierError, messageOf } from '../shared/errors.js';
import { glueUrl } from '../shared/module-files.js';
import type { Choice, LoadTimings, ModelInfo, NoModel, OpenRequest, Preprocess, Progress } from '../shared/protocol.js';
import type { Context } from '../shared/rpc.js';
import { show } from '../shared/show.js';
import { fallbacks } from '../shared/variant.js';
import { readAssociatedFile } from './associated-file.js';
import { fitsClasses, labelsOfLines, nameClasses } from './class-names.js';
import { type FetchedModel, fetchModel, type Sibling } from './fetch-model.js';
import type { LoadModuleOptions } from './load.js';
import { ThreadChoice } from './thread-choice.js';
import { addThreads } from './threads.js';
import type { WasmClassifier, WasmModelInfo, WasmModule } from './wasm-module.js';

/** Function that fetches and starts a variant of the module. */
export type LoadModule = (options: LoadModuleOptions) => Promise<WasmModule>;

/** Progress report and abort signal of the request, as far as they exist. */
export type RequestContext = Partial<Context<Progress>>;

/** A module that was started, with a classifier that has no model yet. */
interface StartedClassifier {
  module: WasmModule;
  classifier: WasmClassifier;
  choice: Choice;
  /** Folder of the modules, as requested. */
  wasmUrl: string | undefined;
  /** True when the number of threads is ours to choose. */
  choosesThreads: boolean;
  /** Chooses the number of threads for each frame; undefined until they have started, and where the number is fixed. */
  threadChoice?: ThreadChoice | undefined;
}

/** A classifier that is ready for use. */
export interface OpenClassifier extends StartedClassifier {
  /** Null when embeddings come from elsewhere. */
  model: ModelInfo | null;
  /** Identifier that data sets store: the model's id with the layers, or the name of the source of the embeddings. */
  id: string;
  embeddingSize: number;
  /** Returns the SHA-256 of the model file; '' without a file or where the browser offers no digests. Only data sets need it. */
  sha256: () => Promise<string>;
  /** Total bytes of the model's files. */
  modelBytes: number;
  /** [classCount] names; undefined when they are unknown. */
  classNames: readonly string[] | undefined;
  loadTimings: LoadTimings;
}

type LoadedModel = Omit<OpenClassifier, keyof StartedClassifier | 'loadTimings'>;

const defaultPreprocess = {
  crop: 'center',
  resize: 'area',
  mirror: false,
  background: [255, 255, 255],
} as const satisfies Preprocess;

/** Starts a module and loads the model into it. */
export async function openClassifier(
  request: OpenRequest,
  loadModule: LoadModule,
  context: RequestContext = {},
): Promise<OpenClassifier> {
  const { model } = request;
  const began = performance.now();
  const starting = timed(startClassifier(request, loadModule, context), began);
  const fetching =
    model.kind === 'none'
      ? undefined
      : timed(
          fetchModel(
            { model, labels: request.labels, rangeFrom: request.rangeFrom },
            {
              ...downloadOptions(context, 'model'),
              wasmUrl: request.wasmUrl,
              early: request.earlyModel,
              // Embeddings of the last layer alone are not centred.
              needsSpace: request.layers !== 'last',
            },
          ),
          began,
        );
  // It is awaited below. Until then a failure must not count as unhandled.
  fetching?.catch(() => {});
  const { value: started, ms: moduleMs } = await starting;
  try {
    if (model.kind === 'none')
      return { ...started, ...withoutModel(model), loadTimings: { moduleMs, modelMs: 0, prepareMs: 0 } };
    const { value: fetched, ms: modelMs } = await fetching!;
    if (context.signal?.aborted) throw aborted(context.signal);
    context.report?.({ phase: 'start', loaded: 0, total: undefined });
    const fetchedAt = performance.now();
    const { value: loaded, ms: prepareMs } = await timed(loadModel(started, fetched, request), fetchedAt);
    return { ...started, ...loaded, loadTimings: { moduleMs, modelMs, prepareMs } };
  } catch (error) {
    started.classifier.delete();
    throw error;
  }
}

/** Starts the chosen variant or, when it fails and may be replaced, the next simpler one. */
export async function startClassifier(
  request: Omit<OpenRequest, 'model'>,
  loadModule: LoadModule,
  context: RequestContext = {},
): Promise<StartedClassifier> {
  const { wasmUrl } = request;
  let { choice, earlyCode: early } = request;
  const attempt = async (): Promise<StartedClassifier> => {
    const module = await loadModule({ variant: choice.variant, wasmUrl, early, ...downloadOptions(context, 'module') });
    return { module, classifier: new module.Classifier(1), choice, wasmUrl, choosesThreads: !!request.choosesThreads };
  };
  let failures = '';
  for (const simpler of request.fallsBack ? fallbacks(choice.variant) : []) {
    try {
      return await attempt();
    } catch (error) {
      if (context.signal?.aborted) throw error;
      failures += `${choice.variant} failed: ${messageOf(error)} `;
      choice = { variant: simpler, threads: 1, reason: failures.trim() };
      early = undefined;
    }
  }
  return attempt();
}

/**
 * Starts the other threads of the chosen variant. It is called after the first result, because starting them takes as long as loading
 * everything else. When they fail to start, the classifier continues with one thread, and `choice` says why.
 */
export async function useThreads(open: StartedClassifier): Promise<void> {
  const { module, classifier, choice, wasmUrl } = open;
  if (choice.threads === 1) return;
  try {
    await addThreads(module, glueUrl(choice.variant, wasmUrl), choice.threads - 1);
    classifier.useThreads(choice.threads);
    if (open.choosesThreads) open.threadChoice = new ThreadChoice(choice.threads);
  } catch (error) {
    open.choice = { ...choice, threads: 1, reason: `One thread alone: ${messageOf(error)}` };
  }
}

/** Notes how long the network ran for a frame, and sets the number of threads for the next one. */
export function chooseThreads({ classifier, threadChoice }: StartedClassifier, networkMs: number): void {
  if (!threadChoice) return;
  const before = threadChoice.count;
  threadChoice.note(networkMs);
  if (threadChoice.count !== before) classifier.limitThreads(threadChoice.count);
}

/** Returns what runs, with the number of threads that computes now. */
export function currentChoice({ choice, threadChoice }: StartedClassifier): Choice {
  const threads = threadChoice?.preferred ?? choice.threads;
  if (threads === choice.threads) return choice;
  return { ...choice, threads, reason: `${choice.reason} With ${threads} of them, frames are no slower now.` };
}

/** Download options that report progress as one phase. */
function downloadOptions({ report, signal }: RequestContext, phase: Progress['phase']) {
  return {
    onBytes: report && ((loaded: number, total: number | undefined) => report({ phase, loaded, total })),
    signal,
  };
}

async function timed<T>(work: Promise<T>, began: number): Promise<{ value: T; ms: number }> {
  return { value: await work, ms: performance.now() - began };
}

function withoutModel({ id, embeddingSize }: NoModel): LoadedModel {
  return { model: null, id, embeddingSize, sha256: async () => '', modelBytes: 0, classNames: undefined };
}

async function loadModel(
  { module, classifier }: StartedClassifier,
  fetched: FetchedModel,
  request: OpenRequest,
): Promise<LoadedModel> {
  // The sum of the file that the caller has, before any conversion: it identifies the model of a data set.
  const sha256 = lazySum(fetched.sha256 ?? fetched.tfjs?.weights ?? fetched.model);
  const modelBytes = fetched.model.byteLength + (fetched.tfjs?.weights.byteLength ?? 0);
  const converted = await convertInPlace(fetched, request.output);
  const preprocess = { ...defaultPreprocess, ...fetched.preprocess, ...request.preprocess };
  // A mean and a deviation take the place of the entry's range.
  if (request.preprocess?.mean) delete preprocess.range;
  // The converted file has one output.
  const wanted = converted.outputs ? { ...request, output: undefined } : request;
  let loaded = readModel(classifier, fetched, preprocess, wanted);
  const sibling = loaded.rangeSource === 'assumed' ? await rangeOfSibling(module, fetched, loaded, request) : undefined;
  if (sibling) {
    preprocess.range = sibling.range;
    loaded = readModel(classifier, fetched, preprocess, wanted);
  }
  if (fetched.space) classifier.useSpace(fetched.space);
  const isCentred = loaded.layers === 'two' && fetched.space !== undefined;
  const classNames = nameClasses(fetched.labels, loaded.classCount) ?? (await ownClassNames(fetched, loaded));
  const model = {
    ...toModelInfo(fetched, loaded, preprocess),
    ...converted,
    ...(sibling && { rangeSource: 'sibling' as const, rangeFile: sibling.name }),
  };
  return {
    model,
    id: datasetId(model, isCentred, request),
    embeddingSize: model.embeddingSize,
    sha256: isCentred ? () => sumWith(sha256, fetched.space!) : sha256,
    modelBytes,
    classNames,
  };
}

/** Sum of a model and of its space: embeddings that were centred otherwise must not be compared. */
async function sumWith(sha256: () => Promise<string>, space: Uint8Array): Promise<string> {
  return sha256Of(new TextEncoder().encode(`${await sha256()} ${await sha256Of(space)}`));
}

/** The network's own embedding needs no mark, so that data sets of earlier versions of this package stay valid. */
function datasetId(
  { id, layers, outputs }: ModelInfo,
  isCentred: boolean,
  { embedding, output }: Pick<OpenRequest, 'embedding' | 'output'>,
): string {
  if (output !== undefined && outputs.length > 1) id += ` + output ${String(output)}`;
  if (embedding !== undefined) id += ` + embedding ${String(embedding)}`;
  return layers === 'two' ? `${id} + middle layer${isCentred ? ', centred' : ''}` : id;
}

/** Returns a function that computes the SHA-256 of a file once and then releases the file; or that returns a known sum. */
function lazySum(file: Uint8Array | string | Promise<string>): () => Promise<string> {
  return async () => {
    if (isBytes(file)) file = sha256Of(file);
    return file;
  };
}

/** Converts a TensorFlow.js model to a .tflite file. Its own bytes are released before the network takes its memory. */
async function convertInPlace(
  fetched: FetchedModel,
  output: OpenRequest['output'],
): Promise<Pick<ModelInfo, 'format'> & Partial<Pick<ModelInfo, 'outputs' | 'outputIndex'>>> {
  if (!fetched.tfjs) return { format: 'tflite' };
  const { weights, converter } = fetched.tfjs;
  const { tflite, ...rest } = await (await converter)(fetched.model, weights, output);
  fetched.model = tflite;
  fetched.tfjs = undefined;
  return rest;
}

/** Ranges that people train with. A measured quantization differs from them by its rounding. */
const usualRanges = [
  [-1, 1],
  [0, 1],
  [0, 255],
] as const;

/**
 * Returns the input range of a quantized file of the same network; undefined when there is none.
 * @throws 'bad-argument' when a file that the caller gave isn't one
 */
async function rangeOfSibling(
  module: WasmModule,
  { siblings = async () => [] }: FetchedModel,
  { inputWidth, inputHeight, inputChannels, classCount }: WasmModelInfo,
  { output }: OpenRequest,
): Promise<{ name: string; range: readonly [number, number] } | undefined> {
  const isSame = (other: WasmModelInfo) =>
    other.inputWidth === inputWidth &&
    other.inputHeight === inputHeight &&
    other.inputChannels === inputChannels &&
    (output !== undefined || other.classCount === classCount);
  for (const { name, model, isGiven } of await siblings()) {
    const range = quantizedRange(module, model, isSame);
    if (range) return { name, range };
    if (isGiven)
      throw new ClassifierError(
        'bad-argument',
        `rangeFrom: ${name} is no .tflite file in int8 or uint8 of the same network with a usual range. Leave the option out, or pass preprocess.range.`,
      );
  }
  return undefined;
}

/** Returns the range of a file; undefined for one that can't run, is of floats, or is of another network. */
function quantizedRange(
  { Classifier }: WasmModule,
  model: Sibling['model'],
  isSame: (other: WasmModelInfo) => boolean,
): readonly [number, number] | undefined {
  const classifier = new Classifier(1);
  try {
    const request = { precision: 'exact', layers: 'last' } as const;
    const info = readModel(classifier, { model, space: undefined }, defaultPreprocess, request);
    if (info.inputType === 'float32' || info.rangeSource !== 'file' || !isSame(info)) return undefined;
    const { rangeLow: low, rangeHigh: high } = info;
    const isNear = (a: number, b: number) => Math.abs(a - b) <= 0.01 * (high - low);
    return usualRanges.find((usual) => isNear(usual[0], low) && isNear(usual[1], high)) ?? [low, high];
  } catch {
    return undefined;
  } finally {
    classifier.delete();
  }
}

function readModel(
  classifier: WasmClassifier,
  { model, space }: Pick<FetchedModel, 'model' | 'space'>,
  preprocess: Preprocess,
  { precision = 'auto', layers = 'auto', embedding, output }: Omit<OpenRequest, 'model' | 'choice' | 'fallsBack'>,
): WasmModelInfo {
  checkKinds(preprocess, precision);
  const { crop, resize, mirror, range, background, width, height } = preprocess;
  classifier.modelBuffer(model.byteLength).set(model);
  return classifier.loadModel(
    {
      crop,
      resize,
      mirror,
      rangeLow: range?.[0] ?? NaN,
      rangeHigh: range?.[1] ?? NaN,
      background: packed(background),
      channelRanges: toChannelRanges(preprocess),
      embedding: embedding === undefined ? undefined : String(embedding),
      output: output === undefined ? undefined : String(output),
      width,
      height,
    },
    precision,
    layers === 'auto' && !space ? 'last' : layers,
  );
}

/** Returns the values of each channel at 0 and at 255; undefined without a mean and a deviation. Throws 'bad-argument'. */
function toChannelRanges({ mean, std }: Preprocess): number[] | undefined {
  if (mean === undefined && std === undefined) return undefined;
  const isTriple = (list: unknown) =>
    Array.isArray(list) && list.length === 3 && list.every((each) => Number.isFinite(each));
  if (!isTriple(mean) || !isTriple(std) || std!.some((each) => each <= 0))
    throw new ClassifierError(
      'bad-argument',
      `preprocess.mean and preprocess.std must be three numbers each, for R, G and B, and std above 0; got ${show(mean)} and ${show(std)}.`,
    );
  return [0, 1].flatMap((pixel) => mean!.map((each, channel) => (pixel - each) / std![channel]!));
}

/** Checks what the module can't: it takes texts and numbers only. Throws 'bad-argument'. */
function checkKinds({ crop, resize, mirror, range, background, width, height }: Preprocess, precision: unknown): void {
  const wrong = [
    [typeof crop === 'string', 'preprocess.crop', crop],
    [typeof resize === 'string', 'preprocess.resize', resize],
    [typeof mirror === 'boolean', 'preprocess.mirror', mirror],
    [
      range === undefined ||
        (Array.isArray(range) && range.length === 2 && range.every((each) => typeof each === 'number')),
      'preprocess.range',
      range,
    ],
    [isSide(width), 'preprocess.width', width],
    [isSide(height), 'preprocess.height', height],
    [background === 'none' || isColour(background), 'preprocess.background', background],
    [typeof precision === 'string', 'precision', precision],
  ].find(([isRight]) => !isRight);
  if (wrong)
    throw new ClassifierError('bad-argument', `${String(wrong[1])} is of the wrong kind; got ${show(wrong[2])}.`);
}

function isSide(value: unknown): boolean {
  return value === undefined || (Number.isInteger(value) && Number(value) > 0 && Number(value) <= 16384);
}

function isColour(value: unknown): boolean {
  const isByte = (each: unknown) => Number.isInteger(each) && Number(each) >= 0 && Number(each) <= 255;
  return Array.isArray(value) && value.length === 3 && value.every(isByte);
}

/** Returns a colour as 0xRRGGBB; -1 for none. */
function packed(colour: Preprocess['background']): number {
  return colour === 'none' ? -1 : colour.reduce((sum, each) => sum * 256 + each, 0);
}

/** Returns the class names inside the model file. Names that don't fit are ignored, because the caller didn't ask for them. */
async function ownClassNames(
  { model }: FetchedModel,
  { labelsFile, classCount }: WasmModelInfo,
): Promise<readonly string[] | undefined> {
  const text = await readAssociatedFile(model, labelsFile);
  const labels = text === undefined ? undefined : labelsOfLines(text);
  return labels && fitsClasses(labels, classCount) ? nameClasses(labels, classCount) : undefined;
}

function toModelInfo(
  { id, title, showClasses }: FetchedModel,
  { rangeLow, rangeHigh, name, labelsFile: _, ...loaded }: WasmModelInfo,
  preprocess: Preprocess,
): Omit<ModelInfo, 'format'> {
  return {
    ...(loaded as Omit<ModelInfo, 'id' | 'title' | 'format' | 'preprocess' | 'showClasses'>),
    id,
    title: title === id && name ? name : title,
    preprocess: { ...preprocess, range: [rangeLow, rangeHigh] },
    showClasses: showClasses && loaded.classCount > 0,
  };
}
