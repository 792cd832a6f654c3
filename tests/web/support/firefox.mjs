// Starts an installed Firefox without a window.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectToMarionette } from './marionette.mjs';
import { Processes } from './processes.mjs';
import { browserOf } from './webdriver.mjs';

const usual = ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'];

/** Settings of about:config. Marionette changes others itself, so that Firefox shows no first page and asks for no updates. */
const settings = {
  'marionette.port': 0,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.startup.max_resumed_crashes': -1,
};

/**
 * Starts Firefox. TEACHABLE_FIREFOX names a program other than the usual ones. All contexts share one profile.
 * @param {{prefs?: Record<string, unknown>}} [options] `prefs`: settings of about:config.
 */
export async function openFirefox({ prefs = {} } = {}) {
  const program = process.env.TEACHABLE_FIREFOX ?? usual.find(existsSync);
  if (!program)
    throw new Error(
      'Firefox was not found. Install it (on Debian: apt-get install firefox-esr), or set TEACHABLE_FIREFOX to its program.',
    );
  const profile = await mkdtemp(path.join(tmpdir(), 'teachable-firefox-'));
  const lines = Object.entries({ ...settings, ...prefs }).map(
    (each) => `user_pref(${JSON.stringify(each).slice(1, -1)});`,
  );
  await writeFile(path.join(profile, 'user.js'), lines.join('\n'));
  const processes = new Processes('firefox-esr');
  const end = async () => {
    await processes.end();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await processes.start(program, ['--headless', '--marionette', '--no-remote', '--profile', profile], {});
    return await browserOf(await connectToMarionette(await portOf(profile)), { end });
  } catch (error) {
    await end();
    throw error;
  }
}

/** Waits until Firefox has written its port into the profile. */
async function portOf(profile) {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const port = await readFile(path.join(profile, 'MarionetteActivePort'), 'utf8').catch(() => '');
    if (port) return Number(port);
    if (performance.now() > deadline) throw new Error('Firefox did not listen within 60 s.');
    await sleep(50);
  }
}
