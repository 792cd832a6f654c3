// Starts WebKit, Safari's engine: WebKitGTK's small browser, with its WebDriver, on a display and a session bus of its own.

import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Processes } from './processes.mjs';
import { browserOf, startOverHttp } from './webdriver.mjs';

const packages = 'webkit2gtk-driver xvfb dbus-daemon';

/** Finds WebKitGTK's browser, which Debian has beside the library. */
function findMiniBrowser() {
  for (const folder of readdirSync('/usr/lib')) {
    const program = path.join('/usr/lib', folder, 'webkit2gtk-4.1/MiniBrowser');
    if (existsSync(program)) return program;
  }
  throw new Error(`WebKitGTK's MiniBrowser was not found. Install it (on Debian: apt-get install ${packages}).`);
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
  const processes = new Processes(packages);
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
    const connection = await startOverHttp(server, {
      browserName: 'MiniBrowser',
      'webkitgtk:browserOptions': { binary, args: ['--automation'] },
    });
    return await browserOf(connection, processes);
  } catch (error) {
    await processes.end();
    throw error;
  }
}
