// The menu of the projects. It is loaded when it is opened first.

import { build } from '../dom/build.js';
import { makeButton } from '../dom/elements.js';
import { listenForChoice } from '../dom/file-input.js';
import { askToConfirm } from '../panels/confirm.js';
import type { ProjectState } from '../project/project.js';
import { language, texts } from '../texts/texts.js';
import { nameOf } from './name-of.js';
import { keepDeletedDays } from './project-list.js';
import { maxNameLength, type ReadProject } from './project-record.js';
import type { Projects } from './projects.js';

/** Functions and data that the menu needs from the rest of the page. */
export interface ProjectMenuParts {
  project: ProjectState;
  projects: Projects;
  /** Runs something that may fail, and shows the error. */
  attempt(task: () => Promise<unknown>): Promise<void>;
  openArchive(file: File): Promise<void>;
  openFolder(files: File[]): Promise<void>;
  exportPictures(): Promise<void>;
  exportAll(): Promise<void>;
  close(): void;
}

/** Name, list and tools of the projects. */
export class ProjectMenu {
  readonly #parts: ProjectMenuParts;
  readonly #name: HTMLInputElement;
  readonly #list = build('ul', { class: 'project-list', 'data-testid': 'project-list' });
  readonly #deleted = build('details', { class: 'drawer', 'data-testid': 'deleted-projects', hidden: true });

  constructor(root: HTMLElement, parts: ProjectMenuParts) {
    this.#parts = parts;
    const { projects, project, attempt, close } = parts;
    const words = texts.projects;
    this.#name = build('input', {
      type: 'text',
      class: 'field',
      id: 'project-name',
      'data-testid': 'project-name',
      maxlength: maxNameLength,
      autocomplete: 'off',
      spellcheck: 'false',
      on: {
        change: () => project.rename(this.#name.value.trim()),
        keydown: (event) => {
          if ((event as KeyboardEvent).key !== 'Enter') return;
          // The same key would press the button that gets the focus.
          event.preventDefault();
          close();
        },
      },
    });
    const act = (id: string, text: string, task: () => Promise<unknown>) => {
      const button = makeButton(text, () => void attempt(task));
      button.dataset['testid'] = id;
      return button;
    };
    const after = (task: () => Promise<unknown>) => () => {
      close();
      return task();
    };
    root.append(
      build('label', { class: 'project-label', for: 'project-name' }, words.name),
      this.#name,
      build(
        'div',
        { class: 'project-tools' },
        act('project-new', words.create, () => projects.create(words.newName)),
        act('project-duplicate', words.duplicate, () => projects.duplicate(words.copyOf(nameOf(project.current)))),
        act('project-delete', words.remove, () => projects.remove(words.newName)),
      ),
      build('h2', {}, words.list),
      this.#list,
      this.#deleted,
      build('h2', {}, words.files),
      build('p', { class: 'hint' }, words.importHint),
      build(
        'div',
        { class: 'project-tools' },
        fileChoice('import-zip', words.importZip, { accept: '.zip,.tm,application/zip' }, ([file]) =>
          attempt(after(() => parts.openArchive(file!))),
        ),
        fileChoice('import-folder', words.importFolder, { webkitdirectory: true }, (files) =>
          attempt(after(() => parts.openFolder(files))),
        ),
        act('export-pictures', words.exportPictures, after(parts.exportPictures)),
        act('export-all', words.exportAll, after(parts.exportAll)),
      ),
    );
  }

  /** Shows the projects as they are now. */
  async opened(): Promise<void> {
    const { project, projects } = this.#parts;
    this.#name.value = project.current.name;
    this.#name.placeholder = texts.projects.unnamed;
    const lists = await projects.lists();
    this.#list.replaceChildren(...lists.projects.map((each) => this.#makeRow(each)));
    this.#deleted.hidden = lists.deleted.length === 0;
    this.#deleted.replaceChildren(
      build('summary', {}, `${texts.projects.deletedTitle} (${lists.deleted.length})`),
      build('p', { class: 'hint' }, texts.projects.deletedHint(keepDeletedDays)),
      build('ul', { class: 'project-list' }, ...lists.deleted.map((each) => this.#makeDeletedRow(each))),
    );
  }

  #makeRow({ project, openedAt }: ReadProject): HTMLElement {
    const { projects, attempt } = this.#parts;
    const isOpen = project.id === projects.id;
    const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(openedAt);
    const when = openedAt > 0 ? texts.projects.openedAt(date) : texts.projects.neverOpened;
    const button = build(
      'button',
      {
        type: 'button',
        class: 'project-choice',
        'data-testid': 'project-choice',
        'aria-current': isOpen && 'true',
        on: {
          click: () => {
            if (isOpen) this.#parts.close();
            else void attempt(() => projects.switchTo(project.id));
          },
        },
      },
      build('span', { class: 'project-name' }, nameOf(project)),
      build('span', { class: 'hint' }, isOpen ? texts.projects.openNow : when),
    );
    return build('li', {}, button);
  }

  #makeDeletedRow({ project }: ReadProject): HTMLElement {
    const { projects, attempt } = this.#parts;
    const name = nameOf(project);
    const { restore, restoreNamed, removeForGood, removeForGoodNamed, removeQuestion, isOpenElsewhere } =
      texts.projects;
    const restoring = makeButton(restore, () => void attempt(() => projects.restore(project.id)));
    restoring.setAttribute('aria-label', restoreNamed(name));
    const removing = makeButton(
      removeForGood,
      () =>
        void attempt(async () => {
          if (!(await askToConfirm(removeQuestion(name), removeForGood))) return;
          if (!(await projects.removeForGood(project.id))) throw new Error(isOpenElsewhere(name));
          await this.opened();
          this.#name.focus();
        }),
    );
    removing.setAttribute('aria-label', removeForGoodNamed(name));
    removing.className = 'quiet';
    return build('li', {}, build('span', { class: 'project-name' }, name), restoring, removing);
  }
}

/** Makes a button that lets the visitor choose files. */
function fileChoice(
  id: string,
  text: string,
  attributes: Record<string, string | boolean>,
  onFiles: (files: File[]) => void,
): HTMLElement {
  const input = build('input', { type: 'file', id, 'data-testid': id, class: 'visually-hidden', ...attributes });
  listenForChoice(input, onFiles);
  return build('label', { class: 'button', for: id }, text, input);
}
