// The page: a camera or pictures, the classes that a visitor teaches, one classifier.

import { type Classifier, load, type Observation, type Prediction } from 'teachable-wasm';
import { advice } from './advice.js';
import { ask, listenToAnswers } from './ask.js';
import { Board } from './board.js';
import { Changes, type Recording } from './changes.js';
import type { ClassCard } from './class-card.js';
import { datasetFormat, download, fileName } from './dataset-files.js';
import { byId, percent } from './element.js';
import { listenForDrop } from './file-drop.js';
import { isTyping } from './hold.js';
import { Keeping } from './keeping.js';
import { Lesson, type Portrait, type Renamed } from './lesson.js';
import { Places } from './places.js';
import { Preferences } from './preferences.js';
import { Announcer, FrameMeter, LoadingBar, sentence, showAlert, showInfo, showStatus, showTop3 } from './readout.js';
import { Recorder } from './recorder.js';
import { ReviewPanel } from './review-panel.js';
import { readSettings } from './settings.js';
import { Sources } from './sources.js';
import { Stage } from './stage.js';
import { UndoSteps } from './undo-steps.js';
import { Why } from './why.js';

const firstClasses = 3;
/** As many as there are keys. */
const mostClasses = 9;

const stage = new Stage();
const recorder = new Recorder();
const frameMeter = new FrameMeter();
const announcer = new Announcer();
const loadingBar = new LoadingBar();
const places = new Places();
const lesson = new Lesson(onLessonChange);
const steps = new UndoSteps((last) => {
  byId('undo').hidden = !last;
  byId('undo').title = last ? `Undo: ${last.what}` : '';
});
const changes = new Changes(lesson, places, steps);
const keeping = new Keeping(
  lesson,
  places,
  (kept) => changes.adopt(kept),
  (error) => onError(error),
);
const thumbnailOf = (id: number) => lesson.thumbnail(id);
const placeOf = (label: string) => places.of(label) ?? 0;
const why = new Why(thumbnailOf, placeOf);
const preferences = new Preferences(() => void lookAgain());
const board = new Board(byId('classes'), {
  thumbnailOf,
  onPress,
  onRelease,
  onFiles: (card, files) => void onFiles(card, files),
  onForget: (card) =>
    void attempt(`${card.name} is empty again.`, () =>
      changes.removeExamples(lesson.idsOf(card.label), `emptying of ${card.name}`),
    ),
  onRemove: (card) => void attempt(`Removed ${card.name}.`, () => changes.removeClass(card.label)),
  onTyping: () => void lookAgain(),
  onRename: (card, name) => void onRename(card, name),
  onDelete: (card, id) =>
    void attempt(`Removed one example of ${card.name}.`, () =>
      changes.removeExamples([id], `removal of one example of ${card.name}`),
    ),
});
const review = new ReviewPanel({
  review: async () => classifier!.review({ k: neighbours() }),
  sizes,
  thumbnailOf,
  placeOf,
  onMove: (id, label) => void attempt(`Moved one example to ${label}.`, () => changes.moveExample(id, label)),
  onDelete: (id) => void attempt('Removed one example.', () => changes.removeExamples([id], 'removal of one example')),
});
const sources = new Sources(stage, {
  onFrame: look,
  onLive() {
    if (classifier) showStatus('Hold a class button while you show it something.');
  },
  onNone() {
    showTop3([]);
    showPrediction(null);
  },
});

let classifier: Classifier | null = null;
let reopenedAt = -Infinity;
/** What is being recorded, by the id of its card. */
const recordings = new Map<string, Recording>();

// Loading ---------------------------------------------------------------------------------------------------------------

async function open(): Promise<void> {
  try {
    const opened = await load({
      ...readSettings(location.search),
      onProgress: (progress) => loadingBar.show(progress),
    });
    await lesson.attach(opened);
    classifier = opened;
    stage.setCrop(opened.model.preprocess.crop);
    showInfo(await opened.info());
  } catch (error) {
    showStatus('');
    showAlert(sentence(error));
  } finally {
    loadingBar.hide();
  }
}

async function begin(): Promise<void> {
  await open();
  if (!classifier) return;
  const found = await keeping.begin(classifier.model.id, addFirstClasses);
  byId('tend').hidden = false;
  showStatus(`Ready. ${found || 'Start the camera, or add pictures to the classes.'}`);
  await lookAgain();
}

async function addFirstClasses(): Promise<void> {
  while (lesson.classes.length < firstClasses) await lesson.addClass(places.freeName());
}

/** After the worker has died: a new one, taught what the old one knew. Not again and again. */
async function reopen(): Promise<void> {
  if (!classifier) return;
  classifier.dispose();
  classifier = null;
  lesson.detach();
  const again = performance.now() - reopenedAt < 30_000;
  reopenedAt = performance.now();
  if (again)
    return showAlert(
      'The engine stopped twice within half a minute. Reload the page; if it happens again, try ?variant=simd at the end of its address.',
    );
  showAlert('The engine stopped and was started again. Your examples were kept.');
  await open();
  if (!classifier) return;
  showStatus('Ready.');
  keeping.changed();
  await lookAgain();
}

