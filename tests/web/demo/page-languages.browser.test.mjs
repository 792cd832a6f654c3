// The demo page in its languages.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { makePicture } from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

test('the page speaks the language of the browser, and a choice is kept', async (t) => {
  const { page } = await openPage(t, browser, { context: { locale: 'de-AT' } });
  await page.getByTestId('status').filter({ hasText: 'Bereit.' }).waitFor({ timeout: 30_000 });
  assert.equal(await page.locator('html').getAttribute('lang'), 'de');
  assert.equal(await page.title(), 'Lernende Maschine');
  assert.equal(await page.getByTestId('name-1').inputValue(), 'Klasse 1');
  await page.getByTestId('files-1').setInputFiles(await makePicture(page, 'red', 'disc'));
  await page.getByTestId('count-1').filter({ hasText: '1 Beispiel' }).waitFor();
  // Examples are saved before the page is loaded again.
  await page.getByTestId('language').selectOption('es');
  await page.getByTestId('status').filter({ hasText: '1 ejemplo de tu última visita ha vuelto' }).waitFor();
  assert.equal(await page.getByTestId('name-1').inputValue(), 'Klasse 1');
  await page.reload();
  await page.getByTestId('status').filter({ hasText: 'Listo.' }).waitFor({ timeout: 30_000 });
});

test('the language of the address comes first, and English is used when a language cannot be loaded', async (t) => {
  const { page } = await openPage(t, browser, {
    path: '?language=es',
    serving: {
      before(request, response) {
        if (!/part-de-/.test(request.url)) return false;
        response.writeHead(404).end();
        return true;
      },
    },
    tolerant: true,
  });
  await page.getByTestId('status').filter({ hasText: 'Listo.' }).waitFor({ timeout: 30_000 });
  await page.getByTestId('language').selectOption('de');
  await page.waitForURL((address) => address.search === '');
  await page.getByTestId('status').filter({ hasText: 'Ready.' }).waitFor({ timeout: 30_000 });
});
