// Connects the recording options, the order of the classes and the drags with the rest of the page.

import type { Editing } from '../app/editing.js';
import type { Engine } from '../app/engine.js';
import type { Teaching } from '../app/teaching.js';
import type { Dataset } from '../dataset/dataset.js';
import type { Slots } from '../dataset/slots.js';
import { fillWhenOpened } from '../dom/drawer.js';
import { byId } from '../dom/elements.js';
import type { Input } from '../input/input.js';
import type { ClassList } from '../panels/class-list.js';
import type { Preview } from '../panels/preview.js';
import type { ProjectState } from '../project/project.js';
import { isHandsFree } from './options.js';
import type { RecordingSettings } from './settings.js';

/** The parts of the page that recording concerns. */
export interface RecordingParts {
  dataset: Dataset;
  slots: Slots;
  project: ProjectState;
  recordingSettings: RecordingSettings;
  engine: Engine;
  input: Input;
  preview: Preview;
  classList: ClassList;
  teaching: Teaching;
  editing: Editing;
}

/** Connects them. Call it once. */
export function connectRecording(parts: RecordingParts): void {
  followOrder(parts);
  followOptions(parts);
  connectDrags(parts);
  const { teaching } = parts;
  document.addEventListener('visibilitychange', () => document.hidden && teaching.endAll());
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && teaching.endAll());
}

/** Shows the classes in a new order. */
function followOrder({ project, classList, dataset, slots }: RecordingParts): void {
  let { order } = project.current;
  project.onChange((current) => {
    if (current.order === order) return;
    order = current.order;
    classList.show(dataset.classes, slots, order);
  });
}

/** Uses the options as they change, and fills their drawer when it is opened. */
function followOptions({ recordingSettings, teaching, input, classList, engine }: RecordingParts): void {
  let known = '';
  recordingSettings.follow((options) => {
    // Other rules, or another camera, apply to the next recording. The zoom may change during one.
    const rules = JSON.stringify({ ...options, zoom: null });
    if (rules !== known) teaching.endAll();
    known = rules;
    input.useRecording(options);
    classList.showHandsFree(isHandsFree(options));
  });
  fillWhenOpened(
    'recording-options',
    async (root) => {
      const { fillRecordingOptions } = await import('./options-panel.js');
      return fillRecordingOptions(root, {
        settings: recordingSettings,
        mirror: () => input.mirror,
        isMirrored: () => input.isMirrored,
        devices: () => input.devices(),
        onCameraLive: (listener) => input.whenLive(listener),
      });
    },
    (error) => void engine.onError(error),
  );
}

/** Loads the drags after the first view. */
function connectDrags({ preview, classList, editing, input, recordingSettings }: RecordingParts): void {
  // Without it, keys and buttons do the same.
  void import('./drags.js').then(
    ({ listenForDrags }) =>
      listenForDrags({
        cards: byId('classes'),
        preview: preview.root,
        onCard(element, index) {
          const card = classList.ofElement(element);
          if (card) editing.moveClass(card, classList.indexOf(index));
        },
        onExample(id, element) {
          const card = classList.ofElement(element);
          if (card) void editing.moveExample(id, card.label);
        },
        zoom: () => (input.isMoving ? recordingSettings.current.zoom : undefined),
        mirrored: () => input.isMirrored,
        onZoom: (zoom) => recordingSettings.change({ zoom }),
      }),
    () => {},
  );
}
