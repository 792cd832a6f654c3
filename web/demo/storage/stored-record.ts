// The stored form of a data set, and how it is read. Anything may stand in a browser's database: records of other versions of this
// page, and damaged ones.

import { type Change, isChange } from '../dataset/change.js';
import { maxClasses, type SlotEntry } from '../dataset/slots.js';
import { texts } from '../texts/texts.js';

/** Version of the stored form. Records without a format are of version 1, which has the same fields. */
export const storedFormat = 1;

/** The record of a data set. Its field names must stay, because visitors have such records in their browsers. */
export interface DatabaseRecord {
  /** Grows by 1 each time the record is replaced. */
  version: number;
  /** The data set file, including thumbnails. Bytes where the browser can't store a Blob. */
  file: Blob | ArrayBuffer;
  places: SlotEntry[];
}

/** Changes since the record was stored. */
export interface JournalEntry {
  changes: Change[];
  /** The slots of all classes after these changes; undefined when they are the same as before. */
  places: SlotEntry[] | undefined;
}

/** An entry with the version of the record that it belongs to. */
export interface FoundEntry {
  version: number;
  sequence: number;
  value: unknown;
}

/** Contents of the database, as they were found. */
export interface RawRecord {
  record: unknown;
  journal: FoundEntry[];
}

/** Position in the database that a tab knows. */
export interface StoredPosition {
  /** Version of the record; 0 when there is none, or its version is damaged. */
  version: number;
  /** Number of the next journal entry. */
  sequence: number;
}

/** A stored data set. */
export interface StoredDataset extends StoredPosition {
  file: Blob;
  /** Changes since the file. */
  changes: Change[];
  /** The slot of each class. */
  slots: SlotEntry[];
  /** Damaged parts, as noun phrases. Empty for an intact record. */
  damages: string[];
  raw: RawRecord;
}

/** Error for a record that has no readable file. The message is a clause without a full stop. */
export class UnreadableRecord extends Error {
  readonly position: StoredPosition;
  readonly raw: RawRecord;

  constructor(message: string, position: StoredPosition, raw: RawRecord) {
    super(message);
    this.name = 'UnreadableRecord';
    this.position = position;
    this.raw = raw;
  }
}

/** Above this, versions would no longer be exact numbers. */
const maxVersion = 2 ** 52;

/** Returns the version of a record, or 0 when there is no record or its version is damaged. */
export function versionOf(record: unknown): number {
  const { version } = Object(record) as { version?: unknown };
  return Number.isSafeInteger(version) && (version as number) > 0 && (version as number) < maxVersion
    ? (version as number)
    : 0;
}

/**
 * Reads a record and its journal, and repairs what can be repaired. Returns undefined when nothing is stored.
 * @throws UnreadableRecord
 */
export function readRecord(raw: RawRecord): StoredDataset | undefined {
  const { record, journal } = raw;
  const position = positionOf(raw);
  if (record === undefined && journal.length === 0) return undefined;
  if (typeof record !== 'object' || record === null) {
    const found =
      record === undefined ? texts.saving.recordMissing : texts.saving.recordIs(String(record).slice(0, 40));
    throw new UnreadableRecord(found, position, raw);
  }
  const { file, places, format = storedFormat } = record as { file?: unknown; places?: unknown; format?: unknown };
  if (typeof format !== 'number' || format > storedFormat)
    throw new UnreadableRecord(texts.saving.newerVersion, position, raw);
  const blob = toBlob(file);
  if (!blob) throw new UnreadableRecord(texts.saving.noFile, position, raw);
  const damages: string[] = [];
  if (position.version === 0) damages.push(texts.saving.damagedVersion);
  const version = position.version || Math.max(0, ...journal.map((entry) => entry.version));
  const changes: Change[] = [];
  let slots = readSlots(places, damages);
  for (const entry of journal) {
    const { changes: list, places } = Object(entry.value) as { changes?: unknown; places?: unknown };
    const read = Array.isArray(list) ? list.filter(isChange) : [];
    if (entry.version !== version || !Array.isArray(list) || read.length < list.length)
      note(damages, texts.saving.damagedChanges);
    if (entry.version !== version) continue;
    changes.push(...read);
    if (places !== undefined) slots = readSlots(places, damages);
  }
  return { ...position, file: blob, changes, slots, damages, raw };
}

/** Returns the position after this record and journal. */
export function positionOf({ record, journal }: RawRecord): StoredPosition {
  const version = versionOf(record);
  const sequences = journal.filter((entry) => entry.version === version).map(({ sequence }) => sequence);
  return { version, sequence: sequences.reduce((next, sequence) => Math.max(next, sequence + 1), 0) };
}

function toBlob(file: unknown): Blob | undefined {
  if (file instanceof Blob) return file;
  if (file instanceof ArrayBuffer || file instanceof Uint8Array) return new Blob([file as BlobPart]);
  return undefined;
}

/** Returns the entries that are whole, each with a name and a slot that no earlier one has. The page gives other classes a free slot. */
function readSlots(places: unknown, damages: string[]): SlotEntry[] {
  const list = Array.isArray(places) ? (places as unknown[]) : [];
  const slots = new Map<string, number>();
  const taken = new Set<number>();
  for (const entry of list) {
    const [name, slot] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string' || slots.has(name) || !isSlot(slot) || taken.has(slot)) continue;
    slots.set(name, slot);
    taken.add(slot);
  }
  if (!Array.isArray(places) || slots.size < list.length) note(damages, texts.saving.damagedPlaces);
  return [...slots];
}

function isSlot(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= maxClasses;
}

function note(damages: string[], what: string): void {
  if (!damages.includes(what)) damages.push(what);
}
