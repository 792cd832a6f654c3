// All projects of this browser in one zip file, and back. Each has a folder with its settings and its data sets.

import { isChange } from '../dataset/change.js';
import type { SlotEntry } from '../dataset/slots.js';
import type { Project } from '../project/project.js';
import { keyInProject, partsOfKey } from '../storage/dataset-key.js';
import type { DatabaseRecord, JournalEntry, StoredDataset } from '../storage/stored-record.js';
import type { ZipFile } from '../zip/read-zip.js';
import { writeZip, type ZipPart } from '../zip/write-zip.js';
import { safeName } from '../zip/zip-name.js';
import { freeName, newProjectId } from './project-list.js';
import { newRecord, type ProjectRecord, readProject } from './project-record.js';
import { fromTaggedJson, toTaggedJson } from './tagged-json.js';

/** Name of the file that lists the projects. Its fields must stay, because visitors have such files. */
export const listName = 'projects.json';
const format = 'teachable-wasm projects';
const version = 1;

/** A project with its data sets. */
export interface WholeProject {
  project: Project;
  datasets: WholeDataset[];
}

/** One stored data set. */
export interface WholeDataset {
  /** Name of the network and its layers. */
  network: string;
  file: Blob;
  /** Changes since the file that are not in it. Other programs read the file without them. */
  changes: StoredDataset['changes'];
  slots: SlotEntry[];
}

/** Returns all projects as a zip file. `unnamed` is the name of the folder of a project without a name. */
export async function exportProjects(projects: Iterable<WholeProject> | AsyncIterable<WholeProject>, unnamed: string) {
  const taken = new Set<string>([listName]);
  const parts: ZipPart[] = [];
  const list: unknown[] = [];
  for await (const { project, datasets } of projects) {
    const folder = safeName(project.name, unnamed, taken);
    const { id: _, ...rest } = project;
    parts.push({ path: `${folder}/project.json`, bytes: toBlob(await toTaggedJson(rest)) });
    const entries: unknown[] = [];
    for (const [index, { network, file, changes, slots }] of datasets.entries()) {
      const base = `${folder}/examples${index === 0 ? '' : ` ${index + 1}`}`;
      parts.push({ path: `${base}.tmkn`, bytes: file });
      const hasChanges = changes.length > 0;
      if (hasChanges) parts.push({ path: `${base} changes.json`, bytes: toBlob(await toTaggedJson(changes)) });
      entries.push({
        network,
        file: `${base}.tmkn`,
        ...(hasChanges ? { changes: `${base} changes.json` } : {}),
        places: slots,
      });
    }
    list.push({ settings: `${folder}/project.json`, datasets: entries });
  }
  parts.unshift({ path: listName, bytes: toBlob(JSON.stringify({ format, version, projects: list }, null, 2)) });
  return writeZip(parts);
}

/** The methods of the stores that an import uses. */
export interface ImportStores {
  add(record: ProjectRecord): Promise<void>;
  write(
    key: string,
    record: DatabaseRecord & { file: Blob },
    changes: readonly JournalEntry[],
    expected: { version: 0; sequence: 0 },
  ): Promise<void>;
}

/** Result of an import of projects. */
export interface ImportedProjects {
  names: string[];
  /** Number of projects and data sets that could not be read. */
  damaged: number;
}

/** Returns true for a zip file that exportProjects() has written. */
export function isProjectsZip({ entries }: ZipFile): boolean {
  return entries.some(({ path }) => path === listName);
}

/**
 * Adds the projects of a zip file. Projects that are there stay as they are; a name that is taken gets a number.
 * @throws An error of the stores, for example when the browser has no space. ZipError when the list cannot be read.
 */
export async function importProjects(
  zip: ZipFile,
  takenNames: readonly string[],
  stores: ImportStores,
): Promise<ImportedProjects> {
  const files = new Map(zip.entries.map((entry) => [entry.path, entry]));
  const textOf = async (path: unknown) => new TextDecoder().decode(await files.get(String(path))!.read());
  const { projects } = Object(JSON.parse(await textOf(listName))) as { projects?: unknown };
  const result: ImportedProjects = { names: [], damaged: 0 };
  for (const each of Array.isArray(projects) ? (projects as unknown[]) : []) {
    const { settings, datasets } = Object(each) as { settings?: unknown; datasets?: unknown };
    const id = newProjectId();
    let project: Project;
    try {
      project = readProject(Object(fromTaggedJson(await textOf(settings))) as Record<string, unknown>, id, []);
    } catch {
      // The examples are worth more than the settings.
      project = readProject({}, id, []);
      result.damaged++;
    }
    for (const dataset of Array.isArray(datasets) ? (datasets as unknown[]) : []) {
      const { network, file, changes, places } = Object(dataset) as Record<string, unknown>;
      let bytes: Uint8Array<ArrayBuffer>;
      let list: unknown = [];
      try {
        if (typeof network !== 'string' || network === '') throw new Error('no network');
        bytes = await files.get(String(file))!.read();
        if (changes !== undefined) list = fromTaggedJson(await textOf(changes));
      } catch {
        result.damaged++;
        continue;
      }
      const key = keyInProject(partsOfKey(network).network, id);
      const valid = Array.isArray(list) ? list.filter(isChange) : [];
      const slots = (Array.isArray(places) ? places : []) as SlotEntry[];
      const record = { version: 1, file: new Blob([bytes]), places: slots };
      const journal = valid.length > 0 ? [{ changes: valid, places: undefined }] : [];
      await stores.write(key, record, journal, { version: 0, sequence: 0 });
    }
    project = { ...project, name: freeName(project.name, [...takenNames, ...result.names]) };
    // The record comes last. When the tab is killed before, the examples belong to a project without a name.
    await stores.add(newRecord(project, 0));
    result.names.push(project.name);
  }
  return result;
}

function toBlob(text: string): Blob {
  return new Blob([text], { type: 'application/json' });
}
