// Tests the declared types by compiling this file, which never runs. Each line under @ts-expect-error must fail to compile, for
// the reason in its comment.
import {
  type CallSettings,
  type Choice,
  type Classifier,
  ClassifierError,
  type ClassScore,
  chooseVariant,
  detectFeatures,
  type ErrorCode,
  type ExampleMap,
  errorCodes,
  type Info,
  type KnnInfo,
  type LoadOptions,
  load,
  type ModelEntry,
  type Observation,
  type Prediction,
  type Progress,
  type Review,
  type Thumbnail,
  type Variant,
  wasmSha256,
} from 'teachable-wasm';
import { type KnnClassifier, loadKnn } from 'teachable-wasm/knn';
import { loadImageNetLabels } from 'teachable-wasm/labels';
import { serveClassifiers } from 'teachable-wasm/worker';

declare const video: HTMLVideoElement;
declare const image: HTMLImageElement;
declare const canvas: HTMLCanvasElement;
declare const offscreen: OffscreenCanvas;
declare const pixels: ImageData;
declare const bitmap: ImageBitmap;
declare const frame: VideoFrame;
declare const file: File;
declare const bytes: Uint8Array;
declare const embedding: Float32Array;
declare const worker: Worker;
declare const signal: AbortSignal;
declare const entry: ModelEntry;

