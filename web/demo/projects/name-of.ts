// The name of a project, as the page shows it.

import type { Project } from '../project/project.js';
import { texts } from '../texts/texts.js';

/** Returns the name, or that of a project without one. */
export function nameOf({ name }: Pick<Project, 'name'>): string {
  return name.trim() || texts.projects.unnamed;
}
