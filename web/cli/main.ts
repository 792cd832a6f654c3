// The `teachable-wasm` program: finds the command, runs it, and turns a failure into one sentence and an exit code.

import { createRequire } from 'node:module';
import { type Command, helpOf, overviewOf, parse } from './command-line.js';
import { convertCommand } from './convert-command.js';
import { embedCommand } from './embed-command.js';
import { evaluateCommand } from './evaluate-command.js';
import { CommandError, type ExitCode, exitCodes, reasonOf } from './exit.js';
import { inspectCommand } from './inspect-command.js';
import { Output } from './output.js';

const commands: readonly Command[] = [inspectCommand, convertCommand, embedCommand, evaluateCommand];

async function run(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    out.lines(overviewOf(commands));
    return exitCodes.done;
  }
  if (name === '--version') {
    const { version } = createRequire(import.meta.url)('teachable-wasm/package.json') as { version: string };
    out.line(version);
    return exitCodes.done;
  }
  const command = commands.find((each) => each.name === name);
  if (!command) {
    const problem = name === undefined ? 'A command is missing.' : `Unknown command '${name}'.`;
    throw new CommandError(
      `${problem} Commands: ${commands.map((each) => each.name).join(', ')}. Run 'teachable-wasm --help' for an explanation.`,
      exitCodes.usage,
    );
  }
  const { argument, values } = parse(command, rest);
  if (values['help']) {
    out.lines(helpOf(command));
    return exitCodes.done;
  }
  return command.run({ argument: argument!, values, out, err, signal });
}

/** Returns a signal that aborts on the first Ctrl+C or SIGTERM. The second one ends the process at once. */
function abortOnInterrupt(): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(exitCodes.interrupted);
      abort.abort(new CommandError('Interrupted.', exitCodes.interrupted));
    });
  }
  return abort.signal;
}

/** Returns the error to report. A command that was interrupted did not fail: 'aborted' becomes the interruption itself. */
function toReported(error: unknown): unknown {
  const { code } = Object(error) as { code?: unknown };
  return signal.aborted && code === 'aborted' ? signal.reason : error;
}

/** Ends the process with the message of an error and its exit code. */
function report(thrown: unknown): void {
  const error = toReported(thrown);
  if (args.includes('--debug') && error instanceof Error) err.lines(describe(error));
  else err.line(`teachable-wasm: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof CommandError ? error.exitCode : exitCodes.failed;
}

/** Returns an error's message, stack trace and causes, as lines. */
function describe(error: Error): string[] {
  const [message, stack] = [error.message, error.stack ?? ''];
  const at = message === '' ? -1 : stack.indexOf(message);
  const first = at < 0 ? message : stack.slice(0, at) + message;
  const frames = at < 0 ? stack : stack.slice(at + message.length);
  const cause = error.cause instanceof Error ? describe(error.cause) : [];
  return [
    first,
    ...frames.split('\n').filter(Boolean),
    ...cause.map((line, i) => (i === 0 ? `Caused by: ${line}` : line)),
  ];
}

// `teachable-wasm … | head` closes standard output early. This is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  err.line(`teachable-wasm: Can't write the result: ${reasonOf(error)}.`);
  process.exit(exitCodes.failed);
});
// Nobody can be told that standard error can't be written.
process.stderr.on('error', () => {});
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (error: unknown) => {
    report(error);
    process.exit(exitCodes.failed);
  });

const args = process.argv.slice(2);
const out = new Output(process.stdout);
const err = new Output(process.stderr);
const signal = abortOnInterrupt();
await run(args).then((code) => {
  process.exitCode = code;
}, report);
