// Programs that a test file starts, such as a browser and its driver.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Signals that end a test file. */
const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/** Processes of one browser. They end with the test file. */
export class Processes {
  #running = new Set();

  #packages;

  /** @param {string} packages Debian packages that have the programs, for error messages. */
  constructor(packages) {
    this.#packages = packages;
    process.once('exit', this.#killAll);
    for (const signal of signals) process.once(signal, this.#endAll);
  }

  /**
   * Starts a program.
   * @param {string} name
   * @param {string[]} args
   * @param {object} env Additional environment variables.
   * @param {{answers?: number}} [options] `answers`: the number of the file descriptor to which the program writes a line when it is ready.
   * @returns {Promise<string>} this line
   */
  async start(name, args, env, { answers } = {}) {
    const stdio = ['ignore', 'ignore', 'ignore', 'ignore'];
    if (answers !== undefined) stdio[answers] = 'pipe';
    // Each has a process group of its own, which also ends the processes that it starts.
    const child = spawn(name, args, { stdio, env: { ...process.env, ...env }, detached: true });
    child.unref();
    this.#running.add(child);
    const failed = once(child, 'error').then(([error]) => {
      throw new Error(`${name} did not start: ${error.message}. On Debian, install ${this.#packages}.`);
    });
    failed.catch(() => {});
    await Promise.race([once(child, 'spawn'), failed]);
    child.once('exit', () => this.#running.delete(child));
    if (answers === undefined) return '';
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${name} ended before it was ready.`);
    });
    ended.catch(() => {});
    // The whole line: a pipe that closes earlier ends the program.
    const [line] = await Promise.race([once(createInterface(child.stdio[answers]), 'line'), ended]);
    return line;
  }

  #killAll = () => {
    for (const { pid } of this.#running) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended in the meantime.
      }
    }
  };

  #endAll = () => process.exit(1);

  /** Ends all processes, and those that they have started. */
  async end() {
    const ends = [...this.#running].map((child) => {
      child.ref();
      return once(child, 'exit');
    });
    this.#killAll();
    await Promise.all(ends);
    process.off('exit', this.#killAll);
    for (const signal of signals) process.off(signal, this.#endAll);
  }
}
