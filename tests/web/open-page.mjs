// A real Chromium on a real server: what browser tests start from.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { serve } from '../../web/dev/serve.mjs';
import { dataFolder, hasData, root } from './data.mjs';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
];

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** What tests fetch besides the site: empty pages, installed packages, and the data if it is there. */
const testFolders = {
  '/pages/': path.join(root, 'tests/web/pages'),
  '/node_modules/': path.join(root, 'node_modules'),
  ...(hasData ? { '/data/': dataFolder } : {}),
};

/**
 * Starts one browser for a test file. TEACHABLE_CHROMIUM names another than the usual one.
 * @param {{camera?: string}} [options] `camera`: the .mjpeg or .y4m file that the fake webcam plays, instead of a test card.
 */
export async function openBrowser({ camera } = {}) {
  const executablePath = process.env.TEACHABLE_CHROMIUM ?? usual.find(existsSync);
  if (!executablePath) throw new Error('No Chromium found. Install one (Debian: apt-get install chromium) or name it in TEACHABLE_CHROMIUM.');
  return chromium.launch({ executablePath, headless: true, args: camera ? [...flags, `--use-file-for-fake-video-capture=${camera}`] : flags });
}

/**
 * Opens a page of the site in a fresh context, served for this test only. After the test all of it is closed, and
 * a script error or a breach of the content policy fails it.
 * @param {import('node:test').TestContext} t
 * @param {{path?: string, serving?: object, context?: object}} [options] `serving` goes to serve().
 */
export async function openPage(t, browser, { path = '', serving = {}, context = {} } = {}) {
  const server = await serve({ port: 0, ...serving, folders: { ...testFolders, ...serving.folders } });
  const scope = await browser.newContext(context);
  const page = await scope.newPage();
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) troubles.push(message.text());
  });
  t.after(async () => {
    await scope.close();
    await server.close();
    if (troubles.length > 0) throw new Error(troubles.join('\n'));
  });
  await page.goto(server.url + path);
  return { page, url: server.url };
}
