// The demo page in WebKit, Safari's engine. Its window is a private one, in which WebKit stores no Blobs.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { openPage } from '../support/open-page.mjs';
import { openWebKit } from '../support/webkit.mjs';
import { makePicture } from './demo-page.mjs';

const untilText = (page, selector, words) =>
  page.waitForFunction(
    (selector, words) => new RegExp(words).test(document.querySelector(selector)?.textContent ?? ''),
    selector,
    words,
  );

const byTestId = (id) => `[data-testid=${id}]`;

test('pictures teach two classes, a third is recognized, and after a reload all of them are back', {
  timeout: 120_000,
}, async (t) => {
  const browser = await openWebKit();
  t.after(() => browser.close());
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-pictures-'));
  t.after(() => rm(folder, { recursive: true }));
  const { page } = await openPage(t, browser);
  const make = async (...picture) => {
    const { name, buffer } = await makePicture(page, ...picture);
    await writeFile(path.join(folder, name), buffer);
    return path.join(folder, name);
  };
  const [disc, bar] = [await make('navy', 'disc'), await make('darkred', 'bar')];
  await untilText(page, '#status', 'Ready');
  assert.match(
    await page.evaluate(() => document.querySelector('[data-testid=variant]').textContent),
    /SIMD, \d threads/,
  );
  await page.setInputFiles(byTestId('files-1'), disc);
  await untilText(page, byTestId('count-1'), '^1 example$');
  await page.setInputFiles(byTestId('files-2'), bar);
  await untilText(page, byTestId('count-2'), '^1 example$');
  for (const [picture, label] of [
    [bar, 'Class 2'],
    [disc, 'Class 1'],
  ]) {
    await page.setInputFiles(byTestId('test-file'), picture);
    await untilText(page, byTestId('prediction'), label);
  }
  await page.waitForFunction(() => document.querySelector('#save-state[data-state=saved]') !== null);
  await page.reload();
  await untilText(page, '#status', 'Ready.*2 examples from your last visit are back');
  await page.setInputFiles(byTestId('test-file'), bar);
  await untilText(page, byTestId('prediction'), 'Class 2');
});
