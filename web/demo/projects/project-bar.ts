// The project in the head of the page: its name, a note when it isn't stored, and the button of the menu.

import { build } from '../dom/build.js';
import { byId } from '../dom/elements.js';
import { showAlert } from '../panels/alert.js';
import { errorSentence } from '../panels/error-text.js';
import type { ProjectState } from '../project/project.js';
import { texts } from '../texts/texts.js';
import { nameOf } from './name-of.js';
import type { ProjectSaveState } from './project-saver.js';

/** The menu, which is loaded when it is opened first. */
export interface Menu {
  /** Called each time the menu is opened. */
  opened(): Promise<void>;
}

/** Shows the project's name. `load` fills the menu. */
export class ProjectBar {
  readonly #name = build('span', { class: 'project-name' });
  readonly #button = build(
    'button',
    {
      type: 'button',
      class: 'project-button',
      'data-testid': 'project-button',
      'aria-expanded': 'false',
      'aria-controls': 'project-menu',
      on: { click: () => void this.toggle() },
    },
    this.#name,
    build('span', { class: 'project-arrow', 'aria-hidden': 'true' }),
  );
  readonly #panel = build('section', {
    class: 'project-menu',
    id: 'project-menu',
    'data-testid': 'project-menu',
    hidden: true,
  });
  readonly #note = build('p', { class: 'project-note', role: 'status', 'data-testid': 'project-note', hidden: true });
  readonly #load: (root: HTMLElement) => Promise<Menu>;
  #menu: Promise<Menu> | undefined;

  constructor(project: ProjectState, load: (root: HTMLElement) => Promise<Menu>) {
    this.#load = load;
    byId('project-bar').append(this.#button, this.#panel, this.#note);
    this.#panel.setAttribute('aria-label', texts.projects.title);
    project.onChange(() => this.#showName(project));
    this.#showName(project);
    byId('project-bar').addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.#panel.hidden) return;
      event.stopPropagation();
      this.close();
    });
    document.addEventListener('pointerdown', (event) => {
      const target = event.target as Element;
      if (!this.#panel.hidden && !target.closest('#project-bar, dialog')) this.close({ keepsFocus: true });
    });
  }

  /** Opens or closes the menu. */
  async toggle(): Promise<void> {
    if (!this.#panel.hidden) return this.close();
    this.#panel.hidden = false;
    this.#button.setAttribute('aria-expanded', 'true');
    this.#menu ??= this.#load(this.#panel);
    try {
      await (await this.#menu).opened();
    } catch (error) {
      // Opening it once more tries again.
      this.#menu = undefined;
      this.#panel.replaceChildren();
      this.close();
      showAlert(errorSentence(error));
    }
  }

  /** Closes the menu. The focus goes back to its button, unless the visitor has put it somewhere else. */
  close({ keepsFocus = false } = {}): void {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    this.#button.setAttribute('aria-expanded', 'false');
    if (!keepsFocus) this.#button.focus();
  }

  /** Tells why the project is not stored. */
  showState(state: ProjectSaveState, error: unknown): void {
    const { unsaved, unsavedQuota, otherTab, conflict, newer } = texts.projects;
    const isFull = (Object(error) as { name?: unknown }).name === 'QuotaExceededError';
    const notes: Partial<Record<ProjectSaveState, string>> = {
      failed: isFull ? unsavedQuota : unsaved,
      'other-tab': otherTab,
      conflict,
      newer,
    };
    // While a save is tried again, the note stays.
    if (state === 'pending' && !this.#note.hidden) return;
    this.#note.textContent = notes[state] ?? '';
    this.#note.hidden = notes[state] === undefined;
    this.#note.dataset['state'] = state;
  }

  #showName(project: ProjectState): void {
    const name = nameOf(project.current);
    this.#name.textContent = name;
    this.#button.setAttribute('aria-label', texts.projects.button(name));
  }
}
