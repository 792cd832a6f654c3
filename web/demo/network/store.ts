// The browser's copy of the chosen network. It has a database of its own, so that a large file never delays the examples.

import { type NetworkChoice, toChoice } from './choice.js';

const databaseName = 'teachable-machine network';
const storeName = 'choice';
const key = 'current';
/** Some browsers never answer in a private window. */
const timeoutMs = 3000;

/** Returns the stored choice, or null where there is none or it can't be read. The page then starts with the packaged network. */
export async function readChoice(): Promise<NetworkChoice | null> {
  try {
    return toChoice(await run('readonly', (store) => store.get(key)));
  } catch {
    return null;
  }
}

/** Stores a choice; null removes it. Rejects when the browser can't store it. */
export async function storeChoice(choice: NetworkChoice | null): Promise<void> {
  await run('readwrite', (store) => (choice ? store.put(choice, key) : store.delete(key)) as IDBRequest<unknown>);
}

async function run(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<unknown>): Promise<unknown> {
  const database = await open();
  try {
    const transaction = database.transaction(storeName, mode);
    const request = work(transaction.objectStore(storeName));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException('The transaction was aborted.', 'AbortError'));
    });
    return request.result;
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(databaseName, 1);
    const timer = setTimeout(
      () => reject(new DOMException('The database does not answer.', 'TimeoutError')),
      timeoutMs,
    );
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error);
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      resolve(request.result);
    };
  });
}
