// Lets one process at a time work in a folder. The lock file names the process that works there.
import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { print } from '../../web/dev/steps.mjs';

const pollMs = 500;
/** How long an empty lock file may last. On disks without hard links, a process writes its text right after it creates the file. */
const maxEmptyMs = 2000;

/**
 * Time at which a process started, in an unspecified unit, or null when there is no such process. With it, a process
 * that was given the number of an earlier one isn't taken for that.
 */
export function startOf(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return null;
  }
  try {
    if (existsSync('/proc/self/stat')) {
      // The name in the second field may hold spaces and parentheses. The 22nd field is the start.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? null : fields[19]; // a zombie has ended
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .replaceAll(' ', '_');
  } catch {
    return null; // it has just ended
  }
}

/** The number of the process that holds a lock, or null when that process has ended. */
function ownerOf(text) {
  const match = /^(\d+) (\S+)$/.exec(text);
  return match && startOf(Number(match[1])) === match[2] ? Number(match[1]) : null;
}

/** Removes a lock whose owner has ended, unless another process was quicker. */
function removeStale(path, staleText) {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    const text = readFileSync(aside, 'utf8');
    // Another process has removed the stale lock and taken its own in the meantime.
    if (text !== staleText) writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Creates the lock file together with its text, so that a process that is killed leaves no empty one. Throws 'EEXIST' if it is there. */
function createLock(path, text) {
  const fresh = `${path}.new-${process.pid}`;
  try {
    writeFileSync(fresh, text);
    linkSync(fresh, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(error.code)) throw error;
    writeFileSync(path, text, { flag: 'wx' });
  } finally {
    rmSync(fresh, { force: true });
  }
}

async function takeLock(path, own) {
  let told = false;
  let emptyMs = 0;
  while (true) {
    try {
      createLock(path, own);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    let text;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      // A link that leads nowhere can't be a lock. Otherwise the other process has just released it.
      if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(path, { force: true });
      continue;
    }
    const owner = ownerOf(text);
    if (owner === null && (text || emptyMs >= maxEmptyMs)) {
      removeStale(path, text);
      continue;
    }
    if (owner !== null && !told) {
      print(`Waiting for process ${owner}, which works in ${dirname(path)}.`);
      told = true;
    }
    emptyMs = text ? 0 : emptyMs + pollMs;
    await sleep(pollMs);
  }
}

/** Removes the own lock. If somebody has removed it, the lock that is there now is another process'. */
function release(path, own) {
  if (existsSync(path) && readFileSync(path, 'utf8') === own) rmSync(path, { force: true });
}

/** Per lock file, the last work of this process that waits for it or holds it. */
const queues = new Map();

/** Runs `work` while this process holds the lock file `path`, and returns its result. Waits for other holders. */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const earlier = queues.get(path);
  const turn = (async () => {
    await earlier?.catch(() => {}); // its own caller gets the error
    const own = `${process.pid} ${startOf(process.pid)}`;
    await takeLock(path, own);
    try {
      return await work();
    } finally {
      release(path, own);
    }
  })();
  queues.set(path, turn);
  return turn;
}
