// Which place on the page each class has: its key, its colour, its shape. It keeps it when others go.

export class Places {
  #places = new Map<string, number>();

  of(name: string): number | undefined {
    return this.#places.get(name);
  }

  all(): [name: string, place: number][] {
    return [...this.#places];
  }

  put(name: string, place: number): void {
    this.#places.set(name, place);
  }

  drop(name: string): void {
    this.#places.delete(name);
  }

  rename(name: string, newName: string): void {
    const place = this.#places.get(name);
    this.#places.delete(name);
    if (place !== undefined) this.#places.set(newName, place);
  }

  reset(places: readonly (readonly [name: string, place: number])[]): void {
    this.#places = new Map(places);
  }

  /** Gives each name a place, and takes those of others. */
  settle(names: readonly string[]): void {
    for (const name of [...this.#places.keys()]) if (!names.includes(name)) this.#places.delete(name);
    for (const name of names) if (!this.#places.has(name)) this.#places.set(name, this.#firstFree());
  }

  /** For a class that has none yet. */
  freeName(): string {
    const place = this.#firstFree();
    for (let number = place; ; number++) {
      const name = `Class ${number}`;
      if (!this.#places.has(name)) return name;
    }
  }

  #firstFree(): number {
    const taken = new Set(this.#places.values());
    let place = 1;
    while (taken.has(place)) place++;
    return place;
  }
}
