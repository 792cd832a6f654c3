// The connection to the page's database. It lacks nothing after a new version of the page: stores that are missing are added.

import { openDatabase, runTransaction } from './open-database.js';

// The first two names must stay, because visitors have such databases.
const databaseName = 'teachable-machine';
/** Records of data sets by their key; see datasetKey(). */
export const recordStore = 'lessons';
/** Entries by [key, version of the record, sequence]. */
export const journalStore = 'journal';
/** Damaged records by [key, time], until the visitor discards them. */
export const damagedStore = 'damaged';
/** Names and settings of projects, by the project's id. */
export const projectStore = 'projects';
/** Pictures that wait to be taught to another network, by the project's id. */
export const pictureStore = 'pictures';
const allStores = [recordStore, journalStore, damagedStore, projectStore, pictureStore];
/** Some browsers never answer in a private window. */
const openTimeoutMs = 8000;

/** The database of the page. */
export class Database {
  #opening: Promise<IDBDatabase> | null = null;

  /** Runs one transaction and waits until it is complete. */
  async run<T>(
    names: string[],
    mode: IDBTransactionMode,
    body: (stores: Record<string, IDBObjectStore>, transaction: IDBTransaction) => IDBRequest<T>,
  ): Promise<T> {
    return runTransaction(await this.#transaction(names, mode), names, body);
  }

  async #transaction(names: string[], mode: IDBTransactionMode): Promise<IDBTransaction> {
    try {
      return (await this.#open()).transaction(names, mode);
    } catch (error) {
      // The connection has just been closed, or its stores are gone. A new connection shows whether that lasts.
      if (!['InvalidStateError', 'NotFoundError'].includes((error as Error).name)) throw error;
      this.#opening = null;
      return (await this.#open()).transaction(names, mode);
    }
  }

  #open(): Promise<IDBDatabase> {
    const onClose = () => (this.#opening = null);
    this.#opening ??= openDatabase(databaseName, allStores, { timeoutMs: openTimeoutMs, onClose }).catch((error) => {
      // The next call tries again.
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }
}

/** Returns the range of all keys that begin with these parts. An empty array is greater than every number and string. */
export function keysFrom(...parts: (string | number)[]): IDBKeyRange {
  return IDBKeyRange.bound(parts, [...parts, []]);
}
