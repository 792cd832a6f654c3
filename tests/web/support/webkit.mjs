// Starts WebKit, Safari's engine: WebKitGTK's small browser, with its WebDriver, on a display and a session bus of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Session } from './webdriver.mjs';

/** Finds WebKitGTK's browser, which Debian has beside the library. */
function findMiniBrowser() {
  for (const folder of readdirSync('/usr/lib')) {
    const program = path.join('/usr/lib', folder, 'webkit2gtk-4.1/MiniBrowser');
    if (existsSync(program)) return program;
  }
  throw new Error(
    "WebKitGTK's MiniBrowser was not found. Install it (on Debian: apt-get install webkit2gtk-driver xvfb dbus-daemon).",
  );
}

/** Signals that end a test file. */
const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/** Processes that run now. */
class Processes {
  #running = new Set();

  constructor() {
    process.once('exit', this.#killAll);
    for (const signal of signals) process.once(signal, this.#endAll);
  }

  /**
   * Starts a program.
   * @param {string} name
   * @param {string[]} args
   * @param {object} env Additional environment variables.
   * @param {{answers?: number}} [options] `answers`: the number of the file descriptor to which the program writes a line when it is ready.
   * @returns {Promise<string>} this line
   */
  async start(name, args, env, { answers } = {}) {
    const stdio = ['ignore', 'ignore', 'ignore', 'ignore'];
    if (answers !== undefined) stdio[answers] = 'pipe';
    // Each has a process group of its own, which also ends the processes that it starts.
    const child = spawn(name, args, { stdio, env: { ...process.env, ...env }, detached: true });
    child.unref();
    this.#running.add(child);
    const failed = once(child, 'error').then(([error]) => {
      throw new Error(
        `${name} did not start: ${error.message}. On Debian, install webkit2gtk-driver xvfb dbus-daemon.`,
      );
    });
    failed.catch(() => {});
    await Promise.race([once(child, 'spawn'), failed]);
    child.once('exit', () => this.#running.delete(child));
    if (answers === undefined) return '';
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${name} ended before it was ready.`);
    });
    ended.catch(() => {});
    // The whole line: a pipe that closes earlier ends the program.
    const [line] = await Promise.race([once(createInterface(child.stdio[answers]), 'line'), ended]);
    return line;
  }

  #killAll = () => {
    for (const { pid } of this.#running) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended in the meantime.
      }
    }
  };

  #endAll = () => process.exit(1);

  /** Ends all processes, and those that they have started. */
  async end() {
    const ends = [...this.#running].map((child) => {
      child.ref();
      return once(child, 'exit');
    });
    this.#killAll();
    await Promise.all(ends);
    process.off('exit', this.#killAll);
    for (const signal of signals) process.off(signal, this.#endAll);
  }
}

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until a server answers. */
async function untilAnswers(url) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await fetch(url);
    } catch (cause) {
      if (performance.now() > deadline) throw new Error(`${url} did not answer within 30 s.`, { cause });
      await sleep(50);
    }
  }
}

/**
 * Starts WebKit. Each page has a window of its own. The methods of pages that openPage() and the tests use work like Playwright's;
 * functions that run before the scripts of a page are not supported.
 * @param {{sharedMemory?: boolean}} [options] `sharedMemory`: whether isolated pages may share memory, as in Safari. WebKitGTK leaves
 * it out by default; pages are then never isolated.
 */
export async function openWebKit({ sharedMemory = true } = {}) {
  const binary = findMiniBrowser();
  const processes = new Processes();
  try {
    const [display, bus, port] = await Promise.all([
      processes.start(
        'Xvfb',
        ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'],
        {},
        { answers: 3 },
      ),
      processes.start('dbus-daemon', ['--session', '--nofork', '--print-address=3'], {}, { answers: 3 }),
      findFreePort(),
    ]);
    await processes.start('WebKitWebDriver', [`--port=${port}`], {
      DISPLAY: `:${display}`,
      DBUS_SESSION_BUS_ADDRESS: bus,
      // No service for screen readers, which would be two more processes.
      AT_SPI_BUS_ADDRESS: 'disabled:',
      JSC_useSharedArrayBuffer: sharedMemory ? '1' : '0',
    });
    const server = `http://127.0.0.1:${port}/`;
    await untilAnswers(`${server}status`);
    const session = await Session.start(server, {
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary, args: ['--automation'] },
    });
    let isOpen = true;
    return {
      version: session.capabilities.browserVersion,
      async newContext() {
        const pages = [];
        return {
          async newPage() {
            pages.push(await session.newWindow());
            return pages.at(-1);
          },
          // After the browser, there is nothing to close.
          close: async () => void (isOpen && (await Promise.all(pages.map((page) => page.close())))),
        };
      },
      async close() {
        isOpen = false;
        await session.end().catch(() => {});
        await processes.end();
      },
    };
  } catch (error) {
    await processes.end();
    throw error;
  }
}
