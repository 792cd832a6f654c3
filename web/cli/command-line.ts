// Parses a command's arguments and options, and formats its help.

import { parseArgs } from 'node:util';
import { CommandError, type ExitCode, exitCodes } from './exit.js';
import type { Output } from './output.js';

export interface OptionSpec {
  /** Placeholder for the value in the help, such as FILE. An option without one is a switch. */
  value?: string;
  help: string;
}

export type Values = Record<string, string | boolean | undefined>;

/** One call of a command: its parsed command line, its streams and its abort signal. */
export interface Call {
  /** The one argument that is not an option. */
  argument: string;
  /** Values of the options, by name. Options that were not given are missing. */
  values: Values;
  /** For results. */
  out: Output;
  /** For progress, notes and errors. */
  err: Output;
  /** Aborts long work. The command then leaves a state from which its next call continues. */
  signal: AbortSignal;
}

export interface Command {
  name: string;
  /** Name of the command's one argument in the help, such as DIR. */
  argument: string;
  /** One sentence for the list of commands. */
  summary: string;
  /** Further lines that --help shows after the summary. */
  details: string;
  options: Record<string, OptionSpec>;
  run(call: Call): Promise<ExitCode>;
}

/** Options that every command has. */
const commonOptions: Record<string, OptionSpec> = {
  debug: { help: 'show errors with their stack trace' },
  help: { help: 'show this help' },
};

/**
 * Parses the arguments that follow the command's name. `argument` is undefined only with --help.
 * @throws CommandError with exit code 2 when the command line is wrong
 */
export function parse(command: Command, args: readonly string[]): { argument: string | undefined; values: Values } {
  const specs = { ...command.options, ...commonOptions };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const) },
    ]),
  );
  const hint = `Run 'teachable-wasm ${command.name} --help' for all options.`;
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    const name = /'(-[^' ]*)/.exec(message)?.[1] ?? '';
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw new CommandError(`Unknown option '${name}'. ${hint}`, exitCodes.usage, { cause });
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
      const value = specs[name.replace(/^--/, '')]?.value;
      throw new CommandError(
        `The option '${name}' ${value ? `needs a value: ${name} ${value}` : 'takes no value'}. ${hint}`,
        exitCodes.usage,
        { cause },
      );
    }
    throw new CommandError(`${message} ${hint}`, exitCodes.usage, { cause });
  }
  const { values, positionals } = parsed;
  if (!values['help']) {
    if (positionals.length === 0)
      throw new CommandError(
        `The command '${command.name}' needs the argument ${command.argument}. ${hint}`,
        exitCodes.usage,
      );
    if (positionals.length > 1)
      throw new CommandError(
        `The command '${command.name}' takes one argument; got ${positionals.map((each) => `'${each}'`).join(', ')}. ${hint}`,
        exitCodes.usage,
      );
  }
  return { argument: positionals[0], values };
}

/**
 * Returns the value of an option that is a count, or undefined when the option was not given.
 * @throws CommandError with exit code 2 unless the value is a whole number from 1 to `max`
 */
export function toCount(values: Values, name: string, max = Number.MAX_SAFE_INTEGER): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^\d+$/.test(String(text)) || count < 1 || count > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? 'of at least 1' : `from 1 to ${max}`;
    throw new CommandError(
      `The option --${name} must be a whole number ${range}; got '${String(text)}'.`,
      exitCodes.usage,
    );
  }
  return count;
}

/**
 * Returns the value of an option that is a list of counts, such as '1,5,20', or undefined when the option was not given.
 * @throws CommandError with exit code 2 unless all are whole numbers of at least 1
 */
export function toCounts(values: Values, name: string): number[] | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  return String(text)
    .split(',')
    .map((part) => toCount({ [name]: part.trim() }, name)!);
}

/** Returns the help of one command, as lines. */
export function helpOf(command: Command): string[] {
  const rows = Object.entries({ ...command.options, ...commonOptions }).map(
    ([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ''}`, help] as const,
  );
  return `Usage: teachable-wasm ${command.name} ${command.argument} [options]\n\n${command.summary}\n${command.details}\n\nOptions:\n${toTable(rows)}`.split(
    '\n',
  );
}

/** Returns the help of the program, as lines: its commands and exit codes. */
export function overviewOf(commands: readonly Command[]): string[] {
  const rows = commands.map(({ name, argument, summary }) => [`${name} ${argument}`, summary] as const);
  const codes = [
    ['0', 'done'],
    ['1', 'failed'],
    ['2', 'wrong command line'],
    ['3', 'done, but some pictures were skipped'],
    ['130', 'interrupted; run the same command again to continue'],
  ] as const;
  return `Usage: teachable-wasm COMMAND ...\n\nCommands:\n${toTable(rows)}\n\nRun 'teachable-wasm COMMAND --help' for the options of a command, or 'teachable-wasm --version' for the version.\n\nExit codes:\n${toTable(codes)}`.split(
    '\n',
  );
}

function toTable(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const indent = ' '.repeat(width + 4);
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right.replaceAll('\n', `\n${indent}`)}`).join('\n');
}
