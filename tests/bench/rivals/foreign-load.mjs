// Detects work of other processes while a batch is measured. On Linux only: /proc tells who used the processors.

import { readdir, readFile } from 'node:fs/promises';

/** Duration of a tick of /proc in ms. */
const tickMs = 10;

/** Returns the ticks that all processors spent on work, from the text of /proc/stat. Time that a hypervisor took away counts. */
export function busyTicks(stat) {
  const [user, nice, system, , , irq, softIrq, steal] = stat
    .match(/^cpu +(.*)$/m)[1]
    .split(' ')
    .map(Number);
  return user + nice + system + irq + softIrq + steal;
}

/** Returns the parent and the ticks of a process, with those of its ended children, from the text of /proc/<pid>/stat. */
export function processTicks(stat) {
  // The name, in brackets, may contain spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [parent, user, system, childUser, childSystem] = [1, 11, 12, 13, 14].map((index) => Number(fields[index]));
  return { parent, ticks: user + system + childUser + childSystem };
}

/** Returns the ticks of a process and all its descendants. @param {Map<number, {parent: number, ticks: number}>} processes */
export function treeTicks(processes, root) {
  const isOwn = new Map([[root, true]]);
  const belongs = (pid) => {
    if (isOwn.has(pid)) return isOwn.get(pid);
    const parent = processes.get(pid)?.parent;
    const result = parent ? belongs(parent) : false;
    isOwn.set(pid, result);
    return result;
  };
  let sum = 0;
  for (const [pid, { ticks }] of processes) if (belongs(pid)) sum += ticks;
  return sum;
}

async function readProcesses() {
  const processes = new Map();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end meanwhile.
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined);
    if (stat) processes.set(Number(name), processTicks(stat));
  }
  return processes;
}

async function readTicks() {
  return {
    all: busyTicks(await readFile('/proc/stat', 'utf8')),
    own: treeTicks(await readProcesses(), process.pid),
    at: performance.now(),
  };
}

/**
 * Runs work and measures how busy other processes kept the machine meanwhile.
 * @returns {Promise<{result: any, foreign: number}>} `foreign`: processors that worked for others, for example 0.5. It is 0 where
 * /proc is missing.
 */
export async function withForeignLoad(work) {
  if (process.platform !== 'linux') return { result: await work(), foreign: 0 };
  const before = await readTicks();
  const result = await work();
  const after = await readTicks();
  return { result, foreign: foreignShare(before, after) };
}

/** Returns the processors that worked for others between two readings. One tick of each kind may be an error of rounding. */
export function foreignShare(before, after) {
  const ticks = after.all - before.all - (after.own - before.own) - 2;
  return (Math.max(0, ticks) * tickMs) / (after.at - before.at);
}
