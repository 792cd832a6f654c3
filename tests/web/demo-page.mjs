// The demo page as its tests use it.

import { openPage } from './open-page.mjs';

/** Opens the page and waits until it can be used. */
export async function openReady(t, browser, options) {
  const { page, url } = await openPage(t, browser, options);
  await untilReady(page);
  return { page, url };
}

export async function untilReady(page) {
  await page.getByTestId('status').filter({ hasText: 'Ready' }).waitFor({ timeout: 30_000 });
}

export const countOf = async (page, place) => parseInt(await page.getByTestId(`count-${place}`).textContent(), 10);

export async function untilCount(page, place, count) {
  await page
    .getByTestId(`count-${place}`)
    .filter({ hasText: new RegExp(`^${count} examples?$`) })
    .waitFor();
}

/** Waits until all that was taught is in the browser's storage. */
export async function untilKept(page) {
  await page.locator('#kept[data-state=saved]').waitFor();
}

/** A PNG of one colour with a shape on it. */
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

/** Teaches a class by files and waits for them; `count`: how many examples it has then. */
export async function teach(page, place, pictures, count = [pictures].flat().length) {
  await page.getByTestId(`files-${place}`).setInputFiles(pictures);
  await untilCount(page, place, count);
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

/** Places of the cards, in their order on the page. */
export const placesOf = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.card .name')].map((input) => Number(input.dataset.testid.replace('name-', ''))),
  );

/** Opens all examples of a class and waits until their pictures are drawn. */
export async function openGallery(page, place) {
  await page.getByTestId(`strip-${place}`).click();
  const gallery = page.getByTestId(`gallery-${place}`);
  await gallery.waitFor();
  return gallery.locator('.example');
}

/** For each canvas, whether a picture is drawn on it. */
export const areDrawn = (canvases) =>
  canvases.evaluateAll((all) =>
    all.map((canvas) => canvas.getContext('2d').getImageData(48, 48, 1, 1).data[3] === 255),
  );
