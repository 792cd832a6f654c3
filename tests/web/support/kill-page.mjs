// Ends the process of a page, as a system without memory does. The page gets no event.

import { readdir, readFile } from 'node:fs/promises';

/** Command lines of the processes in which Chromium and Firefox run pages. */
const pageProcess = /--type=renderer|-contentproc.*\btab$/;

/**
 * Kills the largest of the page processes that this test file started, which is the one whose page runs a network.
 * @throws {Error} There is none.
 */
export async function killLargestPage() {
  const processes = await listProcesses();
  const isOurs = ({ pid, parent }) =>
    pid === process.pid || processes.some((each) => each.pid === parent && isOurs(each));
  const pages = processes.filter((each) => pageProcess.test(each.command) && isOurs(each));
  if (pages.length === 0) throw new Error('No page of a browser runs.');
  const { pid } = pages.reduce((largest, each) => (each.pages > largest.pages ? each : largest));
  process.kill(pid, 'SIGKILL');
}

/** Returns pid, parent, command line and resident memory pages of each process. */
async function listProcesses() {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const read = async (pid) => {
    const [stat, command] = await Promise.all(
      ['stat', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    // The name of the program, in parentheses, may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid: Number(pid),
      parent: Number(fields[1]),
      pages: Number(fields[21]),
      command: command.replaceAll('\0', ' ').trim(),
    };
  };
  // A process may end meanwhile.
  return (await Promise.all(pids.map((pid) => read(pid).catch(() => undefined)))).filter(Boolean);
}
