// Marionette, the protocol of Firefox that geckodriver speaks: the commands of WebDriver (W3C) over TCP.
//
// Firefox also speaks WebDriver BiDi. With it, one in twenty workers that start another worker waits forever, at least up to Firefox 153.

import { once } from 'node:events';
import { connect } from 'node:net';

/** Names of the commands, by method and path in WebDriver. `:id` is an element. */
const names = {
  'POST timeouts': 'WebDriver:SetTimeouts',
  'GET window': 'WebDriver:GetWindowHandle',
  'POST window': 'WebDriver:SwitchToWindow',
  'POST window/new': 'WebDriver:NewWindow',
  'DELETE window': 'WebDriver:CloseWindow',
  'POST url': 'WebDriver:Navigate',
  'POST refresh': 'WebDriver:Refresh',
  'POST execute/async': 'WebDriver:ExecuteAsyncScript',
  'POST element': 'WebDriver:FindElement',
  'POST element/:id/click': 'WebDriver:ElementClick',
  'POST element/:id/clear': 'WebDriver:ElementClear',
  'POST element/:id/value': 'WebDriver:ElementSendKeys',
};

/**
 * Connects to a running Firefox.
 * @param {number} port
 * @returns {Promise<import('./webdriver.mjs').Connection>}
 */
export async function connectToMarionette(port) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const waiting = new Map();
  let lastId = 0;
  readPackets(socket, (message) => {
    // The greeting is an object. Answers are [1, id, error, result].
    if (!Array.isArray(message)) return;
    const [, id, error, result] = message;
    const { name, resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(`${name}: ${error.error}: ${error.message}`));
    else resolve(result);
  });
  socket.on('close', () => {
    for (const { name, reject } of waiting.values()) reject(new Error(`${name}: Firefox has ended.`));
  });
  const ask = (name, parameters) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { name, resolve, reject });
      const text = JSON.stringify([0, id, name, parameters]);
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  const { capabilities } = await ask('WebDriver:NewSession', {});
  return {
    capabilities,
    async send(method, command, body = {}) {
      const id = /^element\/([^/]+)\//.exec(command)?.[1];
      const name = names[`${method} ${id ? command.replace(id, ':id') : command}`];
      const result = await ask(name, { ...body, ...(id && { id }) });
      return result !== null && 'value' in result ? result.value : result;
    },
    end: () => ask('Marionette:Quit', {}),
  };
}

/** Calls `take` with each message of the form `<length in bytes>:<JSON>`. */
function readPackets(socket, take) {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const colon = received.indexOf(':');
      const end = colon + 1 + Number(received.subarray(0, Math.max(colon, 0)));
      if (colon < 0 || received.length < end) return;
      const text = received.toString('utf8', colon + 1, end);
      received = received.subarray(end);
      take(JSON.parse(text));
    }
  });
}
