// Where the command writes: standard output and standard error, as lines of printable text. No other file writes to them.

import { printable, printableJson } from './printable.js';

export interface OutputStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const clearLine = '\r\x1b[K';
const defaultColumns = 80;

export class Output {
  readonly #stream: OutputStream;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** Returns true for a terminal, on which redraw() works. */
  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Writes one line. A line break within the text is replaced, so a name can't look like a line of its own. */
  line(text: string): void {
    this.#stream.write(`${printable(text)}\n`);
  }

  lines(texts: readonly string[]): void {
    for (const text of texts) this.line(text);
  }

  json(value: unknown): void {
    this.#stream.write(`${printableJson(value, 2)}\n`);
  }

  /** Replaces the terminal's last line by as much of the text as fits. An empty text clears it. */
  redraw(text: string): void {
    const width = Math.max(20, (this.#stream.columns || defaultColumns) - 1);
    this.#stream.write(`${clearLine}${printable(text).slice(0, width)}`);
  }
}
