// Replaces a file in one step. The new content is written beside it, so a full disk or a crash leaves the old file whole.

import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { CommandError, reasonOf } from './exit.js';

/** New content of a file. It is in `<file>.incoming` until commit(). All methods throw a CommandError that names the file. */
export class IncomingFile {
  readonly #name: string;
  /** The file to replace. A link to a file stays a link, and its target is replaced. */
  readonly #target: string;
  readonly #incoming: string;
  readonly #descriptor: number;
  #isCommitted = false;
  #isOpen = true;

  constructor(file: string) {
    this.#name = file;
    const old = this.#guard(() => statSync(file, { throwIfNoEntry: false }));
    if (old && !old.isFile())
      throw new CommandError(
        `Can't write ${file}: ${old.isDirectory() ? 'it is a folder' : 'it is not a regular file'}.`,
      );
    this.#target = old ? this.#guard(() => realpathSync(file)) : file;
    this.#incoming = `${this.#target}.incoming`;
    this.#descriptor = this.#guard(() => open(this.#incoming, old));
  }

  /** Appends bytes or text. After a failure, the part that was written is removed, unless commit() was called before. */
  write(content: Uint8Array | string): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.#guard(() => {
      // A disk that becomes full may take a part of the bytes without an error.
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
    });
  }

  /** Puts the new content in the place of the old file. Later calls of write() append to it. */
  commit(): void {
    this.#guard(() => {
      fsyncSync(this.#descriptor);
      if (lstatSync(this.#incoming).ino !== fstatSync(this.#descriptor).ino)
        throw new Error('another process writes it at the same time');
      renameSync(this.#incoming, this.#target);
    });
    this.#isCommitted = true;
  }

  /** Closes the file. Without commit(), the old file stays as it is. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
    if (!this.#isCommitted) rmSync(this.#incoming, { force: true });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (this.#descriptor !== undefined && !this.#isCommitted) this.close();
      throw new CommandError(`Can't write ${this.#name}: ${reasonOf(cause)}.`, undefined, { cause });
    }
  }
}

function open(incoming: string, old: Stats | undefined): number {
  // What a killed run left there is removed. So is a link, which could lead to any file.
  rmSync(incoming, { force: true });
  const descriptor = openSync(incoming, 'wx');
  if (old) fchmodSync(descriptor, old.mode & 0o777);
  return descriptor;
}

/** Replaces a file in one step. @throws CommandError when it can't be written; the old file is then as before */
export function replaceFile(file: string, content: Uint8Array | string): void {
  const incoming = new IncomingFile(file);
  try {
    incoming.write(content);
    incoming.commit();
  } finally {
    incoming.close();
  }
}
