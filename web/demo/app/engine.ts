// The engine: loads it, and starts a new one after a fatal error.

import { type Classifier, type Layers, type LoadOptions, load } from 'teachable-wasm';
import type { Dataset } from '../dataset/dataset.js';
import { type NetworkChoice, toLoadOptions } from '../network/choice.js';
import { readChoice, storeChoice } from '../network/store.js';
import { type AlertAction, showAlert } from '../panels/alert.js';
import { errorSentence } from '../panels/error-text.js';
import { LoadingBar } from '../panels/loading-bar.js';
import { showStatus } from '../panels/status-line.js';
import { showTechnicalDetails } from '../panels/technical-details.js';
import { texts } from '../texts/texts.js';
import { failureOf } from './failure.js';
import { readUrlOptions } from './url-options.js';

/** After two restarts in so short a time, a third one would not help. */
const minMsBetweenRestarts = 30_000;

/** Callbacks of the engine. */
export interface EngineEvents {
  /** Called after each start, with the engine that runs. */
  onStart(classifier: Classifier): void;
  /** Called after a new engine was started in place of one that failed. */
  onRestart(): Promise<void>;
  /** Called when the visitor wants to save the examples to a file. */
  onSaveToFile(): void;
  /** Called when the visitor wants to store the examples in less memory. */
  onStoreInBytes(): void;
  /** Called when the visitor wants to save them while no engine runs. */
  onSaveWithoutEngine(): void;
}

/** Owns the classifier of the page. */
export class Engine {
  readonly #dataset: Dataset;
  readonly #events: EngineEvents;
  readonly #loadingBar = new LoadingBar();
  #classifier: Classifier | null = null;
  /** Layers of the embeddings; undefined for those of the page's address or, without any, the default. */
  #layers: Layers | undefined;
  #model: LoadOptions['model'];
  #restartedAt = -Infinity;
  #restarting: Promise<void> = Promise.resolve();

  constructor(dataset: Dataset, events: EngineEvents) {
    this.#dataset = dataset;
    this.#events = events;
  }

  /** The classifier, or null while it loads and after a failed start. */
  get classifier(): Classifier | null {
    return this.#classifier;
  }

  /** The network that runs, as load() got it; undefined for the package's. */
  get model(): LoadOptions['model'] {
    return this.#model;
  }

  /** Returns the classifier, or null as above. Waits for an engine that is started in place of one that failed. */
  async whenRestarted(): Promise<Classifier | null> {
    await this.#restarting;
    return this.#classifier;
  }

  /** Loads the engine and restores the data set in it. Shows an alert when that fails. */
  async start(): Promise<void> {
    let classifier: Classifier | undefined;
    try {
      classifier = await this.#load();
      await this.#dataset.attach(classifier);
      this.#classifier = classifier;
      this.#events.onStart(classifier);
      showTechnicalDetails(await classifier.info());
    } catch (error) {
      if (!this.#classifier) classifier?.dispose();
      showStatus('');
      this.#explainFailedStart(error);
    } finally {
      this.#loadingBar.hide();
    }
  }

  /** Loads the chosen network. When that fails, the page goes on with its own. */
  async #load(): Promise<Classifier> {
    const inAddress = readUrlOptions(location.search);
    const chosen = inAddress.model === undefined ? await readChoice() : null;
    const options = (choice: NetworkChoice | null): LoadOptions => ({
      layers: this.#layers,
      ...toLoadOptions(choice),
      ...inAddress,
      onProgress: (progress) => this.#loadingBar.show(progress),
    });
    const loadChoice = async (choice: NetworkChoice | null) => {
      const wanted = options(choice);
      const classifier = await load(wanted);
      this.#model = wanted.model;
      return classifier;
    };
    if (!chosen) return loadChoice(null);
    try {
      return await loadChoice(chosen);
    } catch (error) {
      const classifier = await loadChoice(null);
      showAlert(texts.network.failed(errorSentence(error)));
      await storeChoice(null).catch(() => {});
      return classifier;
    }
  }

  /** Starts again with embeddings of other layers, unless the page's address chooses them. The data set must be empty. */
  async useLayers(layers: Layers): Promise<void> {
    this.#classifier?.dispose();
    this.#classifier = null;
    this.#dataset.detach();
    this.#layers = layers;
    await this.start();
  }

  /**
   * Handles any error: shows it, and starts a new engine if this one is lost or damaged. `subject` is named before the error.
   * Resolves when the engine can be used again, or has failed.
   */
  async onError(error: unknown, subject = ''): Promise<void> {
    const failure = failureOf(error);
    if (failure === 'ended') return;
    if (failure === 'full') return this.#explainFullMemory(error, subject);
    if (failure === 'lost' || (failure === 'doubtful' && !(await this.#dataset.isIntact()))) return this.#restart();
    showAlert(withSubject(error, subject));
  }

  /** After a failure, the examples exist on the page only. They can be saved without an engine. */
  #explainFailedStart(error: unknown): void {
    if (this.#dataset.exampleCount === 0) return showAlert(errorSentence(error));
    showAlert(
      texts.engine.notLost(errorSentence(error)),
      [texts.common.saveToFile, () => this.#events.onSaveWithoutEngine()],
      [texts.common.tryAgain, () => void this.#startAgain()],
    );
  }

  /** A new engine would have the same examples in the same memory, so it is not started. */
  #explainFullMemory(error: unknown, subject: string): void {
    const text = withSubject(error, subject);
    if (this.#dataset.exampleCount === 0) return showAlert(text);
    // The engine advises this format while the examples have another one.
    const smaller: AlertAction[] = text.includes("'i8'")
      ? [[texts.engine.storeInLess, () => this.#events.onStoreInBytes()]]
      : [];
    showAlert(texts.engine.memoryFull(text), ...smaller, [texts.common.saveToFile, () => this.#events.onSaveToFile()]);
  }

  #restart(): Promise<void> {
    if (!this.#classifier) return this.#restarting;
    this.#classifier.dispose();
    this.#classifier = null;
    this.#dataset.detach();
    const isTooSoon = performance.now() - this.#restartedAt < minMsBetweenRestarts;
    this.#restartedAt = performance.now();
    if (isTooSoon) {
      showAlert(texts.engine.stoppedTwice, [texts.engine.startItAgain, () => void this.#startAgain()]);
      return Promise.resolve();
    }
    showAlert(texts.engine.restarted);
    return this.#startAgain();
  }

  #startAgain(): Promise<void> {
    this.#restarting = this.start().then(async () => {
      if (!this.#classifier) return;
      showStatus(texts.page.ready);
      await this.#events.onRestart();
    });
    return this.#restarting;
  }
}

function withSubject(error: unknown, subject: string): string {
  return subject ? `${subject}: ${errorSentence(error)}` : errorSentence(error);
}
