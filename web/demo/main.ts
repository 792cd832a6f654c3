// The demo page: creates its parts and connects them. start.ts is loaded first, and loads this file. The folders are:
//
//   app/       what the page does: start the engine, recognise, teach, edit, handle files
//   panels/    what the page shows, one panel per file
//   dataset/   classes and examples, with undo
//   project/   what was chosen for the project and its classes
//   recording/ how examples are recorded, and how classes and examples are moved
//   projects/  several projects, and their files: pictures in folders and archives
//   zip/       zip files
//   settings/  what the settings need besides their panel
//   see/       the map, the confusion matrix, lines of confidence, speed of each step
//   storage/   saving between visits
//   takeaway/  the project as one HTML file, and as code
//   player/    the page in that file
//   network/   the choice of another network
//   input/     camera, scene and pictures
//   outputs/   what happens when a class wins: words, sounds, pictures, events for other pages
//   scene/     the drawn scene for visitors without a camera
//   hosting/   service worker: offline, updates, threads without headers
//   dom/       helpers for elements, files, thumbnails and numbers
//   texts/     the texts of the page, one file per language
//   styles/    style sheets by panel; style.css imports them

import { Editing } from './app/editing.js';
import { Engine } from './app/engine.js';
import { FileActions } from './app/file-actions.js';
import type { FirstLoad } from './app/load-engine.js';
import { Recognition } from './app/recognition.js';
import { Teaching } from './app/teaching.js';
import { Dataset, type DatasetEvent } from './dataset/dataset.js';
import { DatasetEditor } from './dataset/editor.js';
import { Recordings } from './dataset/recordings.js';
import { maxClasses, Slots } from './dataset/slots.js';
import { UndoHistory } from './dataset/undo-history.js';
import { type DrawerContent, fillWhenOpened } from './dom/drawer.js';
import { byId } from './dom/elements.js';
import { listenForChoice, listenForDrop } from './dom/file-input.js';
import { isTextInput } from './dom/press-and-hold.js';
import { keepFullPictures } from './dom/thumbnails.js';
import type { HostedPage } from './hosting/page/host.js';
import { Input } from './input/input.js';
import { Outputs } from './outputs/outputs.js';
import { hideAlert } from './panels/alert.js';
import { ClassList } from './panels/class-list.js';
import { connectConfirmButtons } from './panels/confirm.js';
import { Explanation } from './panels/explanation.js';
import { showLanguageChoice } from './panels/language-choice.js';
import { NetworkChoicePanel } from './panels/network-choice.js';
import { Preview } from './panels/preview.js';
import { ReviewPanel } from './panels/review.js';
import { SettingsPanel } from './panels/settings.js';
import { showStatus } from './panels/status-line.js';
import { emptyProject, ProjectState } from './project/project.js';
import { startProjects } from './projects/start-projects.js';
import { pageClock } from './recording/clock.js';
import { connectRecording } from './recording/connect.js';
import { inOrder } from './recording/order.js';
import { Pace } from './recording/pace.js';
import { RecordingSettings } from './recording/settings.js';
import { See } from './see/see.js';
import { readPreferences } from './settings/preferences.js';
import { Database } from './storage/database.js';
import { datasetKey } from './storage/dataset-key.js';
import { Persistence } from './storage/persistence.js';
import { DatasetStore } from './storage/store.js';
import { texts } from './texts/texts.js';

// The data -------------------------------------------------------------------------------------------------------------

const slots = new Slots();
const project = new ProjectState(emptyProject('', '', readPreferences().smoothing));
const dataset = new Dataset(onDatasetChange);
const undoHistory = new UndoHistory((last) => {
  byId('undo').hidden = !last;
  byId('undo').title = last ? texts.page.undoWhat(last.description) : '';
});
const editor = new DatasetEditor(dataset, slots, undoHistory);
const database = new Database();
const store = new DatasetStore(database);
const recordingSettings = new RecordingSettings(project);
const pace = new Pace(() => recordingSettings.current, pageClock);
const recordings = new Recordings(editor, pace, (slot) => teaching.end(slot));
const persistence = new Persistence(dataset, slots, store, {
  startEmpty: () => editing.addFirstClasses(),
  openStored: (stored) => editor.openStored(stored),
  onEngineError: (error) => void engine.onError(error),
});

