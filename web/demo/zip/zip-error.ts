// Errors of zip files. The page shows a sentence for each code, in the visitor's language.

/**
 * Fault of a zip file or of a file in it:
 *
 * - `not-zip`: the file is no zip file, or its end is missing
 * - `damaged`: lengths or checksums in it contradict each other
 * - `zip64`: it is in the format for more than 4 GB, or a file in it is
 * - `encrypted`: it needs a password
 * - `method`: it is compressed in another way than Deflate
 * - `split`: it is one part of several
 * - `too-many`: it contains more files than the limit
 * - `too-large`: what it contains is larger than the limit, or than it says
 * - `no-inflate`: this browser cannot decompress
 */
export type ZipProblem =
  | 'not-zip'
  | 'damaged'
  | 'zip64'
  | 'encrypted'
  | 'method'
  | 'split'
  | 'too-many'
  | 'too-large'
  | 'no-inflate';

/** Error of a zip file. The message names the code, for developers. */
export class ZipError extends Error {
  readonly problem: ZipProblem;

  constructor(problem: ZipProblem, options?: ErrorOptions) {
    super(`zip: ${problem}`, options);
    this.name = 'ZipError';
    this.problem = problem;
  }
}
