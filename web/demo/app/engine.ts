// The engine: loads it, and starts a new one after a fatal error.

import { type Classifier, load } from 'teachable-wasm';
import type { Dataset } from '../dataset/dataset.js';
import { showAlert } from '../panels/alert.js';
import { errorSentence } from '../panels/error-text.js';
import { LoadingBar } from '../panels/loading-bar.js';
import { showStatus } from '../panels/status-line.js';
import { showTechnicalDetails } from '../panels/technical-details.js';
import { readUrlOptions } from './url-options.js';

/** Codes of errors after which the engine cannot be used any more. */
const fatalCodes = new Set(['worker-lost', 'internal', 'out-of-memory']);
/** After two restarts in so short a time, a third one would not help. */
const minMsBetweenRestarts = 30_000;

/** Callbacks of the engine. */
export interface EngineEvents {
  /** Called after each start, with the engine that runs. */
  onStart(classifier: Classifier): void;
  /** Called after a new engine was started in place of one that failed. */
  onRestart(): Promise<void>;
}

/** Owns the classifier of the page. */
export class Engine {
  readonly #dataset: Dataset;
  readonly #events: EngineEvents;
  readonly #loadingBar = new LoadingBar();
  #classifier: Classifier | null = null;
  #restartedAt = -Infinity;

  constructor(dataset: Dataset, events: EngineEvents) {
    this.#dataset = dataset;
    this.#events = events;
  }

  /** The classifier, or null while it loads and after a failed start. */
  get classifier(): Classifier | null {
    return this.#classifier;
  }

  /** Loads the engine and restores the data set in it. Shows an alert when that fails. */
  async start(): Promise<void> {
    try {
      const classifier = await load({
        ...readUrlOptions(location.search),
        onProgress: (progress) => this.#loadingBar.show(progress),
      });
      await this.#dataset.attach(classifier);
      this.#classifier = classifier;
      this.#events.onStart(classifier);
      showTechnicalDetails(await classifier.info());
    } catch (error) {
      showStatus('');
      showAlert(errorSentence(error));
    } finally {
      this.#loadingBar.hide();
    }
  }

  /** Handles any error: shows it, or restarts the engine if the error is fatal. `subject` is named before the error. */
  onError(error: unknown, subject = ''): void {
    const { code = '' } = error as { code?: string };
    if (fatalCodes.has(code)) void this.#restart();
    else if (code !== 'disposed' && code !== 'aborted')
      showAlert(subject ? `${subject}: ${errorSentence(error)}` : errorSentence(error));
  }

  async #restart(): Promise<void> {
    if (!this.#classifier) return;
    this.#classifier.dispose();
    this.#classifier = null;
    this.#dataset.detach();
    const isTooSoon = performance.now() - this.#restartedAt < minMsBetweenRestarts;
    this.#restartedAt = performance.now();
    if (isTooSoon)
      return showAlert(
        'The engine stopped twice within half a minute. Reload the page. If it happens again, add ?variant=simd to the end of the address.',
      );
    showAlert('The engine stopped and was started again. Your examples are still here.');
    await this.start();
    if (!this.#classifier) return;
    showStatus('Ready.');
    await this.#events.onRestart();
  }
}
