// A small client of WebDriver (W3C): one session, its windows, and functions that run in their pages.

import { setTimeout as sleep } from 'node:timers/promises';

/** Key of an element in the JSON of WebDriver. */
const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

/**
 * A session of a running browser: `send(method, command, body)` sends a command in the words of WebDriver, with its path within the
 * session, and `end()` ends the browser.
 * @typedef {{capabilities: object, send: (method: string, command: string, body?: object) => Promise<any>, end: () => Promise<void>}} Connection
 */

/**
 * Starts a browser through a WebDriver server.
 * @param {string} server Address of the WebDriver server, with a slash at the end.
 * @param {object} capabilities The browser to start.
 * @returns {Promise<Connection>}
 */
export async function startOverHttp(server, capabilities) {
  const started = await send('POST', `${server}session`, { capabilities: { alwaysMatch: capabilities } });
  const url = `${server}session/${started.sessionId}`;
  return {
    capabilities: started.capabilities,
    send: (method, command, body) => send(method, `${url}/${command}`, body),
    end: () => send('DELETE', url),
  };
}

/**
 * Makes a browser whose methods, and those of its pages, work like Playwright's as far as openPage() and the tests use them. Each page
 * has a window of its own. Functions that run before the scripts of a page are not supported.
 * @param {Connection} connection
 * @param {{end: () => Promise<void>}} processes They end with the browser.
 */
export async function browserOf(connection, processes) {
  const session = await Session.of(connection);
  let isOpen = true;
  return {
    engine: { name: connection.capabilities.browserName, version: connection.capabilities.browserVersion },
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
      await connection.end().catch(() => {});
      await processes.end();
    },
  };
}

/** The windows of a browser. */
class Session {
  #connection;
  #first;
  #queue = Promise.resolve();
  #current;

  /** @param {Connection} connection */
  static async of(connection) {
    const session = new Session();
    session.#connection = connection;
    // The tests have timeouts of their own.
    await connection.send('POST', 'timeouts', { script: 600_000, pageLoad: 600_000, implicit: 0 });
    session.#first = await connection.send('GET', 'window');
    return session;
  }

  /** Opens a new window. */
  async newWindow() {
    // The current window may be closed by now. The first one stays open.
    const { handle } = await this.sendTo(this.#first, 'POST', 'window/new', { type: 'window' });
    return new Window(this, handle);
  }

  /** Sends a command to a window. The session runs one such command at a time, because it has one current window. */
  sendTo(handle, method, command, body) {
    const answer = this.#queue.then(async () => {
      if (this.#current !== handle) await this.#connection.send('POST', 'window', { handle });
      this.#current = handle;
      return this.#connection.send(method, command, body);
    });
    this.#queue = answer.catch(() => {});
    return answer;
  }
}

/** A window with a page. */
class Window {
  #session;
  #handle;
  #listeners = {};
  #isClosed = false;

  constructor(session, handle) {
    this.#session = session;
    this.#handle = handle;
  }

