// The browser's database, where the data set waits for the next visit. It has one record for each network.

import type { SlotEntry } from '../dataset/slots.js';

/** The stored data set of one network. */
export interface StoredDataset {
  /** Grows by 1 with each save. */
  version: number;
  /** The data set file, including thumbnails. */
  file: Blob;
  /** The slot of each class. */
  slots: SlotEntry[];
}

/** The stored form. Its field names must stay, because visitors have such records in their browsers. */
interface DatabaseRecord {
  version: number;
  file: Blob;
  places: SlotEntry[];
}

/** Thrown when another tab has saved since this tab last read or wrote the record. */
export class ConflictError extends Error {}

// These two names must stay, too.
const databaseName = 'teachable-machine';
const storeName = 'lessons';
/** Some browsers never answer in a private window. */
const openTimeoutMs = 8000;

/** The records of all networks, by the network's id. */
export class DatasetStore {
  #opening: Promise<IDBDatabase> | null = null;

  async read(key: string): Promise<StoredDataset | undefined> {
    const record = await this.#run('readonly', (store) => store.get(key) as IDBRequest<DatabaseRecord | undefined>);
    return record && { version: record.version, file: record.file, slots: record.places };
  }

  async keys(): Promise<string[]> {
    return this.#run('readonly', (store) => store.getAllKeys() as IDBRequest<string[]>);
  }

  /** Replaces the record if its version is `expectedVersion`; 0 means that there is no record. Throws ConflictError otherwise. */
  async write(key: string, { version, file, slots }: StoredDataset, expectedVersion: number): Promise<void> {
    const record: DatabaseRecord = { version, file, places: slots };
    const found = await this.#run('readwrite', (store) => {
      const reading = store.get(key) as IDBRequest<DatabaseRecord | undefined>;
      reading.onsuccess = () => {
        if ((reading.result?.version ?? 0) === expectedVersion) store.put(record, key);
      };
      return reading;
    });
    if ((found?.version ?? 0) !== expectedVersion) throw new ConflictError();
  }

  /** Runs one transaction and waits until it is complete. */
  async #run<T>(mode: IDBTransactionMode, body: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await this.#open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, mode);
      const request = body(transaction.objectStore(storeName));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException('The database transaction was aborted.', 'AbortError'));
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#opening ??= openDatabase(() => (this.#opening = null)).catch((error) => {
      // The next call tries again.
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }
}

function openDatabase(onClose: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName, 1);
    const timer = setTimeout(
      () => reject(new DOMException("The browser's database does not answer.", 'TimeoutError')),
      openTimeoutMs,
    );
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      clearTimeout(timer);
      const database = request.result;
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
