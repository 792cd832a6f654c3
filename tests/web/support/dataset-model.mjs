// A data set in plain JavaScript, as a model of what a classifier of embeddings holds. It has no cleverness: random-edits.test.mjs
// compares the engine with it.

const maxHistory = 100;

/** Returns a vector of length 1. */
export function toUnit(values) {
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

export class DatasetModel {
  /** In the order in which they were added: { label, enabled }. */
  classes = [];
  /** id => { of, unit, thumbnail }. `of` is an element of `classes`. */
  examples = new Map();
  nextId = 0;
  storage = 'f32';
  #history = [];

  #find(label) {
    return this.classes.find((each) => each.label === label);
  }

  #findOrAdd(label) {
    const known = this.#find(label);
    if (known) return { of: known, created: false };
    const of = { label, enabled: true };
    this.classes.push(of);
    return { of, created: true };
  }

  #remember(undo) {
    this.#history.push(undo);
    if (this.#history.length > maxHistory) this.#history.shift();
  }

  #eraseIfEmpty(of, created) {
    if (created && this.classes.at(-1) === of && this.countOf(of) === 0) this.classes.pop();
  }

  countOf(of) {
    return [...this.examples.values()].filter((each) => each.of === of).length;
  }

  ids(label) {
    return [...this.examples.keys()].filter((id) => this.examples.get(id).of.label === label).sort((a, b) => a - b);
  }

  has(label) {
    return this.#find(label) !== undefined;
  }

  add(values, label) {
    const { of, created } = this.#findOrAdd(label);
    const id = this.nextId++;
    this.examples.set(id, { of, unit: toUnit(values) });
    this.#remember(() => {
      const now = this.examples.get(id).of;
      this.examples.delete(id);
      this.#eraseIfEmpty(now, created);
    });
    return id;
  }

  addClass(label) {
    this.#findOrAdd(label);
  }

  remove(id) {
    const example = this.examples.get(id);
    this.examples.delete(id);
    this.#remember(() => this.examples.set(id, example));
  }

  move(id, label) {
    const example = this.examples.get(id);
    if (example.of.label === label) return;
    const before = example.of;
    const { of, created } = this.#findOrAdd(label);
    example.of = of;
    this.#remember(() => {
      const now = example.of;
      example.of = before;
      this.#eraseIfEmpty(now, created);
    });
  }

  rename(label, newLabel) {
    this.#find(label).label = newLabel;
  }

  enable(label, enabled) {
    this.#find(label).enabled = enabled;
  }

  merge(label, into) {
    const from = this.#find(label);
    const target = this.#find(into);
    for (const example of this.examples.values()) if (example.of === from) example.of = target;
    this.#erase(from);
  }

  clear(label) {
    const of = this.#find(label);
    for (const [id, example] of this.examples) if (example.of === of) this.examples.delete(id);
    this.#erase(of);
  }

  #erase(of) {
    this.classes = this.classes.filter((each) => each !== of);
    this.forget();
  }

  clearAll() {
    this.classes = [];
    this.examples.clear();
    this.nextId = 0;
    this.forget();
  }

  /** Discards the history. */
  forget() {
    this.#history = [];
  }

  undo() {
    const undo = this.#history.pop();
    undo?.();
    return undo !== undefined;
  }

  /** Gives the examples new ids in the order of classes, as an import does. */
  renumber() {
    const inOrder = this.classes.flatMap((of) => this.ids(of.label).map((id) => this.examples.get(id)));
    this.examples = new Map(inOrder.map((example, index) => [this.nextId + index, example]));
    this.nextId += inOrder.length;
    this.forget();
  }

  /** Returns the similarities of enabled examples to a query: { id, similarity }, most similar first. */
  similarities(values) {
    const query = toUnit(values);
    return [...this.examples]
      .filter(([, { of }]) => of.enabled)
      .map(([id, { unit }]) => ({ id, similarity: unit.reduce((sum, value, i) => sum + value * query[i], 0) }))
      .sort((a, b) => b.similarity - a.similarity || a.id - b.id);
  }
}
