// The visitor's last changes, each with the way to undo it.

/** A change that can be undone. */
export interface UndoStep {
  /** Noun phrase for the text 'Undone: ...'. */
  description: string;
  /** Takes the change back. */
  undo(): Promise<void>;
}

const maxSteps = 50;

/** A list of at most 50 steps. */
export class UndoHistory {
  readonly #steps: UndoStep[] = [];
  readonly #onChange: (last: UndoStep | undefined) => void;

  /** `onChange` is called with the step that undo() would take back. */
  constructor(onChange: (last: UndoStep | undefined) => void) {
    this.#onChange = onChange;
  }

  push(step: UndoStep): void {
    this.#steps.push(step);
    if (this.#steps.length > maxSteps) this.#steps.shift();
    this.#onChange(step);
  }

  /** Undoes the last change and returns its step, or undefined when there is none. A step that fails can be tried again. */
  async undo(): Promise<UndoStep | undefined> {
    const step = this.#steps.pop();
    if (!step) return undefined;
    try {
      await step.undo();
      return step;
    } catch (error) {
      this.#steps.push(step);
      throw error;
    } finally {
      this.#onChange(this.#steps.at(-1));
    }
  }
}