// The engine and the input ----------------------------------------------------------------------------------------------

const preview = new Preview();
const engine = new Engine(dataset, {
  onStart({ model }) {
    preview.setCrop(model.preprocess.crop);
    settings.useSpace(model.layers === 'two');
  },
  async onRestart() {
    persistence.changed();
    await recognition.refresh();
  },
  onSaveToFile: () => void fileActions.saveDataset(),
  onStoreInBytes: () => void editing.storeInBytes(),
  onSaveWithoutEngine: () => void fileActions.saveLog(),
});
const input = new Input(preview, {
  onFrame: () => recognition.run(),
  onLive() {
    if (engine.classifier) showStatus(input.kind === 'scene' ? texts.scene.howTo : texts.preview.holdWhileShowing);
  },
  onNone() {
    teaching.endAll();
    recognition.clear();
  },
});

// The panels ------------------------------------------------------------------------------------------------------------

const thumbnailOf = (id: number) => dataset.thumbnail(id);
const slotOf = (label: string) => slots.of(label) ?? 0;
const explanation = new Explanation(thumbnailOf, slotOf);
const settings = new SettingsPanel(project, {
  onChange: () => void recognition.refresh(),
  sampleExamples: () => dataset.sampleEmbeddings(),
});
const outputs = new Outputs(project, {
  nameOf: (label) => classList.of(label)?.name ?? label,
  onEdited: () => void recognition.refresh(),
});
const classList = new ClassList(byId('classes'), {
  thumbnailOf,
  onCreate: (card) => outputs.addTo(card),
  onPress: (card) => teaching.press(card),
  onRelease: (card) => teaching.release(card),
  onLeave: (card) => teaching.end(card.slot),
  onFiles: (card, files) => void fileActions.addToClass(card, files),
  onClear: (card) => void editing.clearClass(card),
  onRemove: (card) => void editing.removeClass(card),
  onTyping: () => void recognition.refresh(),
  onRename: (card, name) => void editing.renameClass(card, name),
  onDelete: (card, id) => void editing.removeExample(id, card.name),
  onMoveExample: (id, label) => void editing.moveExample(id, label),
  labels: () => classList.labels,
  onEnable: (card, enabled) => void editing.enableClass(card, enabled),
  onStep: (card, step) => editing.stepClass(card, step),
});
const review = new ReviewPanel({
  review: async () => engine.classifier!.review({ k: recognition.k }),
  classSizes: () => dataset.classSizes,
  order: () => dataset.classes.map((each) => each.label),
  thumbnailOf,
  slotOf,
  onMove: (id, label) => void editing.moveExample(id, label),
  onDelete: (id) => void editing.removeExample(id),
});

// What the page does ----------------------------------------------------------------------------------------------------

const data = { dataset, slots, editor, history: undoHistory, recordings };
const recognition = new Recognition({
  ...data,
  engine,
  input,
  settings,
  preview,
  classList,
  explanation,
  outputs,
  onRecorded: (embedding) => teaching.watch(embedding),
});
const teaching = new Teaching({ ...data, engine, input, preview, classList, recognition, recordingSettings });
const editing = new Editing({ ...data, engine, classList, recognition, project });
const fileActions = new FileActions({ ...data, engine, input, recognition, teaching });
const see = new See({ ...data, engine, classList, recognition, slotOf });

const projects = startProjects({
  project,
  database,
  persistence,
  files: () => ({ ...data, engine, preview, recognition, store, openKey }),
});

project.onChange(({ settings }) => keepFullPictures(settings.keepFullPictures));
fillWhenOpened(
  'settings',
  async (root) => {
    const { addPictureSettings } = await import('./projects/picture-settings.js');
    return addPictureSettings(root, project, dataset);
  },
  (error) => void engine.onError(error),
);

/** Returns the key of the data set that the page shows; '' before there is an engine. */
function openKey(): string {
  return engine.classifier ? datasetKey(engine.classifier.model, project.current.id) : '';
}

