// What browser tests share: a served project, a Chromium on it, and the data that may be there.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve, strictPolicy } from '../../web/dev/serve.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const dataFolder = path.resolve(process.env.TEACHABLE_DATA ?? path.join(root, '../shared/data'));
export const hasData = existsSync(path.join(dataFolder, 'models'));

/** Option of node:test that skips a test by name when the data isn't there. */
export const needsData = hasData ? {} : { skip: 'needs TEACHABLE_DATA' };

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A hidden test window must not be slowed down.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];

/**
 * Serves the project and starts Chromium.
 * @param {object} [options]
 * @param {boolean} [options.isolated] cross-origin isolation, which threads need
 * @param {string} [options.camera] a .mjpeg or .y4m file that the fake webcam plays
 * @param {Record<string, string>} [options.folders] more address prefixes and their folders
 * @param {string|null} [options.csp] the pages' Content-Security-Policy; null for none
 */
export async function openBrowser({ isolated = true, camera, csp = strictPolicy, args = [], folders = {} } = {}) {
  const server = await serve({
    port: 0,
    isolated,
    csp,
    folders: {
      '/pages/': path.join(root, 'tests/web/pages'),
      '/node_modules/': path.join(root, 'node_modules'),
      ...(hasData ? { '/data/': dataFolder } : {}),
      ...folders,
    },
  });
  const fake = camera
    ? ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera}`]
    : [];
  const browser = await chromium.launch({
    executablePath: process.env.TEACHABLE_CHROMIUM ?? '/usr/bin/chromium',
    args: [...quiet, ...fake, ...args],
  });
  const context = await browser.newContext();
  return {
    url: server.url,
    context,
    /** A page on an empty document of the server; anything it logs as an error fails the test that reads `errors`. */
    async newPage(address = 'pages/blank.html') {
      const page = await context.newPage();
      const errors = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      await page.goto(new URL(address, server.url).href);
      return Object.assign(page, { errors });
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** A folder that is gone after the test. */
export async function scratchFolder(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs ffmpeg; its complaints become the error. Returns what it writes to standard output. */
export function ffmpeg(...args) {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
}

export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
