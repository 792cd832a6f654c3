// Helpers for tests of the demo page.

import { openPage } from '../support/open-page.mjs';

/** Opens the page and waits until it is ready. */
export async function openReady(t, browser, options) {
  const { page, url } = await openPage(t, browser, options);
  await untilReady(page);
  return { page, url };
}

/** Waits until the engine is loaded and stored examples are restored. */
export async function untilReady(page) {
  await page.getByTestId('status').filter({ hasText: 'Ready' }).waitFor({ timeout: 30_000 });
}

/** Returns the number of examples that the card in a slot shows. */
export const countOf = async (page, slot) => parseInt(await page.getByTestId(`count-${slot}`).textContent(), 10);

/** Waits until a class has exactly `count` examples. */
export async function untilCount(page, slot, count) {
  await page
    .getByTestId(`count-${slot}`)
    .filter({ hasText: new RegExp(`^${count} examples?$`) })
    .waitFor();
}

/** Waits until a class has at least `count` examples. */
export async function untilCountAtLeast(page, slot, count) {
  await page.waitForFunction(
    ([slot, count]) => parseInt(document.querySelector(`[data-testid=count-${slot}]`).textContent, 10) >= count,
    [slot, count],
  );
}

/** Waits until the data set is stored in the browser. */
export async function untilSaved(page) {
  await page.locator('#save-state[data-state=saved]').waitFor();
}

/** Starts the camera and waits until the preview shows it. */
export async function startCamera(page) {
  await page.getByTestId('start-camera').click();
  await untilCameraIsLive(page);
}

/** Waits until the preview shows the camera. */
export async function untilCameraIsLive(page) {
  await page.locator('#preview[data-kind=camera]').waitFor();
}

/** Waits until `count` frames of the camera have come after this call, and the page has had time to handle them. */
export async function untilFrames(page, count) {
  await page.evaluate(async (count) => {
    const video = document.getElementById('video');
    for (let i = 0; i < count; i++) await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  }, count);
}

/** Returns a PNG file of one colour with a white shape, 'disc' or 'bar'. */
export async function makePicture(page, colour, shape) {
  const bytes = await page.evaluate(
    async ([colour, shape]) => {
      const canvas = new OffscreenCanvas(200, 200);
      const context = canvas.getContext('2d');
      context.fillStyle = colour;
      context.fillRect(0, 0, 200, 200);
      context.fillStyle = 'white';
      if (shape === 'disc') context.arc(100, 100, 60, 0, 7);
      else context.rect(30, 80, 140, 40);
      context.fill();
      return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
    },
    [colour, shape],
  );
  return { name: `${colour}-${shape}.png`, mimeType: 'image/png', buffer: Buffer.from(bytes) };
}

/** Adds pictures to a class and waits for them. `count` is the number of examples that the class has afterwards. */
export async function teach(page, slot, pictures, count = [pictures].flat().length) {
  await page.getByTestId(`files-${slot}`).setInputFiles(pictures);
  await untilCount(page, slot, count);
}

/** Drops a file on the page. */
export async function drop(page, { name, mimeType, buffer }) {
  await page.evaluate(
    ({ name, mimeType, bytes }) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type: mimeType }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    },
    { name, mimeType, bytes: [...buffer] },
  );
}

/** Makes the page's worker throw an error that nothing catches. */
export async function breakWorker(page) {
  const [worker] = page.workers().filter((each) => each.url().endsWith('/worker.js'));
  // The error must not reject evaluate(), so it is thrown in a task of its own.
  await worker.evaluate(
    () =>
      void setTimeout(() => {
        throw new Error('made to fail');
      }),
  );
}

/** Returns the slots of the cards, in the order of the page. */
export const slotsOf = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.card .name')].map((input) => Number(input.dataset.testid.replace('name-', ''))),
  );

/** Opens the gallery of a class and returns its examples. */
export async function openGallery(page, slot) {
  await page.getByTestId(`thumbnails-${slot}`).click();
  const gallery = page.getByTestId(`gallery-${slot}`);
  await gallery.waitFor();
  return gallery.locator('.example');
}

/** Returns for each canvas whether a picture is drawn on it. */
export const areDrawn = (canvases) =>
  canvases.evaluateAll((all) =>
    all.map((canvas) => canvas.getContext('2d').getImageData(48, 48, 1, 1).data[3] === 255),
  );

/** Returns the alert, if it contains these words. */
export const alertOf = (page, words) => page.getByTestId('alert').filter({ hasText: words });
