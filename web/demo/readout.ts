// Figures and sentences about the machine itself: status, errors, variant, milliseconds, the network's own classes.

import type { ClassScore, Info, Progress, Timings } from 'teachable-wasm';
import { byId, percent, within } from './element.js';

/** Says what is going on; an empty text says nothing. */
export function showStatus(text: string): void {
  const status = byId('status');
  if (status.textContent !== text) status.textContent = text;
}

/** What a visitor can do about an alert. */
export type AlertAction = [text: string, act: () => void];

/** Shows one sentence until it is dismissed or replaced; null takes it away. An action takes it away, too. */
export function showAlert(text: string | null, ...actions: AlertAction[]): void {
  byId('alert').hidden = text === null;
  byId('alert-text').textContent = text ?? '';
  byId('alert-actions').replaceChildren(
    ...actions.map(([name, act]) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.addEventListener('click', () => {
        showAlert(null);
        act();
      });
      return button;
    }),
  );
}

/** One sentence for people from whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : `Something went wrong: ${String(error)}`;
}

/** The same for the middle of another sentence. */
export function reason(error: unknown): string {
  return sentence(error).replace(/\.$/, '');
}

const phases: Record<Progress['phase'], string> = {
  module: 'Loading the engine',
  model: 'Loading the network',
  start: 'Starting',
};

/** Both downloads run at once: the bar shows their sum. */
export class LoadingBar {
  readonly #bar = byId<HTMLProgressElement>('loading');
  readonly #parts = new Map<Progress['phase'], Progress>();

  show(progress: Progress): void {
    this.#parts.set(progress.phase, progress);
    const parts = [...this.#parts.values()];
    const loaded = parts.reduce((sum, part) => sum + part.loaded, 0);
    const total = parts.reduce((sum, part) => sum + (part.total ?? NaN), 0);
    this.#bar.hidden = false;
    if (total > 0) this.#bar.value = loaded / total;
    else this.#bar.removeAttribute('value');
    showStatus(`${phases[progress.phase]}${total > 0 ? ` ${percent(loaded / total)}` : ''}`);
  }

  hide(): void {
    this.#bar.hidden = true;
    this.#parts.clear();
  }
}

const shownFrames = 30;
const leastMsBetween = 500;

/** The median of the last frames, refreshed slowly enough to be read. */
export class FrameMeter {
  readonly #recent: number[] = [];
  #shownAt = -Infinity;

  add({ pixelsMs, networkMs, answerMs }: Timings): void {
    this.#recent.push(pixelsMs + networkMs + answerMs);
    if (this.#recent.length > shownFrames) this.#recent.shift();
    const now = performance.now();
    if (now - this.#shownAt < leastMsBetween) return;
    this.#shownAt = now;
    const sorted = [...this.#recent].sort((a, b) => a - b);
    byId('frame-ms').textContent = `${(sorted[sorted.length >> 1] ?? 0).toFixed(1)} ms per frame`;
  }
}

const variantNames: Record<Info['variant'], string> = {
  simd: 'SIMD',
  'simd-threads': 'SIMD',
  relaxed: 'relaxed SIMD',
  'relaxed-threads': 'relaxed SIMD',
}; // prettier-ignore

export function showInfo({ variant, threads, reason, model, heapBytes }: Info): void {
  const badge = byId('variant');
  badge.textContent = `${variantNames[variant]}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
  badge.title = reason;
  badge.dataset['variant'] = variant;
  byId('backbone').textContent =
    `Network: ${model.title}.${model.showClasses ? '' : ' It has no classes of its own to show, only yours.'}`;
  const facts: [string, string][] = [
    ['Network', `${model.title} (${model.format}, ${model.inputType})`],
    [
      'Input',
      `${model.inputWidth} × ${model.inputHeight} pixels, ${model.preprocess.crop === 'center' ? 'centre of the picture' : 'whole picture, squashed'}`,
    ],
    ['Embedding', `${model.embeddingSize} numbers a picture`],
    ['Build', variant],
    ['Why this build', reason],
    ['Memory', `${(heapBytes / 2 ** 20).toFixed(0)} MiB`],
  ];
  byId('engine').replaceChildren(
    ...facts.flatMap(([term, text]) => {
      const dt = document.createElement('dt');
      const dd = document.createElement('dd');
      dt.textContent = term;
      dd.textContent = text;
      return [dt, dd];
    }),
  );
}

/** The network's own classes; the panel hides when there are none to show. */
export function showTop3(classes: readonly ClassScore[]): void {
  byId('top3-panel').hidden = classes.length === 0;
  const list = byId('top3');
  while (list.children.length > classes.length) list.lastElementChild!.remove();
  while (list.children.length < classes.length) list.append(topRow());
  classes.forEach(({ className, probability }, index) => {
    const row = list.children[index]!;
    within<HTMLElement>(row, '.fill').style.transform = `scaleX(${probability})`;
    within(row, '.top-name').textContent = className;
    within(row, '.top-share').textContent = percent(probability);
  });
}

function topRow(): HTMLLIElement {
  const row = document.createElement('li');
  for (const name of ['fill', 'top-name', 'top-share']) {
    const span = document.createElement('span');
    span.className = name;
    row.append(span);
  }
  return row;
}

const leastMsBetweenWords = 2000;

/** Tells screen readers of a new winner, now and then. */
export class Announcer {
  #said = '';
  #saidAt = -Infinity;

  say(text: string): void {
    const now = performance.now();
    if (text === this.#said || now - this.#saidAt < leastMsBetweenWords) return;
    this.#said = text;
    this.#saidAt = now;
    byId('announcer').textContent = text;
  }
}
