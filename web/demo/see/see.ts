// Connects what shows how the page recognises: the lines in the class cards, the map, and the speed of each step.

import type { Observation } from 'teachable-wasm';
import type { Engine } from '../app/engine.js';
import type { Recognition } from '../app/recognition.js';
import type { Dataset } from '../dataset/dataset.js';
import { fillWhenOpened } from '../dom/drawer.js';
import { byId } from '../dom/elements.js';
import type { ClassList } from '../panels/class-list.js';
import type { MapPanel } from './map-panel.js';
import { Sparklines } from './sparklines.js';
import { StepTimes, toFrameTimes } from './step-times.js';

/** The parts of the page that these panels use. */
export interface SeeParts {
  engine: Engine;
  dataset: Dataset;
  classList: ClassList;
  recognition: Recognition;
  slotOf(label: string): number;
}

/** The map and the speed are loaded when they are opened. */
export class See {
  readonly #times = new StepTimes();
  readonly #sparklines = new Sparklines();
  #map: MapPanel | undefined;

  constructor(parts: SeeParts) {
    const { engine, dataset, classList, recognition } = parts;
    const onError = (error: unknown) => void engine.onError(error);
    recognition.onShown((observation, callMs, pageMs) => {
      this.#show(observation, classList);
      if (observation) this.#times.add(toFrameTimes(observation.timings, callMs, pageMs), performance.now());
    });
    byId('map').hidden = false;
    fillWhenOpened(
      'map',
      async (root) => {
        const { MapPanel } = await import('./map-panel.js');
        this.#map = new MapPanel(root, {
          map: async () => (await engine.whenRestarted())?.map() ?? null,
          labelOf: (id) => dataset.labelOf(id),
          slotOf: parts.slotOf,
          thumbnailOf: (id) => dataset.thumbnail(id),
          onWatch(isWatching) {
            recognition.wantsMapPoint = isWatching;
            void recognition.refresh();
          },
          onError,
        });
        return this.#map;
      },
      onError,
    );
    fillWhenOpened(
      'technical-details',
      async () => {
        const { DiagnosticsPanel } = await import('./diagnostics-panel.js');
        return new DiagnosticsPanel(byId('diagnostics'), {
          times: () => this.#times.summary(),
          info: async () => (await engine.classifier?.info()) ?? null,
          counts: () => ({ classCount: dataset.classes.length, exampleCount: dataset.exampleCount }),
          benchmark: async (onProgress) => {
            const { classifier } = engine;
            if (!classifier) return null;
            const { drawBenchmarkPicture, runBenchmark } = await import('./benchmark.js');
            return recognition.pauseWhile(() =>
              runBenchmark(classifier, drawBenchmarkPicture(), { k: recognition.k, topk: 0 }, onProgress),
            );
          },
          onError,
        });
      },
      onError,
    );
  }

  /** Must be called after each change of the data set. */
  changed(): void {
    this.#map?.changed();
  }

  #show(observation: Observation | null, classList: ClassList): void {
    this.#sparklines.show(observation?.prediction ?? null, classList.shown);
    this.#map?.showFrame(observation?.mapPoint ?? null);
  }
}
