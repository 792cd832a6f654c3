// The static demo on a plain server, which sends no headers for threads, under several addresses.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { writeDemo } from '../../../web/dev/build-demo.mjs';
import { scratchFolder } from '../support/data.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';
import { makePicture, teach, untilReady } from './demo-page.mjs';

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser.close());

for (const address of ['/', '/some/sub/path/']) {
  test(`the demo runs at ${address}`, { timeout: 120_000 }, async (t) => {
    const folder = await scratchFolder(t);
    await writeDemo(folder);
    const { page, requests } = await openPage(t, browser, {
      path: address.slice(1),
      serving: { isolated: false, csp: null, site: false, folders: { [address]: folder } },
    });
    await untilReady(page);
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    // Chromium has relaxed SIMD. Without the headers there are no threads.
    assert.equal(await page.locator('#variant').getAttribute('data-variant'), 'relaxed');
    assert.match(await page.locator('#variant').textContent(), /1 thread/);
    // A picture that comes as a file needs the decoder, too.
    await teach(page, 1, await makePicture(page, 'red', 'disc'));
    const outside = requests.filter((each) => !each.startsWith(address) && each !== '/favicon.ico');
    assert.deepEqual(outside, []);
  });
}

test('the folder holds what the page can ask for, and no source maps', async (t) => {
  const folder = await scratchFolder(t);
  const names = await writeDemo(folder);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name)));
  assert.deepEqual(files.sort(), [...names, 'LICENSE.txt', 'THIRD_PARTY_NOTICES.txt'].sort());
  for (const variant of ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'])
    for (const ending of ['js', 'wasm'])
      assert.ok(existsSync(path.join(folder, `lib/wasm/${variant}/teachable.${ending}`)));
  for (const name of ['lib/wasm/image/decoder.wasm', 'lib/wasm/tfjs/converter.wasm', 'style.css', 'icon.svg'])
    assert.ok(existsSync(path.join(folder, name)), name);
  assert.ok(files.some((name) => /^lib\/models\/.*\.(tflite|bin)$/.test(name)));
  assert.ok(!files.some((name) => /\.(map|cjs|ts)$|cli\.js/.test(name)));
  for (const name of files.filter((each) => each.endsWith('.js')))
    assert.ok(!(await readFile(path.join(folder, name), 'utf8')).includes('sourceMappingURL'), name);
});
