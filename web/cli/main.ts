// The `teachable-wasm` program: finds the command, runs it, and turns a failure into one sentence and an exit code.

import { createRequire } from 'node:module';
import { type Command, helpOf, overviewOf, parse } from './command-line.js';
import { convertCommand } from './convert-command.js';
import { embedCommand } from './embed-command.js';
import { evaluateCommand } from './evaluate-command.js';
import { CommandError, type ExitCode, exitCodes } from './exit.js';
import { inspectCommand } from './inspect-command.js';
import { visible } from './visible.js';

const commands: readonly Command[] = [inspectCommand, convertCommand, embedCommand, evaluateCommand];

async function run(args: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overviewOf(commands));
    return exitCodes.done;
  }
  if (name === '--version') {
    const { version } = createRequire(import.meta.url)('teachable-wasm/package.json') as { version: string };
    process.stdout.write(`${version}\n`);
    return exitCodes.done;
  }
  const command = commands.find((each) => each.name === name);
  if (!command) {
    const problem = name === undefined ? 'A command is missing.' : `Unknown command '${visible(name)}'.`;
    throw new CommandError(
      `${problem} Commands: ${commands.map((each) => each.name).join(', ')}. Run 'teachable-wasm --help' for an explanation.`,
      exitCodes.usage,
    );
  }
  const { argument, values } = parse(command, rest);
  if (values['help']) {
    process.stdout.write(helpOf(command));
    return exitCodes.done;
  }
  return command.run({ argument: argument!, values, out: process.stdout, err: process.stderr, signal });
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

// `teachable-wasm … | head` closes standard output early. This is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  throw error;
});

const args = process.argv.slice(2);
const signal = abortOnInterrupt();
try {
  process.exitCode = await run(args);
} catch (thrown) {
  const error = toReported(thrown);
  process.stderr.write(
    `${args.includes('--debug') && error instanceof Error ? describe(error) : `teachable-wasm: ${error instanceof Error ? error.message : String(error)}`}\n`,
  );
  process.exitCode = error instanceof CommandError ? error.exitCode : exitCodes.failed;
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${describe(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
