// The classes and the ids of their examples, as the page knows them. Each change takes time for what it changes only,
// however many classes there are.

/** A class and its examples, as the engine has them. */
export interface DatasetClass {
  readonly label: string;
  /** False when its examples don't vote. */
  readonly enabled: boolean;
  /** Ids of its examples, oldest first. While examples are only added, the array stays the same. */
  readonly ids: readonly number[];
}

interface Row {
  label: string;
  enabled: boolean;
  ids: number[];
}

/** The classes, in the order of the engine. */
export class ClassTable {
  #rows: Row[];
  #rowOfLabel = new Map<string, Row>();
  #rowOfId = new Map<number, Row>();

  constructor(classes: readonly DatasetClass[] = []) {
    this.#rows = classes.map(({ label, enabled, ids }) => ({ label, enabled, ids: [...ids] }));
    for (const row of this.#rows) {
      this.#rowOfLabel.set(row.label, row);
      for (const id of row.ids) this.#rowOfId.set(id, row);
    }
  }

  get all(): readonly DatasetClass[] {
    return this.#rows;
  }

  get exampleCount(): number {
    return this.#rowOfId.size;
  }

  find(label: string): DatasetClass | undefined {
    return this.#rowOfLabel.get(label);
  }

  labelOf(id: number): string | undefined {
    return this.#rowOfId.get(id)?.label;
  }

  addClass(label: string): void {
    if (this.#rowOfLabel.has(label)) return;
    const row = { label, enabled: true, ids: [] };
    this.#rows.push(row);
    this.#rowOfLabel.set(label, row);
  }

  removeClass(label: string): void {
    const row = this.#rowOfLabel.get(label);
    if (!row) return;
    for (const id of row.ids) this.#rowOfId.delete(id);
    this.#rowOfLabel.delete(label);
    this.#rows = this.#rows.filter((each) => each !== row);
  }

  rename(label: string, newLabel: string): void {
    const row = this.#rowOfLabel.get(label);
    if (!row) return;
    this.#rowOfLabel.delete(label);
    this.#rowOfLabel.set(newLabel, row);
    row.label = newLabel;
  }

  enable(label: string, enabled: boolean): void {
    const row = this.#rowOfLabel.get(label);
    if (row) row.enabled = enabled;
  }

  /** Adds an example, which must be newer than all others. Adds its class if there is none. */
  add(id: number, label: string): void {
    this.addClass(label);
    const row = this.#rowOfLabel.get(label)!;
    row.ids.push(id);
    this.#rowOfId.set(id, row);
  }

  /** Gives these classes new arrays, so that they are shown anew and not as recordings that go on. */
  renewArrays(labels: Iterable<string>): void {
    for (const label of new Set(labels)) {
      const row = this.#rowOfLabel.get(label);
      if (row) row.ids = [...row.ids];
    }
  }

  remove(ids: Iterable<number>): void {
    const removed = new Set(ids);
    const changed = new Set<Row>();
    for (const id of removed) {
      const row = this.#rowOfId.get(id);
      if (row) changed.add(row);
      this.#rowOfId.delete(id);
    }
    for (const row of changed) row.ids = row.ids.filter((id) => !removed.has(id));
  }

  /** Changes the class of an example. */
  move(id: number, label: string): void {
    if (this.labelOf(id) === label) return;
    this.remove([id]);
    this.addClass(label);
    const row = this.#rowOfLabel.get(label)!;
    row.ids = [...row.ids, id].sort((a, b) => a - b);
    this.#rowOfId.set(id, row);
  }
}
