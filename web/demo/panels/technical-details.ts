// Facts about the engine and the network, at the foot of the page and in its head.

import type { Info } from 'teachable-wasm';
import { byId } from '../dom/elements.js';
import { texts } from '../texts/texts.js';

const variantNames: Record<Info['variant'], string> = {
  simd: 'SIMD',
  'simd-threads': 'SIMD',
  relaxed: 'relaxed SIMD',
  'relaxed-threads': 'relaxed SIMD',
}; // prettier-ignore

/** Shows what runs. */
export function showTechnicalDetails({ variant, threads, reason, model, heapBytes, usedBytes }: Info): void {
  const badge = byId('variant');
  badge.textContent = `${variantNames[variant]}, ${texts.common.threads(threads)}`;
  badge.title = reason;
  badge.dataset['variant'] = variant;
  byId('network').textContent =
    `${texts.details.network(model.title)}${model.showClasses ? '' : ` ${texts.details.onlyYours}`}`;
  const { details } = texts;
  const crop = model.preprocess.crop === 'center' ? details.centre : details.squashed;
  showFacts([
    [details.networkTerm, `${model.title} (${model.format}, ${model.inputType})`],
    [details.input, details.inputSize(model.inputWidth, model.inputHeight, crop)],
    [details.embedding, details.embeddingSize(model.embeddingSize)],
    [details.build, variant],
    [details.reason, reason],
    [details.memory, details.memoryUse(toMiB(usedBytes), toMiB(heapBytes))],
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
