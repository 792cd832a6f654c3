// Speed and diagnostics, in the technical details.

import type { Info } from 'teachable-wasm';
import { build } from '../dom/build.js';
import { texts } from '../texts/texts.js';
import { benchmarkFrames } from './benchmark.js';
import { type DiagnosticsFacts, diagnosticsText } from './diagnostics-text.js';
import { type StepSummary, steps } from './step-times.js';

/** Functions and data that the panel needs from the rest of the page. */
export interface DiagnosticsSource {
  times(): StepSummary;
  /** Returns what runs; null without an engine. */
  info(): Promise<Info | null>;
  counts(): Pick<DiagnosticsFacts, 'classCount' | 'exampleCount'>;
  /** Runs the benchmark; null without an engine. */
  benchmark(onProgress: (done: number) => void): Promise<StepSummary | null>;
  onError(error: unknown): void;
}

const msBetweenUpdates = 1000;

/** The panel. It updates while it is open. */
export class DiagnosticsPanel {
  readonly #source: DiagnosticsSource;
  readonly #live = build('div', { 'data-testid': 'step-times' });
  readonly #measured = build('div', { 'data-testid': 'benchmark-result', 'aria-live': 'polite' });
  readonly #measure: HTMLButtonElement;
  readonly #state = build('p', { class: 'hint', role: 'status', 'data-testid': 'diagnostics-state' });
  readonly #text = build('textarea', {
    readonly: true,
    rows: 8,
    hidden: true,
    'aria-label': texts.see.diagnostics,
    'data-testid': 'diagnostics-text',
  });
  #benchmark: StepSummary | null = null;
  #timer = 0;

  constructor(root: HTMLElement, source: DiagnosticsSource) {
    this.#source = source;
    this.#measure = build(
      'button',
      { type: 'button', 'data-testid': 'benchmark', on: { click: () => void this.#runBenchmark() } },
      texts.see.benchmark(benchmarkFrames),
    );
    root.append(
      build('h3', {}, texts.see.speed),
      this.#live,
      this.#measured,
      build(
        'div',
        { class: 'diagnostics-tools' },
        this.#measure,
        build(
          'button',
          { type: 'button', 'data-testid': 'copy-diagnostics', on: { click: () => void this.#copy() } },
          texts.see.copy,
        ),
      ),
      this.#state,
      this.#text,
    );
  }

  opened(): void {
    this.#showLive();
    this.#timer = setInterval(() => this.#showLive(), msBetweenUpdates);
  }

  closed(): void {
    clearInterval(this.#timer);
  }

  #showLive(): void {
    const times = this.#source.times();
    this.#live.replaceChildren(
      times.frames === 0 ? build('p', { class: 'hint' }, texts.see.noFrames) : makeTable(texts.see.live, times),
    );
  }

  async #runBenchmark(): Promise<void> {
    this.#measure.disabled = true;
    try {
      this.#benchmark = await this.#source.benchmark((done) => {
        if (done % 10 === 0) this.#state.textContent = texts.see.measuring(done, benchmarkFrames);
      });
      this.#state.textContent = this.#benchmark ? '' : texts.page.stillLoading;
      if (this.#benchmark) this.#measured.replaceChildren(makeTable(texts.see.measured, this.#benchmark));
    } catch (error) {
      this.#state.textContent = '';
      this.#source.onError(error);
    } finally {
      this.#measure.disabled = false;
    }
  }

  async #copy(): Promise<void> {
    const text = diagnosticsText(await this.#facts());
    try {
      await navigator.clipboard.writeText(text);
      this.#text.hidden = true;
      this.#state.textContent = texts.see.copied;
    } catch {
      this.#text.hidden = false;
      this.#text.value = text;
      this.#text.focus();
      this.#text.select();
      this.#state.textContent = texts.see.copyYourself;
    }
  }

  async #facts(): Promise<DiagnosticsFacts> {
    const [info, storage] = await Promise.all([
      this.#source.info().catch(() => null),
      Promise.resolve(navigator.storage?.estimate?.()).catch(() => undefined),
    ]);
    return {
      info,
      times: this.#source.times(),
      benchmark: this.#benchmark,
      ...this.#source.counts(),
      browser: navigator.userAgent,
      language: navigator.language,
      processors: navigator.hardwareConcurrency,
      screen: `${innerWidth} x ${innerHeight}, ratio ${devicePixelRatio}`,
      isolated: crossOriginIsolated,
      serviceWorker: Boolean(navigator.serviceWorker?.controller),
      storage: storage ?? null,
    };
  }
}

function makeTable(title: string, { frames, framesPerSecond, steps: times, total }: StepSummary): HTMLTableElement {
  const row = (name: string, { p50, p95 }: { p50: number; p95: number }) =>
    build('tr', {}, build('th', { scope: 'row' }, name), build('td', {}, ms(p50)), build('td', {}, ms(p95)));
  return build(
    'table',
    { class: 'step-times', 'data-frames': frames },
    build('caption', {}, `${title} ${texts.see.rate(framesPerSecond.toFixed(1), texts.common.frames(frames))}`),
    build(
      'thead',
      {},
      build(
        'tr',
        {},
        build('th', { scope: 'col' }, texts.see.step),
        build('th', { scope: 'col' }, texts.see.half),
        build('th', { scope: 'col' }, texts.see.mostly),
      ),
    ),
    build('tbody', {}, ...steps.map((step) => row(texts.see.steps[step], times[step])), row(texts.see.together, total)),
  );
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
