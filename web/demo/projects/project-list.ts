// The projects of this browser: which ones there are, in which order they are shown, and which one the page opens.

import { partsOfKey } from '../storage/dataset-key.js';
import { type ReadProject, readProjectRecord } from './project-record.js';

/** Days for which a deleted project can be restored. */
export const keepDeletedDays = 30;
const msPerDay = 86_400_000;

/** Contents of the database, as they were found. */
export interface FoundProjects {
  /** Records by id. */
  records: readonly (readonly [id: string, raw: unknown])[];
  /** Keys of all stored data sets. */
  datasetKeys: readonly string[];
}

/** Returns all projects, last opened first. Data sets whose project has no record belong to one without a name. */
export function listProjects({ records, datasetKeys }: FoundProjects): ReadProject[] {
  const projects = new Map(records.map(([id, raw]) => [id, readProjectRecord(raw, id)]));
  for (const key of datasetKeys) {
    const { projectId } = partsOfKey(key);
    // The first project's examples are older than its record.
    const found = { project: { name: '', settings: {}, classes: {}, order: [] } };
    if (!projects.has(projectId)) projects.set(projectId, readProjectRecord(found, projectId));
  }
  return [...projects.values()].sort((a, b) => b.openedAt - a.openedAt);
}

/** Returns the projects that are not deleted, last opened first. */
export function openable(projects: readonly ReadProject[]): ReadProject[] {
  return projects.filter(({ deletedAt }) => deletedAt === undefined);
}

/** Returns the deleted projects, last deleted first. */
export function deleted(projects: readonly ReadProject[]): ReadProject[] {
  return projects
    .filter(({ deletedAt }) => deletedAt !== undefined)
    .sort((a, b) => (b.deletedAt ?? 0) - (a.deletedAt ?? 0));
}

/** Returns the ids of projects that were deleted so long ago that they can be removed for good. */
export function expired(projects: readonly ReadProject[], now = Date.now()): string[] {
  return projects
    .filter(({ deletedAt }) => deletedAt !== undefined && now - deletedAt > keepDeletedDays * msPerDay)
    .map(({ project }) => project.id);
}

/** Returns the id of the project to open: the wanted one, else the one that was opened last, else the first, else a new id. */
export function chooseProject(projects: readonly ReadProject[], wanted: string | null): string {
  const list = openable(projects);
  if (wanted !== null && list.some(({ project }) => project.id === wanted)) return wanted;
  if (list[0]) return list[0].project.id;
  return projects.some(({ project }) => project.id === '') ? newProjectId() : '';
}

/** Returns an id that no other project has. */
export function newProjectId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Returns `name`, or `name` with a number that no other project has. */
export function freeName(name: string, taken: readonly string[]): string {
  const base = name.replace(/ \d+$/, '');
  let free = name;
  for (let number = 2; taken.includes(free); number++) free = `${base} ${number}`;
  return free;
}
