// The projects in the browser's database.

import {
  type Database,
  damagedStore,
  journalStore,
  keysFrom,
  pictureStore,
  projectStore,
  recordStore,
} from '../storage/database.js';
import { keyInProject, partsOfKey } from '../storage/dataset-key.js';
import { ConflictError, storesBlobs } from '../storage/store.js';
import type { FoundProjects } from './project-list.js';
import { type ProjectRecord, readProjectRecord } from './project-record.js';
import { type KeptPictures, readKeptPictures } from './reteach.js';
import { toTaggedJson } from './tagged-json.js';

/** Reads and writes the records of projects. */
export class ProjectStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Returns everything that tells which projects there are. */
  async find(): Promise<FoundProjects> {
    let ids: IDBRequest<IDBValidKey[]>;
    let keys: IDBRequest<IDBValidKey[]>;
    const values: unknown[] = await this.#database.run([projectStore, recordStore], 'readonly', (stores) => {
      ids = stores[projectStore]!.getAllKeys();
      keys = stores[recordStore]!.getAllKeys();
      return stores[projectStore]!.getAll();
    });
    const records = ids!.result.map((id, index) => [String(id), values[index]] as const);
    return { records, datasetKeys: keys!.result.map(String) };
  }

  async read(id: string): Promise<unknown> {
    return this.#database.run([projectStore], 'readonly', (stores) => stores[projectStore]!.get(id));
  }

  /**
   * Replaces name and settings if the stored revision is `expected`; 0 means no record. When it was opened or deleted stays as it is.
   * Throws ConflictError.
   */
  async write(record: ProjectRecord, expected: number): Promise<void> {
    const { id } = record.project;
    const stored = await toStored(record);
    let hasConflict = false;
    await this.#database.run([projectStore], 'readwrite', (stores) => {
      const reading = stores[projectStore]!.get(id);
      reading.onsuccess = () => {
        const found = reading.result === undefined ? undefined : readProjectRecord(reading.result, id);
        // When the record is gone, there is nothing that could be overwritten.
        hasConflict = found !== undefined && (found.revision !== expected || found.isNewer);
        if (hasConflict) return;
        const { openedAt, deletedAt } = found ?? record;
        stores[projectStore]!.put({ ...stored, openedAt, ...(deletedAt === undefined ? {} : { deletedAt }) }, id);
      };
      return reading;
    });
    if (hasConflict) throw new ConflictError();
  }

  /** Adds a project, with the data sets of another one if `source` is given. All is copied, or nothing. */
  async add(record: ProjectRecord, source?: string): Promise<void> {
    const { id } = record.project;
    const stored = await toStored(record);
    await this.#database.run([projectStore, recordStore, journalStore], 'readwrite', (stores) => {
      const adding = stores[projectStore]!.add(stored, id);
      if (source !== undefined) {
        copyEntries(stores[recordStore]!, undefined, (key) => inProject(key, source, id));
        copyEntries(stores[journalStore]!, undefined, (key) => {
          const [first, ...rest] = Array.isArray(key) ? key : [];
          const copied = inProject(first, source, id);
          return copied === undefined ? undefined : [copied, ...(rest as IDBValidKey[])];
        });
      }
      return adding;
    });
  }

  /** Marks a project as opened now. Adds its record if there is none. */
  async markOpened(record: ProjectRecord): Promise<void> {
    await this.#change(record.project.id, (found) => ({ ...(found ?? record), openedAt: record.openedAt }));
  }

  /** Marks a project as deleted, or as restored for undefined. */
  async markDeleted(id: string, deletedAt: number | undefined): Promise<void> {
    await this.#change(id, (found) => {
      const { deletedAt: _, ...rest } = found ?? readProjectRecord(undefined, id);
      return deletedAt === undefined ? { ...rest, openedAt: Date.now() } : { ...rest, deletedAt };
    });
  }

  /** Removes a project and all of its data sets for good. */
  async remove(id: string): Promise<void> {
    const names = [projectStore, recordStore, journalStore, damagedStore, pictureStore];
    await this.#database.run(names, 'readwrite', (stores) => {
      for (const name of [recordStore, journalStore, damagedStore]) {
        const scanning = stores[name]!.openKeyCursor();
        scanning.onsuccess = () => {
          const cursor = scanning.result;
          if (!cursor) return;
          const first: unknown = Array.isArray(cursor.key) ? cursor.key[0] : cursor.key;
          const isOfProject = first === damagedKey(id) || (typeof first === 'string' && isKeyOf(first, id));
          if (isOfProject) stores[name]!.delete(cursor.key);
          cursor.continue();
        };
      }
      stores[pictureStore]!.delete(id);
      return stores[projectStore]!.delete(id);
    });
  }

  /** Keeps pictures until another network was taught with them. Undefined removes them. */
  async keepPictures(id: string, kept: KeptPictures | undefined): Promise<void> {
    await this.#database.run(
      [pictureStore],
      'readwrite',
      (stores) =>
        // Both requests are only waited for.
        (kept ? stores[pictureStore]!.put(kept, id) : stores[pictureStore]!.delete(id)) as IDBRequest<unknown>,
    );
  }

  async pictures(id: string): Promise<KeptPictures> {
    const found = await this.#database.run([pictureStore], 'readonly', (stores) => stores[pictureStore]!.get(id));
    return readKeptPictures(found);
  }

  /** Keeps a copy of a damaged record. */
  async keepDamaged(id: string, raw: unknown): Promise<void> {
    await this.#database.run([damagedStore], 'readwrite', (stores) =>
      stores[damagedStore]!.put(raw, [damagedKey(id), Date.now()]),
    );
  }

  async damaged(id: string): Promise<unknown[]> {
    return this.#database.run([damagedStore], 'readonly', (stores) =>
      stores[damagedStore]!.getAll(keysFrom(damagedKey(id))),
    );
  }

  async discardDamaged(id: string): Promise<void> {
    await this.#database.run([damagedStore], 'readwrite', (stores) =>
      stores[damagedStore]!.delete(keysFrom(damagedKey(id))),
    );
  }

  async #change(id: string, change: (found: Record<string, unknown> | undefined) => object): Promise<void> {
    await this.#database.run([projectStore], 'readwrite', (stores) => {
      const reading = stores[projectStore]!.get(id);
      reading.onsuccess = () => {
        const found: unknown = reading.result;
        const isObject = typeof found === 'object' && found !== null && !Array.isArray(found);
        stores[projectStore]!.put(change(isObject ? (found as Record<string, unknown>) : undefined), id);
      };
      return reading;
    });
  }
}