/** Fails to compile unless the type of `value` is exactly T. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
function exactly<T>(): <V>(value: V, ...same: Same<V, T> extends true ? [] : [never]) => void {
  return () => {};
}

export async function loading(): Promise<void> {
  exactly<Promise<Classifier>>()(load());
  await load({});
  await load({
    version: 2,
    alpha: 1,
    precision: 'exact',
    layers: 'two',
    variant: 'relaxed-threads',
    threads: 2,
    worker: false,
    signal,
  });
  await load({
    model: '/model.tflite',
    labels: ['a', 'b'],
    preprocess: { crop: 'squash', range: [0, 1] },
    wasmUrl: '/wasm/',
    workerUrl: new URL('https://example.org/worker.js'),
  });
  await load({ model: new URL('https://example.org/model.json'), labels: '/labels.txt', worker });
  await load({ model: { url: '/model.json' }, worker: true });
  await load({ model: { bytes, weights: new ArrayBuffer(8) } });
  await load({ model: { ...entry, baseUrl: '/models/' } });
  await load({ onProgress: (progress) => exactly<Progress>()(progress) });
  // An option may be undefined.
  const options: LoadOptions = { model: undefined, variant: undefined, signal: undefined };
  await load(options);

  // @ts-expect-error this version does not exist
  await load({ version: 3 });
  // @ts-expect-error this alpha does not exist
  await load({ alpha: 0.3 });
  // @ts-expect-error this variant does not exist
  await load({ variant: 'avx' });
  // @ts-expect-error there are at most two layers
  await load({ layers: 'three' });
  // @ts-expect-error this precision does not exist
  await load({ precision: 'f16' });
  // @ts-expect-error a model isn't a number
  await load({ model: 5 });
  // @ts-expect-error a range has two ends
  await load({ preprocess: { range: [0] } });
  // @ts-expect-error this option does not exist
  await load({ modelUrl: '/model.tflite' });
}

export async function looking(classifier: Classifier): Promise<void> {
  for (const picture of [
    image,
    video,
    canvas,
    offscreen,
    pixels,
    bitmap,
    frame,
    file,
    file.slice(),
    bytes,
    bytes.buffer as ArrayBuffer,
    new URL('https://example.org/a.jpg'),
    'a.jpg',
    { data: bytes, width: 1, height: 1 },
  ]) {
    exactly<ClassScore[]>()(await classifier.classify(picture));
    exactly<Float32Array<ArrayBufferLike>>()(await classifier.embed(picture, { signal }));
    exactly<number>()(await classifier.addExample(picture, 'mug', { signal }));
    exactly<number>()(await classifier.addExample(picture, 'mug', { alsoMirrored: true, signal }));
    exactly<Prediction>()(
      await classifier.predict(picture, {
        k: 5,
        weighting: 'similarity',
        temperature: 0.1,
        balanced: true,
        unknownThreshold: 0.5,
        signal,
      }),
    );
    exactly<Observation>()(await classifier.observe(picture, { label: 1, k: 3, topk: 0, embedding: true, signal }));
  }
  exactly<ClassScore[][]>()(await classifier.classifyMany([image, video], 5, { signal }));
  exactly<Float32Array<ArrayBufferLike>>()(await classifier.embedMany(new Set([image])));
  exactly<readonly string[]>()(await classifier.classNames());
  const { label, confidences, neighbours, unknown } = await classifier.predict(embedding);
  exactly<string>()(label);
  exactly<Record<string, number>>()(confidences);
  exactly<boolean>()(unknown);
  exactly<number | undefined>()(neighbours[0]?.similarity);

  // @ts-expect-error this kind of element is not a picture
  await classifier.classify(document.body);
  // @ts-expect-error null is not a picture
  await classifier.embed(null);
  // @ts-expect-error pixels need a height
  await classifier.embed({ data: bytes, width: 1 });
  // @ts-expect-error a label is a string or a number
  await classifier.addExample(image, true);
  // @ts-expect-error k is a number
  await classifier.predict(image, { k: '3' });
  // @ts-expect-error this option does not exist
  await classifier.predict(image, { neighbors: 3 });
}

export async function teaching(classifier: Classifier | KnnClassifier): Promise<void> {
  exactly<number>()(await classifier.addExample(embedding, 1));
  exactly<number[]>()(await classifier.addExamples(embedding, ['a', 2], { signal }));
  exactly<Prediction[]>()(await classifier.predictMany(embedding, { k: 1 }));
  await classifier.removeExample(0);
  await classifier.moveExample(0, 'b');
  exactly<boolean>()(await classifier.undo());
  await classifier.addClass('c');
  await classifier.renameClass('c', 'd');
  await classifier.mergeClasses('c', 'd');
  await classifier.enableClass('d', false);
  await classifier.useStorage('i8');
  exactly<number[]>()(await classifier.exampleIds('d'));
  exactly<Float32Array<ArrayBufferLike>>()(await classifier.exampleEmbedding(0));
  exactly<Review>()(await classifier.review({ maxExamples: 100, k: 5, signal }));
  exactly<ExampleMap>()(await classifier.map({ signal }));
  exactly<[number, number] | null>()(await classifier.mapPoint(embedding, { signal }));
  exactly<Record<string, number>>()(await classifier.counts());
  await classifier.clear();
  exactly<number>()(classifier.embeddingSize);

  const thumbnails: Thumbnail[] = [{ id: 0, bytes }];
  exactly<Blob>()(await classifier.saveDataset({ thumbnails, signal }));
  const stream: ReadableStream<Uint8Array> = classifier.saveDatasetStream();
  for (const source of [file, bytes, bytes.buffer as ArrayBuffer, stream])
    exactly<Thumbnail[]>()(await classifier.loadDataset(source, { signal }));
  exactly<string>()(await classifier.exportJson({ signal }));
  await classifier.importJson({}, { signal });

  exactly<Info>()(await (classifier as Classifier).info());
  exactly<KnnInfo>()(await (classifier as KnnClassifier).info());
  const { variant, reason, threads, worker: inWorker, model, modelBytes, loadTimings } = await classifier.info();
  exactly<Variant>()(variant);
  exactly<boolean>()(inWorker);
  console.log(reason, threads, model?.embeddingSize, modelBytes, loadTimings.prepareMs);
  classifier.dispose();

  // @ts-expect-error this storage does not exist
  await classifier.useStorage('f16');
  // @ts-expect-error a data set can't be given by its file name
  await classifier.loadDataset('file.bin');
}

export async function withoutNetwork(): Promise<void> {
  using knn = await loadKnn({ embeddingSize: 384, id: 'sentences', worker: false, signal });
  await using same = knn;
  await same.addExample(embedding, 'a');
  // @ts-expect-error a classifier without a network takes no pictures
  await knn.addExample(image, 'a');
  // @ts-expect-error a classifier without a network can't classify
  await knn.classify(image);
  // @ts-expect-error embeddingSize is required
  await loadKnn({});
}

export async function therest(): Promise<void> {
  exactly<string[]>()(await loadImageNetLabels({ signal }));
  exactly<void>()(serveClassifiers());
  exactly<Choice>()(chooseVariant(detectFeatures(), { threads: 2 }));
  exactly<Choice>()(chooseVariant(detectFeatures(), { variant: 'simd', worker }));
  exactly<string>()(wasmSha256['simd-threads']);
  exactly<string>()(wasmSha256.image);
  const settings: CallSettings = { signal };
  console.log(settings);
  try {
    await load();
  } catch (error) {
    if (!(error instanceof ClassifierError)) throw error;
    exactly<ErrorCode>()(error.code);
    if (error.code === 'bad-model') return;
    // @ts-expect-error this error code does not exist
    if (error.code === 'bad-luck') return;
  }
  exactly<ErrorCode | undefined>()(errorCodes[0] as ErrorCode | undefined);
  // @ts-expect-error a file that the package does not export can't be imported
  await import('teachable-wasm/host');
  // @ts-expect-error the constructor is not public: load() makes classifiers
  void new (await import('teachable-wasm')).Classifier();
}
