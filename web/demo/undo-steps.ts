// The last changes, each with its way back.

export interface Step {
  /** What was done, after 'Undone: '. */
  what: string;
  /** Takes it back. */
  back(): Promise<void>;
}

const most = 50;

export class UndoSteps {
  readonly #steps: Step[] = [];
  readonly #onChange: (last: Step | undefined) => void;

  constructor(onChange: (last: Step | undefined) => void) {
    this.#onChange = onChange;
  }

  push(step: Step): void {
    this.#steps.push(step);
    if (this.#steps.length > most) this.#steps.shift();
    this.#onChange(step);
  }

  /** Takes the last change back and gives it; undefined when there is none. When that fails, it can be tried again. */
  async undo(): Promise<Step | undefined> {
    const step = this.#steps.pop();
    if (!step) return undefined;
    try {
      await step.back();
      return step;
    } catch (error) {
      this.#steps.push(step);
      throw error;
    } finally {
      this.#onChange(this.#steps.at(-1));
    }
  }
}
