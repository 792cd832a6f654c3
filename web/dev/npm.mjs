// Installs the Node packages of package-lock.json when they are missing or when the lock file has changed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, run } from './steps.mjs';

const lockFile = join(projectFolder, 'package-lock.json');
const installedLock = join(projectFolder, 'node_modules/.installed-lock.json');

export function needsNodePackages() {
  return !existsSync(installedLock) || readFileSync(installedLock, 'utf8') !== readFileSync(lockFile, 'utf8');
}

export async function installNodePackages() {
  if (!needsNodePackages()) return;
  await run('npm', ['ci', '--no-audit', '--no-fund'], { log: join(projectFolder, 'build/log/npm.log') });
  writeFileSync(installedLock, readFileSync(lockFile));
}
