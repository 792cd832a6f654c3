// How a command ends.

/** Exit codes of the process. */
export const exitCodes = {
  done: 0,
  /** Nothing of what was asked for was made. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** Done, but pictures were left out: each is named on stderr. */
  skipped: 3,
  /** Ctrl+C or SIGTERM: the same command goes on where it was. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A mistake that its reader can mend: its message is all that they need to see. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.failed, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** The reason why a file can't be used, as a part of a sentence. */
export function reasonOf(error: unknown): string {
  const { code, message } = Object(error) as { code?: string; message?: string };
  switch (code) {
    case 'ENOENT':
      return 'it does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'access is denied';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'it is not a folder';
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return message ?? String(error);
  }
}
