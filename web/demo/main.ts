// The page: a camera or pictures, three classes, one classifier.

import { load, type Classifier, type Observation } from 'teachable-wasm';
import { Webcam, type WebcamState } from 'teachable-wasm/webcam';
import { ClassCard, listenForDrop } from './class-card.js';
import { byId, percent } from './element.js';
import { Examples } from './examples.js';
import { Announcer, FrameMeter, LoadingBar, showAlert, showInfo, showStatus, showTop3 } from './readout.js';
import { Recorder } from './recorder.js';
import { readSettings } from './settings.js';
import { Stage } from './stage.js';

const stage = new Stage();
const recorder = new Recorder();
const examples = new Examples();
const frameMeter = new FrameMeter();
const announcer = new Announcer();
const loadingBar = new LoadingBar();
let classifier: Classifier | null = null;
let pictureFile: Blob | null = null;
let endLoop: (() => void) | null = null;
let reopenedAt = -Infinity;

const camera = new Webcam({ video: stage.video, onState: onCameraState });
const cards = [1, 2, 3].map(
  (number) => new ClassCard(byId('classes'), number, { onPress, onRelease, onFiles, onForget, onRename: () => void lookAtPicture() }),
);

// Loading ---------------------------------------------------------------------------------------------------------------

async function open(): Promise<void> {
  try {
    const opened = await load({ ...readSettings(location.search), onProgress: (progress) => loadingBar.show(progress) });
    await examples.teach(opened);
    classifier = opened;
    stage.setCrop(opened.model.preprocess.crop);
    showInfo(await opened.info());
    showStatus('Ready. Start the camera, or add pictures to the classes.');
    await lookAtPicture();
  } catch (error) {
    showStatus('');
    showAlert(sentence(error));
  } finally {
    loadingBar.hide();
  }
}

/** After the worker has died: a new one, taught what the old one knew. Not again and again. */
async function reopen(): Promise<void> {
  if (!classifier) return;
  classifier.dispose();
  classifier = null;
  const again = performance.now() - reopenedAt < 30_000;
  reopenedAt = performance.now();
  if (again) return showAlert('The engine stopped twice within half a minute. Reload the page; if it happens again, try ?variant=simd at the end of its address.');
  showAlert('The engine stopped and was started again. Your examples were kept.');
  await open();
}

// Looking ---------------------------------------------------------------------------------------------------------------

/** One look: teaches `label` if given, shows all that is known. False, with a word on `what`, when it failed. */
async function look(image: HTMLVideoElement | Blob, label: string | undefined, what = ''): Promise<boolean> {
  if (!classifier) return false;
  try {
    const observation = await classifier.observe(image, {
      label,
      k: examples.neighbours(),
      topk: classifier.model.showClasses ? 3 : 0,
      embedding: label !== undefined,
    });
    if (label !== undefined && observation.embedding) remember(label, observation.embedding);
    showObservation(observation);
    return true;
  } catch (error) {
    onLookError(error, what);
    return false;
  }
}

async function lookAtVideo(): Promise<void> {
  if (stage.source !== 'camera' || !classifier) return;
  const label = recorder.next();
  if ((await look(stage.video, label)) && label !== undefined) cardOf(label).strip.addFrame(stage.video);
}

async function lookAtPicture(): Promise<void> {
  if (stage.source !== 'picture' || !pictureFile) return;
  const label = recorder.next();
  if ((await look(pictureFile, label)) && label !== undefined) cardOf(label).strip.addPicture(stage.picture);
}

function remember(id: string, embedding: Float32Array): void {
  examples.add(id, embedding);
  cardOf(id).showCount(examples.count(id));
}

function onLookError(error: unknown, what = ''): void {
  const { code } = error as { code?: string };
  if (code === 'worker-lost' || code === 'internal' || code === 'out-of-memory') void reopen();
  else if (code !== 'disposed') showAlert(what ? `${what}: ${sentence(error)}` : sentence(error));
}

function showObservation({ prediction, classes, timings }: Observation): void {
  frameMeter.add(timings);
  showTop3(classes);
  for (const card of cards) card.showConfidence(prediction?.confidences[card.id] ?? 0, prediction?.label === card.id);
  if (!prediction) return stage.showVerdict(null);
  const { name } = cardOf(prediction.label);
  const share = prediction.confidences[prediction.label] ?? 0;
  stage.showVerdict({ id: prediction.label, name, share });
  if (share >= 0.6) announcer.say(`${name}, ${percent(share)}`);
}

