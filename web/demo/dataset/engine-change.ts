// Changes of the engine's data set, in a form that can be stored and applied again.

import type { Classifier } from 'teachable-wasm';

/** One change of the data set. */
export type Change =
  | { kind: 'add'; label: string; embedding: Float32Array }
  | { kind: 'remove'; id: number }
  | { kind: 'move'; id: number; label: string }
  | { kind: 'add-class' | 'remove-class'; label: string }
  | { kind: 'rename'; label: string; newLabel: string };

/** Applies a change to an engine. */
export async function applyChange(change: Change, classifier: Classifier): Promise<void> {
  switch (change.kind) {
    case 'add':
      await classifier.addExamples(change.embedding, [change.label]);
      return;
    case 'remove':
      return classifier.removeExample(change.id);
    case 'move':
      return classifier.moveExample(change.id, change.label);
    case 'add-class':
      return classifier.addClass(change.label);
    case 'remove-class':
      return classifier.clear(change.label);
    case 'rename':
      return classifier.renameClass(change.label, change.newLabel);
  }
}
