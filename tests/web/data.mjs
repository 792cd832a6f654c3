// Real models, photos and a clip that aren't part of the project, and what makes test clips of them.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const dataFolder = path.resolve(root, process.env.TEACHABLE_DATA || '../shared/data');
export const hasData = existsSync(path.join(dataFolder, 'models'));

/** Option of node:test that skips a test by name when the data isn't there. */
export const needsData = hasData ? {} : { skip: 'needs TEACHABLE_DATA' };

/** A folder that is gone after the test. */
export async function scratchFolder(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs ffmpeg; its complaints become the error. Returns what it writes to standard output. */
export function ffmpeg(...args) {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