/** Where a Blob cannot be stored, the project is stored as text. */
async function toStored(record: ProjectRecord): Promise<object> {
  return storesBlobs() ? record : { ...record, project: await toTaggedJson(record.project) };
}

/** First part of the keys of a project's damaged records. No network has such an id. */
function damagedKey(id: string): string {
  return ` / settings of project ${id}`;
}

function isKeyOf(key: string, projectId: string): boolean {
  return partsOfKey(key).projectId === projectId && !key.startsWith(' / ');
}

/** Returns the key of a data set in the project `target`, or undefined when it doesn't belong to `source`. */
function inProject(key: unknown, source: string, target: string): string | undefined {
  return typeof key === 'string' && isKeyOf(key, source) ? keyInProject(key, target) : undefined;
}

/** Copies entries within a store. `keyOf` returns the key of the copy, or undefined for no copy. */
function copyEntries(
  store: IDBObjectStore,
  range: IDBKeyRange | undefined,
  keyOf: (key: IDBValidKey) => IDBValidKey | undefined,
): void {
  // The keys are read first, so that the cursor doesn't come to the copies.
  const reading = store.getAllKeys(range);
  reading.onsuccess = () => {
    for (const key of reading.result) {
      const copied = keyOf(key);
      if (copied === undefined) continue;
      const getting = store.get(key);
      getting.onsuccess = () => store.put(getting.result, copied);
    }
  };
}
