// How the project's commands report: numbered steps with their duration, and one message when something is wrong.
// This file uses Node's own modules only, because it runs before the Node packages are installed.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** An error that the user of a command can correct. Its message is all that they need to see. */
export class Failure extends Error {}

export function fail(message) {
  throw new Failure(message);
}

/** Runs a command's main function. A Failure ends the process with its message, any other error with a stack trace. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof Failure ? `\n${error.message}` : error);
    process.exit(1);
  }
}

/** Prints a line while steps may run. On a terminal, it first clears the line that shows the running steps. */
export function print(text, stream = process.stdout) {
  stream.write(`${process.stdout.isTTY ? '\r\x1b[K' : ''}${text}\n`);
}

const minNodeVersion = 20;

export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < minNodeVersion) {
    fail(`Node ${process.versions.node} is too old. Install Node ${minNodeVersion} or newer.`);
  }
}

/**
 * Prints numbered steps. Several steps may run at the same time.
 *
 * On a terminal, one line at the bottom shows the running steps and what each last reported. It is replaced by
 * `[2/5] title (12.3 s)` when a step ends. Without a terminal, a step prints its title when it starts, and a line every
 * 30 seconds shows that the command still runs.
 */
export class Steps {
  #total;
  #count = 0;
  #running = new Set();
  #timer;
  #terminal = process.stdout.isTTY;

  constructor(total) {
    this.#total = total;
  }

  /** Runs `work(report)` as the next step and returns its result. `report(text)` sets the text beside the title. */
  async step(title, work) {
    this.#count += 1;
    const step = { heading: `[${this.#count}/${this.#total}] ${title}`, title, state: '', start: Date.now() };
    this.#begin(step);
    let outcome = 'failed after ';
    try {
      const result = await work((text) => {
        step.state = text;
      });
      outcome = '';
      return result;
    } finally {
      this.#end(step, outcome);
    }
  }

  #begin(step) {
    this.#running.add(step);
    if (!this.#terminal) console.log(step.heading);
    this.#timer ??= setInterval(() => this.#show(), this.#terminal ? 500 : 30_000);
    if (this.#terminal) this.#show();
  }

  #end(step, outcome) {
    this.#running.delete(step);
    const duration = Date.now() - step.start;
    const seconds = `${outcome}${(duration / 1000).toFixed(1)} s`;
    if (this.#terminal) process.stdout.write(`\r\x1b[K${step.heading} (${seconds})\n`);
    else if (outcome || duration > 5000) console.log(`     ${step.title}: ${seconds}`);
    if (this.#running.size > 0) {
      if (this.#terminal) this.#show();
      return;
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #show() {
    const texts = [...this.#running].map(({ heading, title, state, start }) => {
      const seconds = `${Math.round((Date.now() - start) / 1000)} s`;
      return `${this.#terminal ? heading : title}: ${[state, seconds].filter(Boolean).join(', ')}`;
    });
    if (!this.#terminal) for (const text of texts) console.log(`     ... ${text}`);
    else process.stdout.write(`\r\x1b[K${texts.join('  ').slice(0, (process.stdout.columns || 80) - 1)}`);
  }
}

/**
 * Runs lists of steps side by side, and then the steps of `last` one after the other. All steps are [title, work] pairs.
 * After a failure, running steps are completed and no further step starts. Throws the first error.
 */
export async function runLists(lists, last = []) {
  const steps = new Steps(lists.flat().length + last.length);
  const errors = [];
  const runList = async (list) => {
    for (const [title, work] of list) {
      if (errors.length > 0) return;
      await steps.step(title, work).catch((error) => errors.push(error));
    }
  };
  await Promise.all(lists.map(runList));
  await runList(last);
  if (errors.length > 0) throw errors[0];
}

/**
 * Runs a program and returns its standard output. `options.log` names a file that receives all of its output. When the
 * program fails, the last lines of its output are part of the Failure. `options.onLine` is called with each line.
 */
export function run(program, args, options = {}) {
  const { cwd = projectFolder, env = {}, log, onLine, allowFailure = false } = options;
  if (log) mkdirSync(dirname(log), { recursive: true });
  const file = log && createWriteStream(log, { flags: 'a' });
  file?.write(`$ ${program} ${args.join(' ')}\n`);
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let everything = '';
    const take = (chunk) => {
      everything = (everything + chunk).slice(-20_000);
      file?.write(chunk);
      if (onLine) for (const line of chunk.split(/[\r\n]+/)) if (line) onLine(line);
    };
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
      take(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => {
      file?.end();
      failed(
        new Failure(
          error.code === 'ENOENT' ? `${program} is not installed.` : `${program} could not be run: ${error.message}.`,
        ),
      );
    });
    child.on('close', (status, signal) => {
      file?.end();
      if (status === 0 || allowFailure) return done(allowFailure ? { status, signal, output, everything } : output);
      const tail = everything.trim().split('\n').slice(-25).join('\n');
      const where = log ? ` Its whole output is in ${relative(projectFolder, log)}.` : '';
      const failure = new Failure(`${tail}\n\n${program} failed with ${signal ?? `status ${status}`}.${where}`);
      failure.output = everything;
      failed(failure);
    });
  });
}
