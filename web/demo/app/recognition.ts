// Recognition: classifies the current image, adds it to the class that is being recorded, and shows the result.

import type { Observation, ObserveOptions, Prediction } from 'teachable-wasm';
import type { Dataset } from '../dataset/dataset.js';
import type { Recordings } from '../dataset/recordings.js';
import type { Slots } from '../dataset/slots.js';
import { percent } from '../dom/format.js';
import { drawThumbnail, encodeThumbnail, type ThumbnailSource } from '../dom/thumbnails.js';
import type { Input, InputImage } from '../input/input.js';
import type { Outputs } from '../outputs/outputs.js';
import { Announcer } from '../panels/announcer.js';
import type { ClassCard } from '../panels/class-card.js';
import type { ClassList } from '../panels/class-list.js';
import type { Explanation } from '../panels/explanation.js';
import { FrameMeter } from '../panels/frame-meter.js';
import type { Preview } from '../panels/preview.js';
import type { SettingsPanel } from '../panels/settings.js';
import { showTop3 } from '../panels/top3.js';
import { texts } from '../texts/texts.js';
import type { Engine } from './engine.js';
import { failureOf } from './failure.js';

const maxNeighbours = 10;
/** A winner with less confidence than this is not announced. */
const minAnnouncedConfidence = 0.6;

/** The parts of the page that recognition uses. */
export interface RecognitionParts {
  engine: Engine;
  dataset: Dataset;
  slots: Slots;
  recordings: Recordings;
  input: Input;
  settings: SettingsPanel;
  preview: Preview;
  classList: ClassList;
  explanation: Explanation;
  /** Called with the embedding of each example that was recorded. */
  onRecorded(embedding: Float32Array): void;
  outputs: Outputs;
}

/**
 * Called after an observation was shown; null when there is nothing to classify. `callMs` is the time until it came, `pageMs` the time
 * to show it.
 */
type ShownListener = (observation: Observation | null, callMs: number, pageMs: number) => void;

/** Classifies images and shows the results. */
export class Recognition {
  readonly #parts: RecognitionParts;
  readonly #frameMeter = new FrameMeter();
  readonly #announcer = new Announcer();
  #onShown: ShownListener = () => {};
  #isPaused = false;

  /** True while somebody wants the places of images on the map. */
  wantsMapPoint = false;

  constructor(parts: RecognitionParts) {
    this.#parts = parts;
  }

  /** Number of neighbours that explain a prediction. It isn't greater than the smallest class, which then has its share of them. */
  get k(): number {
    return Math.max(2, Math.min(maxNeighbours, ...this.#parts.dataset.classSizes));
  }

  /** Sets the function that hears of all observations. */
  onShown(listener: ShownListener): void {
    this.#onShown = listener;
  }

  /** Leaves all images out while `work` runs. */
  async pauseWhile<T>(work: () => Promise<T>): Promise<T> {
    this.#isPaused = true;
    try {
      return await work();
    } finally {
      this.#isPaused = false;
      void this.refresh();
    }
  }

  /** Rules by which the examples decide about a video. */
  get options(): ObserveOptions {
    const { neighbours, unknownThreshold, smoothing } = this.#parts.settings;
    return {
      ...(neighbours > 0 ? { rule: 'neighbours', k: neighbours, weighting: 'similarity' } : { k: this.k }),
      unknownThreshold,
      smoothing,
    };
  }

  /** Classifies the current image, and teaches it if a class is being recorded. */
  async run(): Promise<void> {
    if (this.#isPaused) return;
    const { input, recordings, classList } = this.#parts;
    const { current } = input;
    if (!current) return this.#showPrediction(null);
    const slot = recordings.next();
    const card = slot === undefined ? undefined : classList.at(slot);
    const start = performance.now();
    const observing = this.#observeOrExplain(current.image, card, current.thumbnailSource);
    if (card)
      recordings.add(
        card.slot,
        observing.then((observation) => observation?.exampleId),
      );
    const observation = await observing;
    if (card && observation?.embedding) this.#parts.onRecorded(observation.embedding);
    // The camera may have been stopped in the meantime.
    if (!observation || !input.current) return;
    const answered = performance.now();
    this.#show(observation);
    this.#onShown(observation, answered - start, performance.now() - answered);
  }

  /** Classifies the picture again after a change. The camera and the scene need no call, because a new frame comes soon. */
  async refresh(): Promise<void> {
    if (!this.#parts.input.isMoving) await this.run();
  }

  /** Classifies an image once, and adds it to the class of `card` if one is given. Returns undefined while there is no engine. */
  async observe(
    image: InputImage['image'],
    card?: ClassCard,
    thumbnailSource: ThumbnailSource | null = null,
  ): Promise<Observation | undefined> {
    const { engine, dataset } = this.#parts;
    const { classifier } = engine;
    if (!classifier) return undefined;
    const options: ObserveOptions = {
      ...this.options,
      topk: classifier.model.showClasses ? 3 : 0,
      map: this.wantsMapPoint,
      ...(image instanceof Blob && { smoothing: 0 }),
    };
    if (!card) return classifier.observe(image, options);
    const makeThumbnail = async () => thumbnailSource && encodeThumbnail(drawThumbnail(thumbnailSource));
    return dataset.teach(
      image,
      () => card.label,
      options,
      async () => (await makeThumbnail()) ?? undefined,
    );
  }

  async #observeOrExplain(
    image: InputImage['image'],
    card: ClassCard | undefined,
    thumbnailSource: ThumbnailSource,
  ): Promise<Observation | undefined> {
    try {
      return await this.observe(image, card, thumbnailSource);
    } catch (error) {
      // Each further frame of the recording would fail in the same way.
      if (failureOf(error) === 'full') this.#parts.recordings.stopAll();
      await this.#parts.engine.onError(error);
      return undefined;
    }
  }

  /** Shows that there is nothing to classify. */
  clear(): void {
    showTop3([]);
    this.#showPrediction(null);
    this.#onShown(null, 0, 0);
  }

  #show({ prediction, classes, timings }: Observation): void {
    this.#frameMeter.add(timings);
    showTop3(classes);
    this.#showPrediction(prediction);
  }

  #showPrediction(prediction: Prediction | null): void {
    const { classList, explanation, input, outputs, preview, slots } = this.#parts;
    outputs.showPrediction(prediction, !input.isMoving);
    classList.showPrediction(prediction);
    explanation.show(prediction);
    if (!prediction) return preview.showWinner(null);
    if (prediction.unknown) {
      this.#announcer.announce(texts.common.unknown);
      return preview.showWinner('unknown');
    }
    const name = classList.of(prediction.label)?.name ?? prediction.label;
    const confidence = prediction.confidences[prediction.label] ?? 0;
    preview.showWinner({ slot: slots.of(prediction.label) ?? 0, name, confidence });
    if (confidence >= minAnnouncedConfidence) this.#announcer.announce(`${name}, ${percent(confidence)}`);
  }
}
