// Which class the next frame teaches. A tap that is shorter than a frame still teaches one.

export class Recorder {
  /** Held classes, the latest last. */
  #held: string[] = [];
  /** Pressed and not yet given a frame. */
  #owed: string[] = [];

  press(id: string): void {
    this.#held.push(id);
    this.#owed.push(id);
  }

  release(id: string): void {
    this.#held = this.#held.filter((each) => each !== id);
  }

  /** Presses that found nothing to record are forgotten. */
  drop(): void {
    this.#owed = [];
  }

  /** The class for the frame that is taken now. */
  next(): string | undefined {
    return this.#owed.shift() ?? this.#held.at(-1);
  }
}
