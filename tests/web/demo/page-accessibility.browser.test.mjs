// The demo page for everybody: checked by axe-core in each state, in both themes, on a small and a large screen; and used by keyboard
// alone.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import test, { after, before } from 'node:test';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { openReady, untilCountAtLeast } from './demo-page.mjs';

let browser;
let axe;

before(async () => {
  browser = await openBrowser();
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});

after(() => browser.close());

/** Returns what axe-core finds wrong, as short texts. */
async function findViolations(page) {
  // The page's policy allows no foreign script, and evaluate() needs none.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary.replace(/\s+/g, ' ')}`),
    );
  });
}

/** Tries all states of the page, and calls `check` with the name of each. */
async function visitStates(page, check) {
  await check('empty');
  await page.getByTestId('start-scene').click();
  for (const [index, thing] of ['cup', 'cactus', 'books'].entries()) {
    await page.locator(`#things input[value=${thing}]`).check();
    await page.getByTestId(`record-${index + 1}`).focus();
    await page.keyboard.down(' ');
    await untilCountAtLeast(page, index + 1, 4);
    if (index === 1) await check('teaching');
    await page.keyboard.up(' ');
  }
  await page.locator('#explanation').waitFor();
  await check('predicting');
  await page.getByTestId('output-1').click();
  for (const part of ['speech', 'sound', 'picture']) await page.getByTestId(`output-${part}-on`).check();
  await check('output');
  await page.getByTestId('output-done').click();
  await page.getByTestId('show-view').click();
  await page.getByTestId('show-exit').waitFor();
  await check('show view');
  await page.getByTestId('show-exit').click();
  await page.getByTestId('thumbnails-1').click();
  for (const summary of await page.locator('details:not([hidden]) > summary').all())
    if (await summary.isVisible()) await summary.click();
  await check('everything open');
  await page.getByTestId('start-over').click();
  await check('question');
  await page.getByTestId('confirm-no').click();
  await page.getByTestId('open-file').setInputFiles({ name: 'a.tmkn', mimeType: '', buffer: Buffer.from('nothing') });
  await page.getByTestId('alert').waitFor();
  await check('alert');
}

const screens = {
  phone: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};

/** Runs in the page. Returns the controls that fingers hardly hit, as short texts. */
const findSmallControls = () =>
  [...document.querySelectorAll('button, select, summary, input:not([type=file]), label.button, .things label')]
    .filter(
      (each) =>
        each.checkVisibility({ visibilityProperty: true }) && !each.closest('.visually-hidden, .things label > *'),
    )
    .filter((each) => !each.matches('.things input'))
    // A box or a choice is touched by its label, too.
    .map((each) => (/checkbox|radio/.test(each.type) ? (each.closest('label') ?? each) : each))
    .map((each) => ({ each, box: each.getBoundingClientRect() }))
    .filter(({ box }) => box.height < 43.5 || box.width < 43.5)
    .map(
      ({ each, box }) =>
        `${each.id || each.className || each.tagName} is small: ${box.width.toFixed(0)}x${box.height.toFixed(0)}`,
    );

for (const [screen, context] of Object.entries(screens)) {
  const isTouched = context.hasTouch === true;
  const sizes = isTouched ? ', and every control is at least 44 pixels high and wide' : '';
  test(`on a ${screen}, axe-core finds nothing wrong in both themes, nothing is too wide${sizes}`, {
    timeout: 120_000,
  }, async (t) => {
    const { page } = await openReady(t, browser, { context: { ...context, reducedMotion: 'reduce' } });
    const found = [];
    await visitStates(page, async (state) => {
      for (const colorScheme of ['dark', 'light']) {
        await page.emulateMedia({ colorScheme });
        for (const violation of await findViolations(page)) found.push(`${state}, ${colorScheme}: ${violation}`);
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) found.push(`${state}: the page is ${overflow} pixels wider than the screen`);
      if (isTouched) for (const small of await page.evaluate(findSmallControls)) found.push(`${state}: ${small}`);
    });
    assert.deepEqual(found, []);
  });
}

test('the keyboard alone teaches two classes, predicts, and saves to a file', { timeout: 90_000 }, async (t) => {
  const { page } = await openPage(t, browser, { context: { acceptDownloads: true } });
  await page.locator('#dataset-tools').waitFor();
  /** Presses Tab until the element with this id or test id has the focus. */
  const tabTo = async (id) => {
    for (let presses = 0; presses < 80; presses++) {
      if (
        await page.evaluate((id) => [document.activeElement.id, document.activeElement.dataset.testid].includes(id), id)
      )
        return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`The focus never reached ${id}.`);
  };
  await tabTo('start-scene');
  await page.keyboard.press('Enter');
  await page.locator('#preview[data-kind=scene]').waitFor();
  await page.keyboard.down('1');
  await untilCountAtLeast(page, 1, 5);
  await page.keyboard.up('1');
  // The scene has the focus on the choice of things.
  await page.keyboard.press('ArrowRight');
  await page.keyboard.down('2');
  await untilCountAtLeast(page, 2, 5);
  await page.keyboard.up('2');
  await page.getByTestId('prediction').filter({ hasText: 'Class 2' }).waitFor();
  await page.keyboard.press('ArrowLeft');
  await page.getByTestId('prediction').filter({ hasText: 'Class 1' }).waitFor();
  await tabTo('save-file');
  const saving = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  assert.match((await saving).suggestedFilename(), /\.tmkn$/);
});

test('forced colours keep the meters and the winner visible', async (t) => {
  const { page } = await openReady(t, browser, { context: { forcedColors: 'active' } });
  await page.getByTestId('start-scene').click();
  await page.keyboard.down('1');
  await untilCountAtLeast(page, 1, 4);
  await page.keyboard.up('1');
  await page.locator('[data-testid=bar-1][aria-valuenow="100"]').waitFor();
  // A fill in the colour of its track would be invisible.
  const [fill, track] = await page.evaluate(() =>
    ['.meter-fill', '.meter-track'].map(
      (name) => getComputedStyle(document.querySelector(`.card ${name}`)).backgroundColor,
    ),
  );
  assert.notEqual(fill, track);
});
