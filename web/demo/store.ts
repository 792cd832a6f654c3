// The browser's own storage, where what was taught waits for the next visit: one record for each network.

/** What is kept of one network's examples. */
export interface Kept {
  /** Grows with each save. */
  version: number;
  /** The data set, thumbnails included. */
  file: Blob;
  /** Which place on the page each class has, by its name. */
  places: [name: string, place: number][];
}

/** Another tab has saved since this one read. */
export class Overtaken extends Error {}

const databaseName = 'teachable-machine';
const storeName = 'lessons';
/** Some browsers never answer in a private window. */
const patienceMs = 8000;

export class Store {
  #opening: Promise<IDBDatabase> | null = null;

  async read(key: string): Promise<Kept | undefined> {
    return this.#run('readonly', (store) => store.get(key) as IDBRequest<Kept | undefined>);
  }

  async keys(): Promise<string[]> {
    return this.#run('readonly', (store) => store.getAllKeys() as IDBRequest<string[]>);
  }

  /** Replaces the record whose version is `expected`, 0 for none. Throws Overtaken when there is another one. */
  async write(key: string, kept: Kept, expected: number): Promise<void> {
    await this.#run('readwrite', (store) => {
      const reading = store.get(key) as IDBRequest<Kept | undefined>;
      reading.onsuccess = () => {
        if ((reading.result?.version ?? 0) === expected) store.put(kept, key);
      };
      return reading;
    }).then((found) => {
      if ((found?.version ?? 0) !== expected) throw new Overtaken();
    });
  }

  /** Runs one transaction and waits until what it did is safe. */
  async #run<T>(mode: IDBTransactionMode, body: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const database = await this.#open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, mode);
      const request = body(transaction.objectStore(storeName));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException('The transaction was ended.', 'AbortError'));
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#opening ??= openDatabase(() => (this.#opening = null)).catch((error) => {
      // The next attempt may fare better.
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
      () => reject(new DOMException('The storage does not answer.', 'TimeoutError')),
      patienceMs,
    );
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      clearTimeout(timer);
      const database = request.result;
      database.onclose = onClose;
      // Who clears the site's data shouldn't have to wait for this page.
      database.onversionchange = () => {
        database.close();
        onClose();
      };
      resolve(database);
    };
  });
}
