// A list of the last values, which needs no memory for the ones before.

/** The last values that were added, at most `capacity` of them. */
export class RingBuffer<T> {
  readonly capacity: number;
  #values: T[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#values.length;
  }

  add(value: T): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
  }

  /** Returns the values, oldest first. */
  toArray(): T[] {
    const isFull = this.#values.length === this.capacity;
    return isFull ? [...this.#values.slice(this.#next), ...this.#values.slice(0, this.#next)] : [...this.#values];
  }

  clear(): void {
    this.#values = [];
    this.#next = 0;
  }
}
