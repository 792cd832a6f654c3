// The visitor's project apart from its examples: its name, and what was chosen for it and for each class. All panels read this state
// and change it here, so that it can be stored, tested without a browser, and shown in several places.

import type { Output } from '../outputs/output.js';
import type { RecordingOptions } from '../recording/options.js';

/** Settings of one class, as the visitor chose them. */
export interface ClassSettings {
  /** False: examples of the class don't vote. It follows the data set, which stores it, too. */
  enabled: boolean;
  /** Actions of the page when the class wins. Undefined: none. */
  output?: Output;
}

/** Settings of a project, as the visitor chose them. */
export interface ProjectSettings {
  /** Number of neighbours that vote; 0 means that the page chooses. */
  neighbours: number;
  /** Minimum similarity in percent, below which the answer is "Unknown"; null means the default of the embeddings in use. */
  unknown: number | null;
  /** Number of frames after which a frame counts half; 0 turns smoothing off. */
  steadiness: number;
  /** Options of the record buttons and the camera. Read them with `readRecording()`, because stored values may be damaged. */
  recording?: RecordingOptions;
  /** True to keep whole pictures of the examples in place of small ones. */
  keepFullPictures: boolean;
}

/** A project. It is plain data, which can be stored. */
export interface Project {
  /** Id that stays when the name changes. The first project of a browser has the id ''. */
  id: string;
  name: string;
  settings: ProjectSettings;
  /** Settings of the classes by label. A class without an entry has the defaults. */
  classes: Record<string, ClassSettings>;
  /** Labels in the order of the page. Classes that are missing come last. */
  order: string[];
}

/** Returns a project with the default settings. */
export function emptyProject(id: string, name: string, steadiness = 2): Project {
  return {
    id,
    name,
    settings: { neighbours: 0, unknown: null, steadiness, keepFullPictures: false },
    classes: {},
    order: [],
  };
}

/** The project that the page shows. Every change calls all listeners. */
export class ProjectState {
  #project: Project;
  readonly #listeners = new Set<(project: Readonly<Project>) => void>();

  constructor(project: Project) {
    this.#project = project;
  }

  get current(): Readonly<Project> {
    return this.#project;
  }

  get settings(): Readonly<ProjectSettings> {
    return this.#project.settings;
  }

  /** Returns the settings of a class, or the defaults when it has none. */
  classSettings(label: string): Readonly<ClassSettings> {
    return Object.hasOwn(this.#project.classes, label) ? this.#project.classes[label]! : { enabled: true };
  }

  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: (project: Readonly<Project>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Replaces the whole project, for example by a stored one. */
  open(project: Project): void {
    this.#project = project;
    this.#tell();
  }

  rename(name: string): void {
    this.open({ ...this.#project, name });
  }

  changeSettings(changes: Partial<ProjectSettings>): void {
    this.open({ ...this.#project, settings: { ...this.#project.settings, ...changes } });
  }

  changeClass(label: string, changes: Partial<ClassSettings>): void {
    const settings = { ...this.classSettings(label), ...changes };
    this.open({ ...this.#project, classes: withEntry(this.#project.classes, label, settings) });
  }

  /** Gives the settings and the place of a class to its new label. */
  renameClass(label: string, newLabel: string): void {
    const { classes, order } = this.#project;
    const renamed = new Map(Object.entries(classes));
    const settings = renamed.get(label);
    renamed.delete(label);
    if (settings) renamed.set(newLabel, settings);
    this.open({
      ...this.#project,
      classes: Object.fromEntries(renamed),
      order: order.map((each) => (each === label ? newLabel : each)),
    });
  }

  setOrder(order: readonly string[]): void {
    this.open({ ...this.#project, order: [...order] });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.#project);
  }
}

/** Returns a copy with one more entry. Labels such as '__proto__' become plain entries, too. */
function withEntry<T>(record: Record<string, T>, label: string, value: T): Record<string, T> {
  return Object.fromEntries([...Object.entries(record), [label, value] as const]);
}
