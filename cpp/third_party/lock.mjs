// One process at a time in a folder: the lock file holds the number of the one that works there.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (let told = false; ; ) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let owner = NaN;
    try {
      owner = Number(readFileSync(path, 'utf8'));
    } catch {
      continue; // it was given back just now
    }
    if (owner && !isRunning(owner)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) console.log(`Process ${owner} is at work in ${dirname(path)}; waiting for it.`);
    told = true;
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
