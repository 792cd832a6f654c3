// The program: finds the command, runs it, and turns what goes wrong into a sentence and an exit code.

import { createRequire } from 'node:module';
import { type Command, helpOf, overviewOf, parse } from './command-line.js';
import { convertCommand } from './convert-command.js';
import { embedCommand } from './embed-command.js';
import { evaluateCommand } from './evaluate-command.js';
import { CommandError, type ExitCode, exitCodes } from './exit.js';
import { inspectCommand } from './inspect-command.js';

const commands: readonly Command[] = [inspectCommand, convertCommand, embedCommand, evaluateCommand];

async function run(words: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = words;
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
    const problem = name === undefined ? 'A command is missing' : `There is no command '${name}'`;
    throw new CommandError(
      `${problem}; there are ${commands.map((each) => each.name).join(', ')}. 'teachable-wasm --help' explains them.`,
      exitCodes.usage,
    );
  }
  const { subject, values } = parse(command, rest);
  if (values['help']) {
    process.stdout.write(helpOf(command));
    return exitCodes.done;
  }
  return command.run({ subject: subject!, values, out: process.stdout, err: process.stderr, signal });
}

/** Aborts on the first Ctrl+C or SIGTERM; the second ends at once. */
function interruption(): AbortSignal {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) process.exit(exitCodes.interrupted);
      abort.abort(new CommandError('Interrupted.', exitCodes.interrupted));
    });
  }
  return abort.signal;
}

/** What is told of a failure. A command that stopped because it was interrupted did not fail. */
function toReported(error: unknown): unknown {
  const { code } = Object(error) as { code?: unknown };
  return signal.aborted && code === 'aborted' ? signal.reason : error;
}

// `teachable-wasm … | head` closes our output early: no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  throw error;
});

const words = process.argv.slice(2);
const signal = interruption();
try {
  process.exitCode = await run(words);
} catch (thrown) {
  const error = toReported(thrown);
  process.stderr.write(
    `${words.includes('--debug') && error instanceof Error ? describe(error) : `teachable-wasm: ${error instanceof Error ? error.message : String(error)}`}\n`,
  );
  process.exitCode = error instanceof CommandError ? error.exitCode : exitCodes.failed;
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\nCaused by: ${describe(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}
