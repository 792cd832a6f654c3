// The connection to the browser's database. It lacks nothing after a new version of the page: stores that are missing are added.

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
    const transaction = await this.#transaction(names, mode);
    return new Promise((resolve, reject) => {
      const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
      const request = body(stores, transaction);
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException('The database transaction was aborted.', 'AbortError'));
    });
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
    this.#opening ??= openComplete(() => (this.#opening = null)).catch((error) => {
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

/** Opens the database, whatever its version is, and adds the stores that it lacks. */
async function openComplete(onClose: () => void): Promise<IDBDatabase> {
  const database = await open(undefined, onClose);
  if (allStores.every((name) => database.objectStoreNames.contains(name))) return database;
  database.close();
  return open(database.version + 1, onClose);
}

function open(version: number | undefined, onClose: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName, version);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new DOMException("The browser's database does not answer.", 'TimeoutError'));
    }, openTimeoutMs);
    request.onupgradeneeded = () => {
      for (const name of allStores)
        if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      const database = request.result;
      if (isLate) return database.close();
      database.onclose = onClose;
      // An open connection would block a visitor who clears the site's data.
      database.onversionchange = () => {
        database.close();
        onClose();
      };
      resolve(database);
    };
  });
}