// Looking ---------------------------------------------------------------------------------------------------------------

/** Looks at what there is, teaches what is being recorded, and shows the rest. */
async function look(): Promise<void> {
  const { subject } = sources;
  if (!subject) return showPrediction(null);
  const id = recorder.next();
  const card = id === undefined ? undefined : board.at(Number(id));
  const observation = await observe(subject.image, card, subject.portrait);
  // The camera may have been stopped meanwhile.
  if (observation && sources.subject) showObservation(observation);
  if (card && observation?.exampleId !== undefined) recordings.get(card.id)?.add(observation.exampleId);
}

/** Frames come by themselves; a picture is looked at when something has changed. */
async function lookAgain(): Promise<void> {
  if (sources.kind !== 'camera') await look();
}

/** One look at an image, which teaches the class of `card` if given. Undefined, with a word on `what`, when it failed. */
async function observe(
  image: HTMLVideoElement | Blob,
  card?: ClassCard,
  portrait: Portrait | null = null,
  what = '',
): Promise<Observation | undefined> {
  if (!classifier) return undefined;
  try {
    const options = {
      k: neighbours(),
      topk: classifier.model.showClasses ? 3 : 0,
      unknownThreshold: preferences.unknownThreshold,
      smoothing: image instanceof Blob ? 0 : preferences.smoothing,
    };
    return card
      ? await lesson.teach(image, () => card.label, options, portrait)
      : await classifier.observe(image, options);
  } catch (error) {
    onError(error, what);
    return undefined;
  }
}

/** How many neighbours vote: as many as the smallest class has, so that it isn't outvoted for being small, but at most 10. */
function neighbours(): number {
  return Math.min(10, ...sizes());
}

/** Of the classes that have examples. */
function sizes(): number[] {
  return lesson.classes.map(({ ids }) => ids.length).filter((count) => count > 0);
}

/** Errors after which the engine is of no more use. */
const fatal = new Set(['worker-lost', 'internal', 'out-of-memory']);

function onError(error: unknown, what = ''): void {
  const { code = '' } = error as { code?: string };
  if (fatal.has(code)) void reopen();
  else if (code !== 'disposed' && code !== 'aborted') showAlert(what ? `${what}: ${sentence(error)}` : sentence(error));
}

function showObservation({ prediction, classes, timings }: Observation): void {
  frameMeter.add(timings);
  showTop3(classes);
  showPrediction(prediction);
}

function showPrediction(prediction: Prediction | null): void {
  board.showPrediction(prediction);
  why.show(prediction);
  if (!prediction) return stage.showVerdict(null);
  if (prediction.unknown) {
    announcer.say('Unknown');
    return stage.showVerdict('unknown');
  }
  const name = board.of(prediction.label)?.name ?? prediction.label;
  const share = prediction.confidences[prediction.label] ?? 0;
  stage.showVerdict({ place: placeOf(prediction.label), name, share });
  if (share >= 0.6) announcer.say(`${name}, ${percent(share)}`);
}

// Teaching --------------------------------------------------------------------------------------------------------------

function onLessonChange(renamed?: Renamed): void {
  if (renamed) places.rename(...renamed);
  places.settle(lesson.classes.map(({ label }) => label));
  board.show(lesson.classes, places);
  byId<HTMLButtonElement>('add-class').disabled = lesson.classes.length >= mostClasses;
  byId<HTMLButtonElement>('save-file').disabled = lesson.classes.length === 0;
  keeping.changed();
  review.changed();
}

function onPress(card: ClassCard): void {
  if (!classifier) return showStatus('The network is still loading. Try again in a moment.');
  if (sources.kind === 'none')
    return showStatus('Nothing to record yet: start the camera, or add pictures to this class.');
  recorder.press(card.id);
  recordings.set(card.id, changes.record(card.label));
  card.showRecording(true);
  if (sources.kind === 'picture') void look();
  else showStatus(`Recording ${card.name}.`);
}

function onRelease(card: ClassCard): void {
  recorder.release(card.id);
  card.showRecording(false);
  if (sources.kind === 'camera') showStatus(sayAdvice());
}

function sayAdvice(): string {
  return advice(board.cards.map(({ label, name }) => ({ name, count: lesson.idsOf(label).length })));
}

async function onFiles(card: ClassCard, files: File[]): Promise<void> {
  if (!classifier) return showStatus('The network is still loading. Try again in a moment.');
  if (files.length === 1 && datasetFormat(files[0]!)) return openFile(files[0]!);
  const recording = changes.record(card.label);
  let added = 0;
  for (const file of files) {
    showStatus(`Adding picture ${added + 1} of ${files.length} to ${card.name}.`);
    const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => null);
    const observation = await observe(
      file,
      card,
      bitmap && { source: bitmap, mirrored: false, crop: stage.crop },
      file.name,
    );
    bitmap?.close();
    if (observation?.exampleId === undefined) continue;
    recording.add(observation.exampleId);
    added++;
  }
  showStatus(
    `${card.name} learned from ${added} of ${files.length} ${files.length === 1 ? 'picture' : 'pictures'}. ${sayAdvice()}`,
  );
  await lookAgain();
}

