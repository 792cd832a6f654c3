// Facts about the engine and the network, at the foot of the page and in its head.

import type { Info } from 'teachable-wasm';
import { byId } from '../dom/elements.js';
import { countOf } from '../dom/format.js';

const variantNames: Record<Info['variant'], string> = {
  simd: 'SIMD',
  'simd-threads': 'SIMD',
  relaxed: 'relaxed SIMD',
  'relaxed-threads': 'relaxed SIMD',
}; // prettier-ignore

/** Shows what runs. */
export function showTechnicalDetails({ variant, threads, reason, model, heapBytes, usedBytes }: Info): void {
  const badge = byId('variant');
  badge.textContent = `${variantNames[variant]}, ${countOf(threads, 'thread')}`;
  badge.title = reason;
  badge.dataset['variant'] = variant;
  byId('network').textContent =
    `Network: ${model.title}.${model.showClasses ? '' : ' It has no classes of its own. It knows only yours.'}`;
  const crop = model.preprocess.crop === 'center' ? 'centre of the picture' : 'whole picture, squashed to a square';
  showFacts([
    ['Network', `${model.title} (${model.format}, ${model.inputType})`],
    ['Input', `${model.inputWidth} × ${model.inputHeight} pixels, ${crop}`],
    ['Embedding', `${model.embeddingSize} numbers per picture`],
    ['Engine build', variant],
    ['Why this build', reason],
    ['Memory', `${toMiB(usedBytes)} of ${toMiB(heapBytes)} MiB in use`],
  ]);
}

const toMiB = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

function showFacts(facts: [term: string, text: string][]): void {
  byId('facts').replaceChildren(
    ...facts.flatMap(([term, text]) => {
      const dt = document.createElement('dt');
      const dd = document.createElement('dd');
      dt.textContent = term;
      dd.textContent = text;
      return [dt, dd];
    }),
  );
}
