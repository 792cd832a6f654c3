// A real browser on a real server: what browser tests start from.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { serve, strictPolicy } from '../../web/dev/serve.mjs';
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

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const usualFirefox = ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'];

/** What tests fetch besides the site: empty pages, installed packages, and the data if it is there. */
const testFolders = {
  '/pages/': path.join(root, 'tests/web/pages'),
  '/node_modules/': path.join(root, 'node_modules'),
  ...(hasData ? { '/data/': dataFolder } : {}),
};

/**
 * Starts one browser for a test file. TEACHABLE_CHROMIUM names another than the usual one.
 * @param {{camera?: string, args?: string[]}} [options] `camera`: the .mjpeg or .y4m file that the fake webcam plays, instead of a
 * test card. `args`: more of the command line.
 */
export async function openBrowser({ camera, args = [] } = {}) {
  const executablePath = process.env.TEACHABLE_CHROMIUM ?? usual.find(existsSync);
  if (!executablePath)
    throw new Error(
      'No Chromium found. Install one (Debian: apt-get install chromium) or name it in TEACHABLE_CHROMIUM.',
    );
  return chromium.launch({
    executablePath,
    headless: true,
    args: [...flags, ...args, ...(camera ? [`--use-file-for-fake-video-capture=${camera}`] : [])],
  });
}

/**
 * Starts a Firefox, as it is installed: over WebDriver BiDi. TEACHABLE_FIREFOX names another than the usual one. Its pages are
 * Puppeteer's, which for what openPage() and the tests use of them are as Playwright's.
 */
export async function openFirefox() {
  const executablePath = process.env.TEACHABLE_FIREFOX ?? usualFirefox.find(existsSync);
  if (!executablePath)
    throw new Error(
      'No Firefox found. Install one (Debian: apt-get install firefox-esr) or name it in TEACHABLE_FIREFOX.',
    );
  // How long something may take is up to the tests.
  const firefox = await puppeteer.launch({
    browser: 'firefox',
    protocol: 'webDriverBiDi',
    executablePath,
    headless: true,
    protocolTimeout: 0,
  });
  return { newContext: () => firefox.createBrowserContext(), close: () => firefox.close() };
}

/**
 * Opens a page of the site in a fresh context, served for this test only. After the test all of it is closed, and
 * a script error or a breach of the content policy, of a worker too, fails it.
 * @param {import('node:test').TestContext} t
 * @param {{path?: string, serving?: object, context?: object, tolerant?: boolean, init?: () => void}} [options] `serving` goes to
 * serve(); with `tolerant`, troubles are collected only; `init` runs in the page before its own scripts.
 * @returns {Promise<{page: object, url: string, requests: string[], troubles: string[]}>} `requests`: paths that the server
 * was asked for, growing. `troubles`: script errors and breaches so far.
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
  const scope = await browser.newContext(context);
  const page = await scope.newPage();
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) troubles.push(message.text());
  });
  t.after(async () => {
    await scope.close();
    await server.close();
    if (troubles.length > 0 && !tolerant) throw new Error(troubles.join('\n'));
  });
  if (init) await page.addInitScript(init);
  await page.goto(server.url + path);
  return { page, url: server.url, requests, troubles };
}

/** Where browsers are told to report breaches of the content policy. */
const reportPath = '/policy-breach';

function takeReport(request, response, troubles) {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    troubles.push(`Breach of the content policy: ${body}`);
    response.writeHead(204).end();
  });
  return true;
}
