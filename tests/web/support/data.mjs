// The models, photos and the video clip that are not part of the project, and helpers for test files.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const dataFolder = path.resolve(root, process.env.TEACHABLE_DATA || '../shared/data');
export const hasData = existsSync(path.join(dataFolder, 'models'));

/** Option of node:test that skips a test, with a reason, when the data is not available. */
export const needsData = hasData ? {} : { skip: 'needs TEACHABLE_DATA' };

/** Makes a temporary folder that is removed after the test. */
export async function scratchFolder(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'teachable-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs ffmpeg and returns its standard output. Its error messages become the message of the error. */
export function ffmpeg(...args) {
  return execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], {
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
