// The examples as embeddings, kept by the page too: should the worker die, a new one is taught again in a moment.

import type { Classifier } from 'teachable-wasm';

export class Examples {
  readonly #embeddings = new Map<string, Float32Array[]>();

  add(id: string, embedding: Float32Array): void {
    const list = this.#embeddings.get(id);
    if (list) list.push(embedding);
    else this.#embeddings.set(id, [embedding]);
  }

  forget(id: string): void {
    this.#embeddings.delete(id);
  }

  count(id: string): number {
    return this.#embeddings.get(id)?.length ?? 0;
  }

  async teach(classifier: Classifier): Promise<void> {
    for (const [id, embeddings] of this.#embeddings) {
      for (const embedding of embeddings) await classifier.addExample(embedding, id);
    }
  }

  /**
   * How many neighbours vote: as many as the smallest class has, so that it isn't outvoted for being small, but at most 10.
   */
  neighbours(): number {
    const sizes = [...this.#embeddings.values()].map((list) => list.length);
    return Math.min(10, ...sizes);
  }
}
