// Changes of the data set, in a form that can be stored and applied again.

import type { Classifier } from 'teachable-wasm';

/** The methods of a classifier that the data set uses. */
export type Engine = Pick<
  Classifier,
  | 'embeddingSize'
  | 'observe'
  | 'addExamples'
  | 'removeExample'
  | 'moveExample'
  | 'exampleEmbedding'
  | 'exampleIds'
  | 'counts'
  | 'addClass'
  | 'renameClass'
  | 'enableClass'
  | 'disabledClasses'
  | 'useStorage'
  | 'clear'
  | 'saveDataset'
  | 'loadDataset'
  | 'importJson'
>;

/** A new example. */
export interface Addition {
  kind: 'add';
  /** Id that the engine gave. When the change is applied again, the example may get another one. */
  id: number;
  label: string;
  /** [embeddingSize] floats. */
  embedding: Float32Array;
  /** JPEG file. */
  thumbnail: Uint8Array | undefined;
}

/** One change of the data set. */
export type Change =
  | Addition
  | { kind: 'remove'; id: number }
  | { kind: 'move'; id: number; label: string }
  | { kind: 'add-class' | 'remove-class'; label: string }
  | { kind: 'rename'; label: string; newLabel: string }
  | { kind: 'enable'; label: string; enabled: boolean }
  /** All examples are stored in bytes, which takes a quarter of the memory. */
  | { kind: 'use-bytes' };

/** Returns true for a complete change. Values that were stored in the browser may be damaged. */
export function isChange(value: unknown): value is Change {
  const { kind, id, label, newLabel, enabled, embedding, thumbnail } = Object(value) as Record<string, unknown>;
  const hasId = Number.isInteger(id);
  const hasLabel = typeof label === 'string';
  switch (kind) {
    case 'add':
      return (
        hasId &&
        hasLabel &&
        embedding instanceof Float32Array &&
        (thumbnail === undefined || thumbnail instanceof Uint8Array)
      );
    case 'remove':
      return hasId;
    case 'move':
      return hasId && hasLabel;
    case 'add-class':
    case 'remove-class':
      return hasLabel;
    case 'rename':
      return hasLabel && typeof newLabel === 'string';
    case 'enable':
      return hasLabel && typeof enabled === 'boolean';
    case 'use-bytes':
      return true;
    default:
      return false;
  }
}

/** Result of `replay()`. */
export interface Replayed {
  /** The changes that were applied, with the ids that the engine gave now. */
  changes: Change[];
  /** New ids of the examples that got another one than before, by their old ids. */
  newIds: Map<number, number>;
  /** Number of changes that the engine refused. */
  skipped: number;
}

/** Maximum number of examples that are added with one call. */
const maxExamplesPerCall = 256;

/** Applies changes in their order. Those that the engine refuses are skipped. Throws when the engine fails. */
export async function replay(changes: readonly Change[], engine: Engine): Promise<Replayed> {
  const result: Replayed = { changes: [], newIds: new Map(), skipped: 0 };
  for (let start = 0; start < changes.length; ) {
    const additions = additionsAt(changes, start, engine.embeddingSize);
    if (additions.length > 1 && (await attempt(() => addAll(additions, engine, result)))) start += additions.length;
    else if (!(await attempt(() => applyOne(changes[start++]!, engine, result)))) result.skipped++;
  }
  return result;
}

/** Returns the additions that follow each other from the index `start` on, as many as one call takes. */
function additionsAt(changes: readonly Change[], start: number, embeddingSize: number): Addition[] {
  const additions: Addition[] = [];
  for (let index = start; index < changes.length && additions.length < maxExamplesPerCall; index++) {
    const change = changes[index]!;
    if (change.kind !== 'add' || change.embedding.length !== embeddingSize) break;
    additions.push(change);
  }
  return additions;
}

/** Returns false when the engine refuses a call. Other errors are thrown. */
async function attempt(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'bad-argument') return false;
    throw error;
  }
}

async function addAll(additions: readonly Addition[], engine: Engine, result: Replayed): Promise<void> {
  const rows = new Float32Array(additions.length * engine.embeddingSize);
  additions.forEach(({ embedding }, index) => rows.set(embedding, index * engine.embeddingSize));
  const ids = await engine.addExamples(
    rows,
    additions.map(({ label }) => label),
  );
  additions.forEach((addition, index) => {
    const id = ids[index]!;
    if (id !== addition.id) result.newIds.set(addition.id, id);
    result.changes.push({ ...addition, id });
  });
}

async function applyOne(change: Change, engine: Engine, result: Replayed): Promise<void> {
  const idNow = (id: number) => result.newIds.get(id) ?? id;
  switch (change.kind) {
    case 'add':
      return addAll([change], engine, result);
    case 'remove':
      await engine.removeExample(idNow(change.id));
      break;
    case 'move':
      await engine.moveExample(idNow(change.id), change.label);
      break;
    case 'add-class':
      await engine.addClass(change.label);
      break;
    case 'remove-class':
      await engine.clear(change.label);
      break;
    case 'rename':
      await engine.renameClass(change.label, change.newLabel);
      break;
    case 'enable':
      await engine.enableClass(change.label, change.enabled);
      break;
    case 'use-bytes':
      await engine.useStorage('i8');
  }
  result.changes.push('id' in change ? { ...change, id: idNow(change.id) } : change);
}
