// The browser's database, where the data set waits for the next visit. Each network has one record with the data set's file, and a
// journal of the changes since then. So an example is stored without writing all others again.

import { Database, damagedStore, journalStore, keysFrom, recordStore } from './database.js';
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

/**
 * WebKit stores no Blob in a private window, and a transaction that tries may wait forever. Bytes are stored everywhere, but have to be in
 * memory. Chromium's name has WebKit in it, too.
 */
export function storesBlobs(): boolean {
  return !/AppleWebKit\//.test(navigator.userAgent) || /Chrom(e|ium)\//.test(navigator.userAgent);
}

/** The records of all networks, by the network's id. */
export class DatasetStore {
  readonly #database: Database;

  constructor(database = new Database()) {
    this.#database = database;
  }

  /** Returns the stored data set, or undefined when there is none. Throws UnreadableRecord. */
  async read(key: string): Promise<StoredDataset | undefined> {
    return readRecord(await this.#readRaw(key));
  }

  /** Returns what this tab would know after reading. */
  async position(key: string): Promise<StoredPosition> {
    return positionOf(await this.#readRaw(key));
  }

  async keys(): Promise<string[]> {
    const keys = await this.#database.run([recordStore], 'readonly', (stores) => stores[recordStore]!.getAllKeys());
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
    await this.#database.run([recordStore, journalStore], 'readwrite', (stores) => {
      const reading = stores[recordStore]!.get(key);
      const counting = stores[journalStore]!.count(keysFrom(key, expected.version));
      counting.onsuccess = () => {
        // When the record is gone, there is nothing that could be overwritten.
        hasConflict =
          reading.result !== undefined &&
          (versionOf(reading.result) !== expected.version || counting.result > expected.sequence);
        if (hasConflict) return;
        stores[journalStore]!.delete(keysFrom(key));
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
      await this.#database.run([recordStore, journalStore], 'readwrite', (stores, transaction) => {
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
    await this.#database.run([damagedStore], 'readwrite', (stores) =>
      stores[damagedStore]!.put(raw, [key, Date.now()]),
    );
  }

  /** Returns the damaged records of a network. */
  async damaged(key: string): Promise<unknown[]> {
    return this.#database.run([damagedStore], 'readonly', (stores) => stores[damagedStore]!.getAll(keysFrom(key)));
  }

  async discardDamaged(key: string): Promise<void> {
    await this.#database.run([damagedStore], 'readwrite', (stores) => stores[damagedStore]!.delete(keysFrom(key)));
  }

  async #readRaw(key: string): Promise<RawRecord> {
    const journal: FoundEntry[] = [];
    const record: unknown = await this.#database.run([recordStore, journalStore], 'readonly', (stores) => {
      const scanning = stores[journalStore]!.openCursor(keysFrom(key));
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
}
