// How every command of the project speaks: numbered steps, the time that the long ones took, and one sentence when
// something is wrong. Uses nothing but Node, because it runs before `npm ci`.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A mistake that its reader can mend: its message is all that they need to see. */
export class Failure extends Error {}

export function fail(sentence) {
  throw new Failure(sentence);
}

/** Runs a command's main function: a Failure ends it with its sentence, anything else with a stack. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof Failure ? `\n${error.message}` : error);
    process.exit(1);
  }
}

const newestNodeUnsupported = 19;

export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major <= newestNodeUnsupported) {
    fail(`Node ${process.versions.node} is too old: please use Node ${newestNodeUnsupported + 1} or newer.`);
  }
}

/**
 * Prints numbered steps: `[2/5] title`, while it runs what `report` was last called with, and the time at the end.
 * On a terminal the line is rewritten; elsewhere a line comes every half minute, so that a log shows life.
 */
export class Steps {
  #total;
  #count = 0;

  constructor(total) {
    this.#total = total;
  }

  async step(title, work) {
    this.#count += 1;
    const heading = `[${this.#count}/${this.#total}] ${title}`;
    const start = Date.now();
    const terminal = process.stdout.isTTY;
    let state = '';
    const show = () => {
      const seconds = Math.round((Date.now() - start) / 1000);
      const line = `${terminal ? heading : '     ...'} ${[state, `${seconds} s`].filter(Boolean).join(', ')}`;
      process.stdout.write(terminal ? `\r\x1b[K${line.slice(0, process.stdout.columns - 1)}` : `${line}\n`);
    };
    if (terminal) show();
    else console.log(heading);
    const timer = setInterval(show, terminal ? 500 : 30_000);
    try {
      return await work((text) => (state = text));
    } finally {
      clearInterval(timer);
      const took = `${((Date.now() - start) / 1000).toFixed(1)} s`;
      if (terminal) process.stdout.write(`\r\x1b[K${heading} (${took})\n`);
      else if (Date.now() - start > 5000) console.log(`     took ${took}`);
    }
  }
}

/**
 * Runs a program and gives its standard output. Everything it prints goes to `options.log`; when it fails, the end of
 * that is part of the Failure. `options.onLine` sees each line as it comes.
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
      failed(new Failure(error.code === 'ENOENT' ? `${program} is not installed.` : `${program}: ${error.message}`));
    });
    child.on('close', (status, signal) => {
      file?.end();
      if (status === 0 || allowFailure) return done(allowFailure ? { status, signal, output, everything } : output);
      const tail = everything.trim().split('\n').slice(-25).join('\n');
      const where = log ? ` (all of it: ${relative(projectFolder, log)})` : '';
      const failure = new Failure(`${tail}\n\n${program} failed with ${signal ?? `status ${status}`}${where}.`);
      failure.output = everything;
      failed(failure);
    });
  });
}
