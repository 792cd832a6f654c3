// Takes pictures of the page with the drawn scene, to look at:
//
//   node tests/web/support/screenshots.mjs [--folder=build/pictures] [--language=de] [--only=phone-dark]
//     phone and desktop, light and dark, each empty, while teaching, while predicting, and with the explanation ("why")
//   node tests/web/support/screenshots.mjs --readme
//     the picture and the animation of the README: web/demo/screenshot.png and web/demo/teaching.gif

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { untilCountAtLeast } from '../demo/demo-page.mjs';
import { ffmpeg, root } from './data.mjs';
import { openBrowser, openPage } from './open-page.mjs';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: path.join(root, 'build/pictures') },
    language: { type: 'string', default: 'en' },
    only: { type: 'string', default: '' },
    readme: { type: 'boolean', default: false },
  },
});

const screens = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};
const things = ['cup', 'cactus', 'books'];
const examplesPerClass = 25;

/** Opens the page and runs `take` with it. */
async function withPage(browser, context, take) {
  const ends = [];
  try {
    const { page } = await openPage({ after: (end) => ends.push(end) }, browser, {
      context: { locale: values.language, ...context },
      path: `?language=${values.language}`,
    });
    await page.locator('#dataset-tools').waitFor({ timeout: 30_000 });
    await take(page);
  } finally {
    for (const end of ends) await end();
  }
}

async function startScene(page) {
  await page.getByTestId('start-scene').click();
  await page.locator('#preview[data-kind=scene]').waitFor();
}

/** Shows a thing and holds a class's button until `count` examples are there. `meanwhile` is called before the release. */
async function teachThing(page, slot, count = examplesPerClass, meanwhile = async () => {}) {
  await page.locator(`#things input[value=${things[slot - 1]}]`).check();
  await page.getByTestId(`record-${slot}`).focus();
  await page.keyboard.down(' ');
  await untilCountAtLeast(page, slot, count);
  await meanwhile();
  await page.keyboard.up(' ');
}

async function nameClasses(page) {
  const names = await page.locator('#things label').allTextContents();
  for (const [index, name] of names.entries()) await page.getByTestId(`name-${index + 1}`).fill(name.trim());
  await page.evaluate(() => document.activeElement.blur());
}

/** Shows the cactus and waits until it is recognised. */
async function predict(page) {
  await page.locator('#things input[value=cactus]').check();
  await page.evaluate(() => {
    document.activeElement.blur();
    scrollTo(0, 0);
  });
  await page.waitForFunction(
    () => Number(document.querySelector('[data-testid=bar-2]').getAttribute('aria-valuenow')) > 80,
  );
}

async function takeStates(page, take) {
  await take('empty');
  await nameClasses(page);
  await startScene(page);
  await teachThing(page, 1);
  await teachThing(page, 2, examplesPerClass, () => take('teaching'));
  await teachThing(page, 3);
  await predict(page);
  await take('predicting');
  await page.locator('#explanation').scrollIntoViewIfNeeded();
  await page.locator('#review summary').click();
  await page.locator('#explanation').evaluate((element) => element.scrollIntoView({ block: 'center' }));
  await take('why');
}

const browser = await openBrowser();
try {
  if (values.readme) {
    await withPage(browser, { viewport: { width: 1200, height: 860 } }, async (page) => {
      const frames = await mkdtemp(path.join(tmpdir(), 'teachable-animation-'));
      let count = 0;
      const shoot = async () =>
        page.screenshot({ path: path.join(frames, `${String(count++).padStart(4, '0')}.png`), animations: 'allow' });
      await nameClasses(page);
      await startScene(page);
      for (const slot of [1, 2, 3]) {
        for (const part of [1, 2, 3, 4]) await teachThing(page, slot, part * 6, shoot);
      }
      for (const thing of ['cactus', 'cup', 'books', 'cactus']) {
        await page.locator(`#things input[value=${thing}]`).check();
        const slot = things.indexOf(thing) + 1;
        for (let each = 0; each < 3; each++) await shoot();
        await page.waitForFunction(
          (slot) => Number(document.querySelector(`[data-testid=bar-${slot}]`).getAttribute('aria-valuenow')) > 80,
          slot,
        );
        for (let each = 0; each < 3; each++) await shoot();
      }
      await predict(page);
      await page.screenshot({ path: path.join(root, 'web/demo/screenshot.png') });
      const filter =
        'scale=720:-1:flags=lanczos,split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse=dither=none';
      ffmpeg(
        '-framerate',
        '4',
        '-i',
        path.join(frames, '%04d.png'),
        '-vf',
        filter,
        path.join(root, 'web/demo/teaching.gif'),
      );
      await rm(frames, { recursive: true });
    });
  } else {
    await mkdir(values.folder, { recursive: true });
    for (const [screen, context] of Object.entries(screens)) {
      for (const colorScheme of ['light', 'dark']) {
        const name = `${screen}-${colorScheme}`;
        if (!name.includes(values.only)) continue;
        await withPage(browser, { ...context, colorScheme }, (page) =>
          takeStates(page, (state) => page.screenshot({ path: path.join(values.folder, `${name}-${state}.png`) })),
        );
      }
    }
    console.log(values.folder);
  }
} finally {
  await browser.close();
}