function cardOf(id: string): ClassCard {
  return cards.find((card) => card.id === id)!;
}

// Teaching --------------------------------------------------------------------------------------------------------------

function onPress(id: string): void {
  if (!classifier) return showStatus('The network is still loading. Try again in a moment.');
  if (stage.source === 'none') return showStatus('Nothing to record yet: start the camera, or add pictures to this class.');
  recorder.press(id);
  cardOf(id).showRecording(true);
  if (stage.source === 'picture') void lookAtPicture();
  else showStatus(`Recording ${cardOf(id).name}.`);
}

function onRelease(id: string): void {
  recorder.release(id);
  cardOf(id).showRecording(false);
  if (stage.source === 'camera') showStatus(advice());
}

/** What would help most now. */
function advice(): string {
  const taught = cards.filter((card) => examples.count(card.id) > 0);
  if (taught.length < 2) return 'Now teach it a second class, so that it has something to tell apart.';
  const few = taught.find((card) => examples.count(card.id) < 5);
  return few ? `${few.name} has few examples: record some more, from other sides.` : 'Show it something and watch the bars.';
}

async function onFiles(id: string, files: File[]): Promise<void> {
  if (!classifier) return showStatus('The network is still loading. Try again in a moment.');
  let added = 0;
  for (const file of files) {
    showStatus(`Adding picture ${added + 1} of ${files.length} to ${cardOf(id).name}.`);
    if (!(await look(file, id, file.name))) continue;
    added++;
    await addToStrip(id, file);
  }
  showStatus(`${cardOf(id).name} learned from ${added} of ${files.length} ${files.length === 1 ? 'picture' : 'pictures'}. ${advice()}`);
  await lookAtPicture();
}

async function addToStrip(id: string, file: Blob): Promise<void> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => null);
  if (!bitmap) return;
  cardOf(id).strip.addPicture(bitmap);
  bitmap.close();
}

async function onForget(id: string): Promise<void> {
  try {
    await classifier?.clear(id);
    examples.forget(id);
    cardOf(id).showCount(0);
    cardOf(id).showConfidence(0, false);
    showStatus(`${cardOf(id).name} is empty again.`);
    await lookAtPicture();
  } catch (error) {
    onLookError(error);
  }
}

// Sources ---------------------------------------------------------------------------------------------------------------

function onCameraState(state: WebcamState): void {
  stage.showCamera(state);
  endLoop?.();
  endLoop = null;
  if (state === 'live') {
    showSource('camera');
    endLoop = camera.eachFrame(lookAtVideo);
    if (classifier) showStatus('Hold a class button while you show it something.');
  } else if (stage.source !== 'picture') {
    showSource('none');
  }
  showTools();
}

async function testPicture(file: Blob | undefined): Promise<void> {
  if (!file) return;
  try {
    await stage.showPicture(file);
  } catch {
    return showAlert('That file could not be read as a picture. Try a JPEG, PNG, WebP or BMP.');
  }
  pictureFile = file;
  recorder.drop();
  showTools();
  showStatus(classifier ? 'This is your picture. Press a class button to teach with it.' : 'The network is still loading.');
  await lookAtPicture();
}

function showSource(source: 'none' | 'camera'): void {
  pictureFile = null;
  stage.show(source);
  if (source === 'none') showTop3([]);
}

function showTools(): void {
  byId('stop-camera').hidden = !camera.live;
  byId('back-to-camera').hidden = !(camera.live && stage.source === 'picture');
}

/** One sentence for people from whatever was thrown. */
function sentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : `Something went wrong: ${String(error)}`;
}

// What goes wrong is a state, too, and shown as such.
byId('start-camera').addEventListener('click', () => void camera.start().catch(() => {}));
byId('stop-camera').addEventListener('click', () => camera.stop());
byId('back-to-camera').addEventListener('click', () => {
  showSource('camera');
  showTools();
});
byId('alert-close').addEventListener('click', () => showAlert(null));
const testFile = byId<HTMLInputElement>('test-file');
testFile.addEventListener('change', () => {
  void testPicture(testFile.files?.[0]);
  // So that the same file can be chosen again.
  testFile.value = '';
});
listenForDrop(document.body, (files) => void testPicture(files[0]));
document.addEventListener('paste', (event) => void testPicture(event.clipboardData?.files[0]));

void open();