function onDatasetChange({ label, rename }: DatasetEvent): void {
  if (label !== undefined) classList.showExamples({ label, ids: dataset.idsOf(label) });
  else {
    if (rename) {
      slots.rename(rename.label, rename.newLabel);
      project.renameClass(rename.label, rename.newLabel);
    }
    slots.assign(dataset.classes.map((each) => each.label));
    for (const { label, enabled } of dataset.classes)
      if (project.classSettings(label).enabled !== enabled) project.changeClass(label, { enabled });
    classList.show(dataset.classes, slots, project.current.order);
    outputs.classesChanged((label) => slots.of(label) !== undefined, rename);
    teaching.showHints();
    byId<HTMLButtonElement>('add-class').disabled = dataset.classes.length >= maxClasses;
    byId<HTMLButtonElement>('save-file').disabled = dataset.classes.length === 0;
  }
  persistence.changed();
  review.changed();
  see.changed();
  settings.examplesChanged();
}

/** Starts the page with the engine that start.ts loads. `connectHosting` is called when the engine runs. */
export async function startPage(firstLoad: FirstLoad, connectHosting: (page: HostedPage) => void): Promise<void> {
  await Promise.all([engine.start(firstLoad), projects.open()]);
  await keepEarlierLayers();
  connectHosting({ save: () => persistence.saveNow() });
  if (!engine.classifier) return;
  // When the engine fails meanwhile, the next one has what was restored, and the page starts nevertheless.
  const restored = await persistence.start(openKey()).catch(async (error) => {
    await engine.onError(error);
    return '';
  });
  byId('dataset-tools').hidden = false;
  showStatus(`${texts.page.ready} ${restored || texts.page.howToBegin}`);
  await recognition.refresh();
  await projects.offerPictures();
  await projects.tellDeleted();
}

/** Earlier versions of the page taught the last layer alone. Who has such examples, and no others, goes on with them. */
async function keepEarlierLayers(): Promise<void> {
  const model = engine.classifier?.model;
  if (model?.layers !== 'two') return;
  const lastLayerSize = model.embeddingSize - model.middleLayerSize;
  const hasExamples = (layers: 'last' | 'two') =>
    persistence.hasExamples(datasetKey({ ...model, layers }, project.current.id), lastLayerSize);
  if ((await hasExamples('last')) && !(await hasExamples('two'))) await engine.useLayers('last');
}

function openFile(file: File | undefined): void {
  if (file && !projects.openFile(file)) void fileActions.open(file);
}

async function fillTakeawayDrawer(root: HTMLElement): Promise<DrawerContent> {
  const { fillTakeaway } = await import('./takeaway/panel.js');
  return fillTakeaway(root, {
    name: () => project.current.name,
    classes() {
      const voting = dataset.classes.filter(({ enabled }) => enabled);
      return inOrder(
        voting.map(({ label }) => ({ label, slot: slotOf(label), output: project.classSettings(label).output })),
        project.current.order,
      );
    },
    camera: () => recordingSettings.current,
    exampleCount: () => dataset.exampleCount,
    options: () => recognition.options,
    classifier: () => engine.classifier,
    model: () => engine.model,
    examples: (withThumbnails) => dataset.toFile({ withThumbnails }),
  });
}

byId('alert-close').addEventListener('click', hideAlert);
byId('undo').addEventListener('click', () => void editing.undo());
byId('add-class').addEventListener('click', () => void editing.addClass());
byId('save-file').addEventListener('click', () => void fileActions.saveDataset());
byId('start-over').addEventListener('click', () => void editing.startOver());
listenForChoice(byId('test-file'), ([file]) => void fileActions.testPicture(file!));
listenForChoice(byId('open-file'), ([file]) => projects.openFile(file!) || void fileActions.openDataset(file!));
listenForDrop(document.body, ([file]) => openFile(file), projects.openFolders);
document.addEventListener('paste', (event) => openFile(event.clipboardData?.files[0]));
document.addEventListener('keydown', (event) => {
  const isUndo =
    event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!isUndo || isTextInput(event.target)) return;
  event.preventDefault();
  void editing.undo();
});
byId('takeaway').hidden = false;
fillWhenOpened('takeaway', fillTakeawayDrawer, (error) => void engine.onError(error));
connectConfirmButtons();
connectRecording({ ...data, project, recordingSettings, engine, input, preview, classList, teaching, editing });
showLanguageChoice(() => persistence.saveNow());
new NetworkChoicePanel(async () => {
  await persistence.saveNow();
  await projects.keepPictures();
});
