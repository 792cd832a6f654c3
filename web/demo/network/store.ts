// The browser's copy of the chosen network. It has a database of its own, so that a large file never delays the examples.

import { openDatabase, runTransaction } from '../storage/open-database.js';
import { type NetworkChoice, toChoice } from './choice.js';

const databaseName = 'teachable-machine network';
const storeName = 'choice';
const key = 'current';
/** Less than for the examples: the page starts after it. */
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

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await openDatabase(databaseName, [storeName], { timeoutMs });
  try {
    return await runTransaction(database.transaction(storeName, mode), [storeName], (stores) =>
      work(stores[storeName]!),
    );
  } finally {
    database.close();
  }
}