  #send(method, command, body) {
    return this.#session.sendTo(this.#handle, method, command, body);
  }

  /** Adds a listener. The type 'pageerror' is called with each uncaught error, when the page is left or closed. Others never come. */
  on(type, listener) {
    (this.#listeners[type] ??= []).push(listener);
  }

  /** Opens an address and waits until the page has loaded. */
  async goto(url) {
    await this.#reportErrors();
    await this.#send('POST', 'url', { url });
    await this.#watchErrors();
  }

  /** Loads the page again. */
  async reload() {
    await this.#reportErrors();
    await this.#send('POST', 'refresh', {});
    await this.#watchErrors();
  }

  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A page whose process was killed has no errors to report.
    await this.#reportErrors().catch(() => {});
    await this.#send('DELETE', 'window');
  }

  /**
   * Runs a function in the page and returns what it returns, or what its promise resolves to.
   * @param {Function | string} work A function without a closure, an expression, or statements.
   * @param {...unknown} args Arguments for the function. They and the result consist of JSON values, undefined, NaN and infinities.
   * @throws {Error} the error that the function throws
   */
  async evaluate(work, ...args) {
    // In Firefox, the script's own globalThis is a sandbox, which ends with the script.
    const script = `
      const globalThis = window;
      const done = arguments[1];
      const args = ${fromText}(arguments[0]);
      (async () => ${callOf(work)})().then(
        (value) => done({ value: (${toText})(value) }),
        (error) => done({ error: { name: error?.name, message: String(error?.message ?? error), stack: error?.stack } }),
      );`;
    const answer = await this.#send('POST', 'execute/async', { script, args: [toText(args)] });
    // Firefox answers null when the page is left meanwhile.
    if (!answer) throw new Error(pageWasLeft);
    const { value, error } = answer;
    if (!error) return fromText(value);
    throw Object.assign(new Error(error.message), { name: error.name ?? 'Error', pageStack: error.stack });
  }

  /** Waits until a function that runs in the page, or in those after it, returns a true value. The test's timeout ends a wait in vain. */
  async waitForFunction(work, ...args) {
    const isTrue = () =>
      this.evaluate(work, ...args).catch((error) => {
        if (!isOfLeftPage(error)) throw error;
      });
    while (!(await isTrue())) await sleep(50);
  }

  /** Waits until the page has an element. The test's timeout ends a wait in vain. */
  waitForSelector(selector) {
    return this.waitForFunction((selector) => document.querySelector(selector) !== null, selector);
  }

  /** Replaces the text of an input element as a visitor does. */
  async fill(selector, text) {
    const id = await this.#find(selector);
    await this.#send('POST', `element/${id}/clear`, {});
    await this.#send('POST', `element/${id}/value`, { text });
  }

  /** Clicks the element as a visitor does. */
  async click(selector) {
    await this.#send('POST', `element/${await this.#find(selector)}/click`, {});
  }

  /** Chooses files in an input element. `paths` are files on this machine. */
  async setInputFiles(selector, paths) {
    const text = [paths].flat().join('\n');
    await this.#send('POST', `element/${await this.#find(selector)}/value`, { text });
  }

  async #find(selector) {
    const element = await this.#send('POST', 'element', { using: 'css selector', value: selector });
    return element[elementKey];
  }

  /** WebDriver has no event for errors, so the page collects them. */
  async #watchErrors() {
    await this.evaluate(() => {
      const errors = [];
      Object.defineProperty(globalThis, 'uncaughtErrors', { value: errors, configurable: true });
      addEventListener('error', ({ message }) => message && errors.push(message));
      addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)));
    });
  }

  async #reportErrors() {
    const errors = await this.evaluate(() => globalThis.uncaughtErrors ?? []);
    for (const listener of this.#listeners.pageerror ?? []) for (const error of errors) listener(error);
  }
}

const pageWasLeft = 'The page was left while the function ran.';

/** Returns whether a function failed because its page was left. WebKit says it in words of its own. */
const isOfLeftPage = ({ message }) => message === pageWasLeft || /unload|navigat|no such frame/i.test(message);

/** An expression that calls a function with `args`, or that runs the text of a script. */
function callOf(work) {
  if (typeof work === 'function') return `(${work})(...args)`;
  try {
    new Function(`return (${work}\n)`);
    return `(${work}\n)`;
  } catch {
    return `{ ${work} }`;
  }
}

/** Writes a value as JSON that also keeps undefined, NaN and infinities. It runs in the page, too. */
function toText(value) {
  const isSpecial = (each) => each === undefined || (typeof each === 'number' && !Number.isFinite(each));
  return JSON.stringify(value, (_key, each) => (isSpecial(each) ? { '~special': String(each) } : each));
}

/** Reads what toText() wrote. It runs in the page, too. */
function fromText(text) {
  const specials = { undefined: undefined, NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity };
  const revive = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('~special' in value) return specials[value['~special']];
    for (const key of Object.keys(value)) value[key] = revive(value[key]);
    return value;
  };
  return revive(JSON.parse(text));
}

async function send(method, url, body) {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`WebDriver ${method} ${new URL(url).pathname}: ${value.error}: ${value.message}`);
  return value;
}
