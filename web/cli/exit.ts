// Exit codes and the errors that lead to them.

/** Exit codes of the process. */
export const exitCodes = {
  /** The command did all that was asked for. */
  done: 0,
  /** The command produced no result. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The command is done but skipped pictures. Each one is named on standard error. */
  skipped: 3,
  /** The command was interrupted by Ctrl+C or SIGTERM. The same command continues where it stopped. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Error that the user can fix. Its message is shown without a stack trace. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = exitCodes.failed, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** Returns the reason why a file can't be used, as part of a sentence. */
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
    case 'EDQUOT':
      return 'the disk quota is used up';
    case 'EFBIG':
      return 'the file becomes larger than this system allows';
    case 'EROFS':
      return 'the disk is read-only';
    default:
      return message ?? String(error);
  }
}
