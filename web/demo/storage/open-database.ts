// Opens databases of the browser, and runs transactions in them.

/** Settings of a connection. */
export interface ConnectionSettings {
  /** Time in milliseconds after which opening has failed. Some browsers never answer in a private window. */
  timeoutMs: number;
  /** Called when the connection is closed by something else than close(). */
  onClose?(): void;
}

/**
 * Opens a database, whatever its version is, and adds the stores that it lacks.
 * @throws {DOMException} 'TimeoutError' when the browser does not answer, otherwise the error of the browser.
 */
export async function openDatabase(
  name: string,
  stores: readonly string[],
  settings: ConnectionSettings,
): Promise<IDBDatabase> {
  const database = await open(name, undefined, stores, settings);
  if (stores.every((each) => database.objectStoreNames.contains(each))) return database;
  database.close();
  return open(name, database.version + 1, stores, settings);
}

/** Calls `body` with the stores of a transaction, and waits until it is complete. Resolves to the result of the request. */
export function runTransaction<T>(
  transaction: IDBTransaction,
  names: readonly string[],
  body: (stores: Record<string, IDBObjectStore>, transaction: IDBTransaction) => IDBRequest<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = body(Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)])), transaction);
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () =>
      reject(transaction.error ?? new DOMException('The database transaction was aborted.', 'AbortError'));
  });
}

function open(
  name: string,
  version: number | undefined,
  stores: readonly string[],
  { timeoutMs, onClose }: ConnectionSettings,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new DOMException("The browser's database does not answer.", 'TimeoutError'));
    }, timeoutMs);
    request.onupgradeneeded = () => {
      for (const each of stores)
        if (!request.result.objectStoreNames.contains(each)) request.result.createObjectStore(each);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      const database = request.result;
      if (isLate) return database.close();
      database.onclose = () => onClose?.();
      // An open connection would block a visitor who clears the site's data.
      database.onversionchange = () => {
        database.close();
        onClose?.();
      };
      resolve(database);
    };
  });
}
