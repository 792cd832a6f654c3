// Opens pages in real browsers, served by a real server.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { serve, strictPolicy } from '../../../web/dev/serve.mjs';
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

const usualChromium = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Folders that are served besides the site: test pages, installed packages, and the data if it is available. */
const testFolders = {
  '/pages/': path.join(root, 'tests/web/support/pages'),
  '/node_modules/': path.join(root, 'node_modules'),
  ...(hasData ? { '/data/': dataFolder } : {}),
};

/**
 * Starts Chromium, once for each test file. TEACHABLE_CHROMIUM names a program other than the usual ones.
 * @param {{camera?: string, args?: string[]}} [options] `camera`: a .mjpeg or .y4m file that the fake webcam plays instead of
 * Chromium's test picture. `args`: additional command-line arguments.
 */
export async function openBrowser({ camera, args = [] } = {}) {
  const executablePath = process.env.TEACHABLE_CHROMIUM ?? usualChromium.find(existsSync);
  if (!executablePath)
    throw new Error(
      'Chromium was not found. Install it (on Debian: apt-get install chromium), or set TEACHABLE_CHROMIUM to its program.',
    );
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: [...flags, ...args, ...(camera ? [`--use-file-for-fake-video-capture=${camera}`] : [])],
  });
  return Object.assign(browser, { engine: { name: 'chromium', version: browser.version() } });
}

/**
 * Opens a page of the site in a new browser context, with a server for this test only. Both are closed after the test. The test
 * fails when the page or one of its workers throws an uncaught error or violates the content security policy.
 * @param {import('node:test').TestContext} t
 * @param {{path?: string, serving?: object, context?: object, tolerant?: boolean, init?: () => void}} [options] `serving`: options
 * for serve(). `tolerant`: troubles are only collected and do not fail the test. `init`: runs in the page before its scripts.
 * @returns {Promise<{page: object, context: object, url: string, requests: string[], troubles: string[], closeServer: () => Promise<void>}>}
 * `context`: makes further pages of the same visitor. `requests`: the paths that were requested from the server. `troubles`: errors and policy violations. Both lists grow while the page
 * lives. `closeServer` ends the server before the test ends.
 */
export async function openPage(t, browser, { path = '', serving = {}, context = {}, tolerant = false, init } = {}) {
  const troubles = [];
  const requests = [];
  const { csp = strictPolicy } = serving;
  const server = await serve({
    port: 0,
    ...serving,
    csp: csp && `${csp}; report-uri ${reportPath}`,
    folders: { ...testFolders, ...serving.folders },
    before(request, response) {
      if (request.url === reportPath) return takeReport(request, response, troubles);
      requests.push(request.url);
      return serving.before?.(request, response) ?? false;
    },
  });
  let closing;
  const closeServer = () => (closing ??= server.close());
  const scope = await browser.newContext(context);
  const page = await scope.newPage();
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) troubles.push(message.text());
  });
  t.after(async () => {
    // A server that stays open would keep the test file from ending.
    await scope.close().finally(closeServer);
    if (troubles.length > 0 && !tolerant) throw new Error(troubles.join('\n'));
  });
  if (init) await page.addInitScript(init);
  await page.goto(server.url + path);
  return { page, context: scope, url: server.url, requests, troubles, closeServer };
}

/** Address to which browsers report violations of the content security policy. */
const reportPath = '/policy-violation';

function takeReport(request, response, troubles) {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    troubles.push(`Violation of the content security policy: ${body}`);
    response.writeHead(204).end();
  });
  return true;
}

/**
 * Resolves when a page has no more than `count` workers. The test's timeout ends a wait in vain.
 * @param {object} page A page of Chromium. Those of WebKit don't tell of their workers, so they are not checked.
 */
export async function workersEnd(page, count = 0) {
  if (!page.workers) return;
  while (page.workers().length > count)
    await Promise.race(page.workers().map((worker) => new Promise((resolve) => worker.once('close', resolve))));
  assert.equal(page.workers().length, count);
}