async function onRename(card: ClassCard, name: string): Promise<void> {
  try {
    await changes.rename(card.label, name);
    await lookAgain();
  } catch (error) {
    card.resetName();
    onError(error);
  }
}

/** Makes a change, says that it was made, and looks again. False when it failed. */
async function attempt(done: string, change: () => Promise<unknown>): Promise<boolean> {
  if (!classifier) return false;
  try {
    await change();
  } catch (error) {
    onError(error);
    return false;
  }
  showStatus(done);
  // The button that had the focus may be gone or of no use.
  if (document.activeElement?.matches('body, :disabled')) byId('undo').focus({ preventScroll: true });
  await lookAgain();
  return true;
}

async function addClass(): Promise<void> {
  if (lesson.classes.length >= mostClasses) return;
  let name = '';
  if (await attempt('Give the new class a name, and record it.', async () => (name = await changes.addClass())))
    board.of(name)?.focusName();
}

async function undo(): Promise<void> {
  // What is being recorded goes on as something new to undo.
  for (const id of recordings.keys()) recordings.set(id, changes.record(board.at(Number(id))?.label ?? ''));
  try {
    const step = await steps.undo();
    if (!step) return;
    showStatus(`Undone: ${step.what}.`);
    await lookAgain();
  } catch (error) {
    onError(error);
  }
}

// Files of what was taught ------------------------------------------------------------------------------------------------

async function saveFile(): Promise<void> {
  try {
    download(await lesson.toFile(), fileName());
    showStatus('Saved to a file. Open it here again, or in any program that uses teachable-wasm.');
  } catch (error) {
    onError(error);
  }
}

async function openFile(file: File): Promise<void> {
  if (!classifier) return showStatus('The network is still loading. Try again in a moment.');
  try {
    await changes.open(file, datasetFormat(file) ?? 'dataset');
  } catch (error) {
    const { code } = error as { code?: string };
    // Of a file that is too big, nothing has changed.
    if (code === 'out-of-memory') showAlert(`${file.name}: ${sentence(error)}`);
    else onError(error, file.name);
    return;
  }
  const { exampleCount, classes } = lesson;
  showStatus(`Opened ${file.name}: ${exampleCount} examples in ${classes.length} classes.`);
  await lookAgain();
}

async function startOver(): Promise<void> {
  const { exampleCount } = lesson;
  const question =
    exampleCount === 0
      ? 'Go back to three empty classes?'
      : `Forget all classes and ${exampleCount === 1 ? 'the example' : `all ${exampleCount} examples`}?`;
  if (!(await ask(question, 'Start over'))) return;
  await attempt('Everything is empty again.', async () => {
    await changes.startOver();
    await addFirstClasses();
  });
}

// Pictures --------------------------------------------------------------------------------------------------------------

async function testPicture(file: Blob | undefined): Promise<void> {
  if (!file) return;
  try {
    await sources.showPicture(file);
  } catch {
    return showAlert('That file could not be read as a picture. Try a JPEG, PNG, WebP or BMP.');
  }
  recorder.drop();
  showStatus(
    classifier ? 'This is your picture. Press a class button to teach with it.' : 'The network is still loading.',
  );
  await look();
}

/** A file that was dropped on the page or pasted: examples, else a picture. */
async function take(file: File | undefined): Promise<void> {
  if (file && datasetFormat(file)) await openFile(file);
  else await testPicture(file);
}

/** Calls `onFile` for each choice, of the same file too. */
function listenForChoice(id: string, onFile: (file: File) => void): void {
  const input = byId<HTMLInputElement>(id);
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) onFile(file);
    input.value = '';
  });
}

byId('alert-close').addEventListener('click', () => showAlert(null));
byId('undo').addEventListener('click', () => void undo());
byId('add-class').addEventListener('click', () => void addClass());
byId('save-file').addEventListener('click', () => void saveFile());
byId('start-over').addEventListener('click', () => void startOver());
listenForChoice('test-file', (file) => void testPicture(file));
listenForChoice('open-file', (file) => void openFile(file));
listenToAnswers();
listenForDrop(document.body, (files) => void take(files[0]));
document.addEventListener('paste', (event) => void take(event.clipboardData?.files[0]));
document.addEventListener('keydown', (event) => {
  if (
    event.key.toLowerCase() !== 'z' ||
    event.shiftKey ||
    event.altKey ||
    !(event.ctrlKey || event.metaKey) ||
    isTyping(event.target)
  )
    return;
  event.preventDefault();
  void undo();
});

void begin();
