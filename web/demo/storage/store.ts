// The browser's database, where the data set waits for the next visit. Each network has one record with the data set's file, and a
// journal of the changes since then. So an example is stored without writing all others again.

import {
  type DatabaseRecord,
  type FoundEntry,
  type JournalEntry,
  positionOf,
  type RawRecord,
  readRecord,
  type StoredDataset,
  type StoredPosition,
  versionOf,
} from './stored-record.js';

/** Thrown when another tab has saved since this tab last read or wrote the record. */
export class ConflictError extends Error {}

/** Thrown when the record is gone: the browser or the visitor has cleared the site's data. */
export class MissingRecordError extends Error {}

// The first two names must stay, because visitors have such databases.
const databaseName = 'teachable-machine';
const recordStore = 'lessons';
/** Entries by [network, version of the record, sequence]. */
const journalStore = 'journal';
/** Damaged records by [network, time], until the visitor discards them. */
const damagedStore = 'damaged';
const allStores = [recordStore, journalStore, damagedStore];
/** Some browsers never answer in a private window. */
const openTimeoutMs = 8000;

/**
 * WebKit stores no Blob in a private window, and a transaction that tries may wait forever. Bytes are stored everywhere, but have to be in
 * memory. Chromium's name has WebKit in it, too.
 */
function storesBlobs(): boolean {
  return !/AppleWebKit\//.test(navigator.userAgent) || /Chrom(e|ium)\//.test(navigator.userAgent);
}

/** The records of all networks, by the network's id. */
export class DatasetStore {
  #opening: Promise<IDBDatabase> | null = null;

  /** Returns the stored data set, or undefined when there is none. Throws UnreadableRecord. */
  async read(key: string): Promise<StoredDataset | undefined> {
    return readRecord(await this.#readRaw(key));
  }

  /** Returns what this tab would know after reading. */
  async position(key: string): Promise<StoredPosition> {
    return positionOf(await this.#readRaw(key));
  }

  async keys(): Promise<string[]> {
    const keys = await this.#run([recordStore], 'readonly', (stores) => stores[recordStore]!.getAllKeys());
    return keys.map(String);
  }

  /** Replaces record and journal if their version is `expected`; 0 means no record. Throws ConflictError otherwise. */
  async write(
    key: string,
    record: DatabaseRecord & { file: Blob },
    changes: readonly JournalEntry[],
    expected: StoredPosition,
  ): Promise<void> {
    const file = storesBlobs() ? record.file : await record.file.arrayBuffer();
    const stored: DatabaseRecord = { ...record, file };
    let hasConflict = false;
    await this.#run([recordStore, journalStore], 'readwrite', (stores) => {
      const reading = stores[recordStore]!.get(key);
      const counting = stores[journalStore]!.count(journalOf(key, expected.version));
      counting.onsuccess = () => {
        // When the record is gone, there is nothing that could be overwritten.
        hasConflict =
          reading.result !== undefined &&
          (versionOf(reading.result) !== expected.version || counting.result > expected.sequence);
        if (hasConflict) return;
        stores[journalStore]!.delete(journalOf(key));
        changes.forEach((entry, index) => stores[journalStore]!.add(entry, [key, record.version, index]));
        stores[recordStore]!.put(stored, key);
      };
      return reading;
    });
    if (hasConflict) throw new ConflictError();
  }

  /** Adds an entry to the journal, as number `expected.sequence`. Throws ConflictError or MissingRecordError. */
  async append(key: string, entry: JournalEntry, expected: StoredPosition): Promise<void> {
    let found: unknown;
    try {
      await this.#run([recordStore, journalStore], 'readwrite', (stores, transaction) => {
        const reading = stores[recordStore]!.get(key);
        reading.onsuccess = () => {
          found = reading.result;
          if (versionOf(found) !== expected.version) transaction.abort();
          else stores[journalStore]!.add(entry, [key, expected.version, expected.sequence]);
        };
        return reading;
      });
    } catch (error) {
      if (found === undefined && (error as Error).name === 'AbortError') throw new MissingRecordError();
      const isTaken = (error as Error).name === 'ConstraintError';
      if (isTaken || (found !== undefined && versionOf(found) !== expected.version)) throw new ConflictError();
      throw error;
    }
  }

  /** Keeps a copy of a damaged record. */
  async keepDamaged(key: string, raw: RawRecord & { damages: string[] }): Promise<void> {
    await this.#run([damagedStore], 'readwrite', (stores) => stores[damagedStore]!.put(raw, [key, Date.now()]));
  }

  /** Returns the damaged records of a network. */
  async damaged(key: string): Promise<unknown[]> {
    return this.#run([damagedStore], 'readonly', (stores) => stores[damagedStore]!.getAll(journalOf(key)));
  }

  async discardDamaged(key: string): Promise<void> {
    await this.#run([damagedStore], 'readwrite', (stores) => stores[damagedStore]!.delete(journalOf(key)));
  }

  async #readRaw(key: string): Promise<RawRecord> {
    const journal: FoundEntry[] = [];
    const record: unknown = await this.#run([recordStore, journalStore], 'readonly', (stores) => {
      const scanning = stores[journalStore]!.openCursor(journalOf(key));
      scanning.onsuccess = () => {
        const cursor = scanning.result;
        if (!cursor) return;
        const [, version, sequence] = cursor.key as [string, number, number];
        journal.push({ version, sequence, value: cursor.value });
        cursor.continue();
      };
      return stores[recordStore]!.get(key);
    });
    return { record, journal };
  }

  /** Runs one transaction and waits until it is complete. */
  async #run<T>(
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
function journalOf(...parts: (string | number)[]): IDBKeyRange {
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
