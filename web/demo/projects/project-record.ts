// The stored form of a project, and how it is read. Anything may stand in a browser's database: records of other versions of this
// page, and damaged ones.

import { type ClassSettings, emptyProject, type Project, type ProjectSettings } from '../project/project.js';
import { fromTaggedJson } from './tagged-json.js';

/** Version of the stored form. */
export const projectFormat = 1;

/** The record of a project. Its field names must stay, because visitors have such records in their browsers. */
export interface ProjectRecord {
  format: number;
  /** Grows by 1 each time that name or settings are replaced. */
  revision: number;
  project: Project;
  /** Time when it was opened last, in milliseconds since 1970. */
  openedAt: number;
  /** Time when it was deleted. It is kept for some days. */
  deletedAt?: number | undefined;
}

/** A record as it was read. */
export interface ReadProject extends ProjectRecord {
  /** Damaged parts, by what they are. Empty for an intact record. */
  damages: ProjectDamage[];
  /** True for a record that a newer version of this page has stored. It must not be overwritten. */
  isNewer: boolean;
}

/** A part of a record that could not be read. */
export type ProjectDamage = 'record' | 'name' | 'settings' | 'classes' | 'order';

/** A record at its first time. */
export function newRecord(project: Project, openedAt = Date.now()): ProjectRecord {
  return { format: projectFormat, revision: 1, project, openedAt };
}

/** Longest name of a project, in characters. */
export const maxNameLength = 80;

/** Reads a record and repairs what can be repaired. `id` is the key under which it is stored. */
export function readProjectRecord(raw: unknown, id: string): ReadProject {
  const record = asObject(raw);
  const damages: ProjectDamage[] = [];
  const stored = asObject(fromText(record?.['project']));
  if (!stored) damages.push('record');
  const format = record?.['format'] ?? projectFormat;
  const deletedAt = timeOf(record?.['deletedAt']);
  return {
    format: projectFormat,
    revision: countOf(record?.['revision']),
    project: stored ? readProject(stored, id, damages) : emptyProject(id, ''),
    openedAt: timeOf(record?.['openedAt']) ?? 0,
    ...(deletedAt === undefined ? {} : { deletedAt }),
    damages,
    isNewer: typeof format === 'number' && format > projectFormat,
  };
}

/** Reads a project. Parts that are damaged have their defaults afterwards and are added to `damages`. */
export function readProject(stored: Record<string, unknown>, id: string, damages: ProjectDamage[]): Project {
  const { name, settings, classes, order, ...rest } = stored;
  const isName = typeof name === 'string';
  if (!isName) damages.push('name');
  return {
    // Fields that this version doesn't know stay as they are.
    ...rest,
    id,
    name: isName ? [...name].slice(0, maxNameLength).join('') : '',
    settings: readSettings(settings, damages),
    classes: readClasses(classes, damages),
    order: readOrder(order, damages),
  };
}

function readSettings(value: unknown, damages: ProjectDamage[]): ProjectSettings {
  const defaults: ProjectSettings = emptyProject('', '').settings;
  const stored = asObject(value);
  if (!stored) {
    damages.push('settings');
    return defaults;
  }
  const settings: Record<string, unknown> = { ...defaults, ...stored };
  const isValid: Record<string, (value: unknown) => boolean> = {
    neighbours: isAmount,
    steadiness: isAmount,
    unknown: (value) => value === null || isAmount(value),
    keepFullPictures: (value) => typeof value === 'boolean',
  };
  for (const [name, check] of Object.entries(isValid)) {
    if (check(settings[name])) continue;
    settings[name] = defaults[name as keyof ProjectSettings];
    if (!damages.includes('settings')) damages.push('settings');
  }
  return settings as unknown as ProjectSettings;
}

function readClasses(value: unknown, damages: ProjectDamage[]): Record<string, ClassSettings> {
  const stored = asObject(value);
  if (!stored) damages.push('classes');
  const entries = Object.entries(stored ?? {});
  const read = entries.flatMap(([label, each]) => {
    const settings = asObject(each);
    if (!settings) return [];
    const { enabled = true } = settings;
    return typeof enabled === 'boolean' ? [[label, { ...settings, enabled } as ClassSettings] as const] : [];
  });
  if (read.length < entries.length) damages.push('classes');
  return Object.fromEntries(read);
}

function readOrder(value: unknown, damages: ProjectDamage[]): string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const order = [...new Set(list.filter((label): label is string => typeof label === 'string'))];
  if (!Array.isArray(value) || order.length < list.length) damages.push('order');
  return order;
}

/** Some browsers store no Blob. There, a project is stored as text. */
function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return fromTaggedJson(value);
  } catch {
    return undefined;
  }
}

/** Returns plain objects only: no arrays and no bytes. */
function asObject(value: unknown): Record<string, unknown> | undefined {
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
  return isPlain ? (value as Record<string, unknown>) : undefined;
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 1e6;
}

function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && value < 8.64e15 ? value : undefined;
}
