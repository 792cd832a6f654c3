// The settings that a new project begins with: those that were chosen last in this browser.

import type { ProjectSettings } from '../project/project.js';

/** This name must stay, because visitors have stored settings under it. */
const storageKey = 'teachable-machine preferences';

/** Remembered values. Similarities in a space are lower than others, so they have a threshold of their own. */
export interface Preferences {
  unknown: number;
  unknownInSpace: number;
  smoothing: number;
}

/** In the space, 98 of 100 pictures of other things are less similar than this; see tests/bench/README.md. */
const defaults: Preferences = { unknown: 0, unknownInSpace: 28, smoothing: 2 };

/** Returns the remembered values, or the defaults where there are none. */
export function readPreferences(): Preferences {
  const values = { ...defaults };
  try {
    const stored = Object(JSON.parse(localStorage.getItem(storageKey) ?? '{}')) as Record<string, unknown>;
    for (const name of Object.keys(defaults) as (keyof Preferences)[])
      if (typeof stored[name] === 'number') values[name] = stored[name];
  } catch {
    // The defaults stay.
  }
  return values;
}

/** Remembers the settings of a project. */
export function storePreferences({ unknown, steadiness }: ProjectSettings, isInSpace: boolean): void {
  const values = { ...readPreferences(), smoothing: steadiness };
  if (unknown !== null) values[isInSpace ? 'unknownInSpace' : 'unknown'] = unknown;
  try {
    localStorage.setItem(storageKey, JSON.stringify(values));
  } catch {
    // The settings are valid for this project only.
  }
}
