// Few-shot learning from real photos in a browser: from file bytes to embeddings to nearest neighbours.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fetchModel } from '../../../models/fetch.mjs';
import { dataFolder, needsData } from '../support/data.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';

async function teachAndTest({ entry, names, variant }) {
  const { load } = await import('/lib/index.js');
  const classifier = await load({ model: { ...entry, baseUrl: '/models/' }, variant });
  const picture = async (name) => (await fetch(`/data/imprinting/${name}`)).blob();
  const labelOf = (name) => name.split('_')[0];
  for (const name of names.filter((each) => each.includes('_train_')))
    await classifier.addExample(await picture(name), labelOf(name));
  const results = [];
  for (const name of names.filter((each) => each.includes('_test_'))) {
    const { label } = await classifier.predict(await picture(name), { k: 1 });
    results.push({ name, wanted: labelOf(name), got: label });
  }
  classifier.dispose();
  return results;
}

for (const id of ['mobilenet-v2-1.0-224-int8', 'mobilenet-v2-1.0-224-uint8']) {
  for (const variant of ['simd', 'relaxed']) {
    test(`photos of a cat, a dog and a hot dog are told apart with ${id} (${variant})`, {
      ...needsData,
      timeout: 60_000,
    }, async (t) => {
      const browser = await openBrowser();
      const { page } = await openPage(t, browser, { path: 'pages/blank.html' });
      t.after(() => browser.close());
      const names = (await readdir(path.join(dataFolder, 'imprinting'))).filter((name) => name.endsWith('.bmp'));
      const results = await page.evaluate(teachAndTest, { entry: await fetchModel(id), names, variant });
      assert.equal(results.length, 3);
      for (const { name, wanted, got } of results) assert.equal(got, wanted, name);
    });
  }
}
