// The demo page: creates its parts and connects them. The folders are:
//
//   app/       what the page does: start the engine, recognise, teach, edit, handle files
//   panels/    what the page shows, one panel per file
//   dataset/   classes and examples, with undo
//   project/   what was chosen for the project and its classes
//   settings/  what the settings need besides their panel
//   see/       the map, the confusion matrix, lines of confidence, speed of each step
//   storage/   saving between visits
//   network/   the choice of another network
//   input/     camera, scene and pictures
//   scene/     the drawn scene for visitors without a camera
//   dom/       helpers for elements, files, thumbnails and numbers
//   texts/     the texts of the page, one file per language
//   styles/    style sheets by panel; style.css imports them

import { Editing } from './app/editing.js';
import { Engine } from './app/engine.js';
import { FileActions } from './app/file-actions.js';
import { Recognition } from './app/recognition.js';
import { Teaching } from './app/teaching.js';
import { Dataset, type DatasetEvent } from './dataset/dataset.js';
import { DatasetEditor } from './dataset/editor.js';
import { Recordings } from './dataset/recordings.js';
import { Slots, slotCount } from './dataset/slots.js';
import { UndoHistory } from './dataset/undo-history.js';
import { byId } from './dom/elements.js';
import { listenForChoice, listenForDrop } from './dom/file-input.js';
import { isTextInput } from './dom/press-and-hold.js';
import { Input } from './input/input.js';
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
import { See } from './see/see.js';
import { readPreferences } from './settings/preferences.js';
import { datasetKey } from './storage/dataset-key.js';
import { Persistence } from './storage/persistence.js';
import { fillTexts } from './texts/fill.js';
import { language, loadTexts, texts } from './texts/texts.js';

await loadTexts();
document.documentElement.lang = language;
fillTexts(document);
fillTexts(byId<HTMLTemplateElement>('class-card').content);

// The data -------------------------------------------------------------------------------------------------------------

const slots = new Slots();
const project = new ProjectState(emptyProject('', '', readPreferences().smoothing));
const dataset = new Dataset(onDatasetChange);
const undoHistory = new UndoHistory((last) => {
  byId('undo').hidden = !last;
  byId('undo').title = last ? texts.page.undoWhat(last.description) : '';
});
const editor = new DatasetEditor(dataset, slots, undoHistory);
const recordings = new Recordings(editor);
const persistence = new Persistence(dataset, slots, {
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
  onNone: () => recognition.clear(),
});

// The panels ------------------------------------------------------------------------------------------------------------

const thumbnailOf = (id: number) => dataset.thumbnail(id);
const slotOf = (label: string) => slots.of(label) ?? 0;
const explanation = new Explanation(thumbnailOf, slotOf);
const settings = new SettingsPanel(project, {
  onChange: () => void recognition.refresh(),
  sampleExamples: () => dataset.sampleEmbeddings(),
});
const classList = new ClassList(byId('classes'), {
  thumbnailOf,
  onPress: (card) => teaching.press(card),
  onRelease: (card) => teaching.release(card),
  onFiles: (card, files) => void fileActions.addToClass(card, files),
  onClear: (card) => void editing.clearClass(card),
  onRemove: (card) => void editing.removeClass(card),
  onTyping: () => void recognition.refresh(),
  onRename: (card, name) => void editing.renameClass(card, name),
  onDelete: (card, id) => void editing.removeExample(id, card.name),
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
const recognition = new Recognition({ ...data, engine, input, settings, preview, classList, explanation });
const teaching = new Teaching({ ...data, engine, input, preview, classList, recognition });
const editing = new Editing({ ...data, engine, classList, recognition });
const fileActions = new FileActions({ ...data, engine, input, recognition, teaching });
const see = new See({ ...data, engine, classList, recognition, slotOf });

function onDatasetChange({ label, rename }: DatasetEvent): void {
  if (label !== undefined) classList.showExamples({ label, ids: dataset.idsOf(label) });
  else {
    if (rename) {
      slots.rename(rename.label, rename.newLabel);
      project.renameClass(rename.label, rename.newLabel);
    }
    slots.assign(dataset.classes.map((each) => each.label));
    classList.show(dataset.classes, slots);
    byId<HTMLButtonElement>('add-class').disabled = dataset.classes.length >= slotCount;
    byId<HTMLButtonElement>('save-file').disabled = dataset.classes.length === 0;
  }
  persistence.changed();
  review.changed();
  see.changed();
  settings.examplesChanged();
}

async function start(): Promise<void> {
  await engine.start();
  await keepEarlierLayers();
  if (!engine.classifier) return;
  // When the engine fails meanwhile, the next one has what was restored, and the page starts nevertheless.
  const restored = await persistence.start(datasetKey(engine.classifier.model)).catch(async (error) => {
    await engine.onError(error);
    return '';
  });
  byId('dataset-tools').hidden = false;
  showStatus(`${texts.page.ready} ${restored || texts.page.howToBegin}`);
  await recognition.refresh();
}

/** Earlier versions of the page taught the last layer alone. Who has such examples, and no others, goes on with them. */
async function keepEarlierLayers(): Promise<void> {
  const model = engine.classifier?.model;
  if (model?.layers !== 'two') return;
  const lastLayerSize = model.embeddingSize - model.middleLayerSize;
  const hasExamples = (layers: 'last' | 'two') =>
    persistence.hasExamples(datasetKey({ ...model, layers }), lastLayerSize);
  if ((await hasExamples('last')) && !(await hasExamples('two'))) await engine.useLayers('last');
}

byId('alert-close').addEventListener('click', hideAlert);
byId('undo').addEventListener('click', () => void editing.undo());
byId('add-class').addEventListener('click', () => void editing.addClass());
byId('save-file').addEventListener('click', () => void fileActions.saveDataset());
byId('start-over').addEventListener('click', () => void editing.startOver());
listenForChoice(byId('test-file'), ([file]) => void fileActions.testPicture(file!));
listenForChoice(byId('open-file'), ([file]) => void fileActions.openDataset(file!));
listenForDrop(document.body, ([file]) => void fileActions.open(file));
document.addEventListener('paste', (event) => void fileActions.open(event.clipboardData?.files[0]));
document.addEventListener('keydown', (event) => {
  const isUndo =
    event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
  if (!isUndo || isTextInput(event.target)) return;
  event.preventDefault();
  void editing.undo();
});
connectConfirmButtons();
showLanguageChoice(() => persistence.flush());
new NetworkChoicePanel(() => persistence.flush());
void start();
