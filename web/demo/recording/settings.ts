// The recording options of the current project.

import type { ProjectState } from '../project/project.js';
import { type RecordingOptions, readRecording } from './options.js';

/** Reads and changes the recording options of a project. */
export class RecordingSettings {
  readonly #project: ProjectState;

  constructor(project: ProjectState) {
    this.#project = project;
  }

  get current(): RecordingOptions {
    return readRecording(this.#project.settings.recording);
  }

  change(changes: Partial<RecordingOptions>): void {
    this.#project.changeSettings({ recording: { ...this.current, ...changes } });
  }

  /** Calls `listener` now, and with each change of the options. */
  follow(listener: (options: RecordingOptions) => void): void {
    let known = '';
    const tell = () => {
      const { current } = this;
      const text = JSON.stringify(current);
      if (text === known) return;
      known = text;
      listener(current);
    };
    this.#project.onChange(tell);
    tell();
  }
}
