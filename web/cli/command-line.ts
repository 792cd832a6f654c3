// Words of the command line to a command's options, and the help that lists them.

import { parseArgs } from 'node:util';
import { CommandError, type ExitCode, exitCodes } from './exit.js';

export interface OptionSpec {
  /** What stands for the value in the help. Without it the option is a switch. */
  value?: string;
  help: string;
}

export type Values = Record<string, string | boolean | undefined>;

/** What a command gets to work with. */
export interface Call {
  /** The argument that isn't an option. */
  subject: string;
  values: Values;
  /** Results. */
  out: NodeJS.WritableStream;
  /** Progress, notes and errors. */
  err: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  /** Ends what takes long, in a state that can be gone on from. */
  signal: AbortSignal;
}

export interface Command {
  name: string;
  /** What its one argument is called. */
  subject: string;
  summary: string;
  /** More lines for --help. */
  details: string;
  options: Record<string, OptionSpec>;
  run(call: Call): Promise<ExitCode>;
}

/** Options of every command. */
const always: Record<string, OptionSpec> = {
  debug: { help: 'show the whole error with its stack' },
  help: { help: 'show this' },
};

/** @throws CommandError with exit code 2 */
export function parse(command: Command, words: readonly string[]): { subject: string | undefined; values: Values } {
  const specs = { ...command.options, ...always };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const) },
    ]),
  );
  const hint = `'teachable-wasm ${command.name} --help' shows what there is.`;
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    const name = /'(-[^' ]*)/.exec(message)?.[1] ?? '';
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION')
      throw new CommandError(`There is no option '${name}'. ${hint}`, exitCodes.usage, { cause });
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
      const takes = specs[name.replace(/^--/, '')]?.value;
      throw new CommandError(
        `The option '${name}' ${takes ? `needs a value: ${name} ${takes}` : 'takes no value'}. ${hint}`,
        exitCodes.usage,
        { cause },
      );
    }
    throw new CommandError(`${message} ${hint}`, exitCodes.usage, { cause });
  }
  const { values, positionals } = parsed;
  if (!values['help']) {
    if (positionals.length === 0)
      throw new CommandError(`'${command.name}' needs ${command.subject}. ${hint}`, exitCodes.usage);
    if (positionals.length > 1)
      throw new CommandError(
        `'${command.name}' takes one argument; got ${positionals.map((each) => `'${each}'`).join(', ')}. ${hint}`,
        exitCodes.usage,
      );
  }
  return { subject: positionals[0], values };
}

/** The value of a count option. @throws CommandError with exit code 2 for anything but a whole number >= 1. */
export function toCount(values: Values, name: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^\d+$/.test(String(text)) || count < 1 || count > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? 'of at least 1' : `from 1 to ${most}`;
    throw new CommandError(`--${name} must be a whole number ${range}; got '${text}'.`, exitCodes.usage);
  }
  return count;
}

export function helpOf(command: Command): string {
  const rows = Object.entries({ ...command.options, ...always }).map(
    ([name, { value, help }]) => [`--${name}${value ? ` ${value}` : ''}`, help] as const,
  );
  return `Usage: teachable-wasm ${command.name} ${command.subject} [options]\n\n${command.summary}\n${command.details}\n\nOptions:\n${table(rows)}\n`;
}

export function overviewOf(commands: readonly Command[]): string {
  const rows = commands.map(({ name, subject, summary }) => [`${name} ${subject}`, summary] as const);
  const codes = [
    ['0', 'done'],
    ['1', 'failed'],
    ['2', 'the command line is wrong'],
    ['3', 'done, but pictures were left out'],
    ['130', 'interrupted; the same command goes on'],
  ] as const;
  return `Usage: teachable-wasm COMMAND ...\n\nCommands:\n${table(rows)}\n\n'teachable-wasm COMMAND --help' explains one. '--version' prints the version.\n\nExit codes:\n${table(codes)}\n`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const indent = ' '.repeat(width + 4);
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right.replaceAll('\n', `\n${indent}`)}`).join('\n');
}
