// Tests that run in several engines. TEACHABLE_ENGINES names the only ones to use, such as 'Chromium,WebKit'.

import test, { after, before } from 'node:test';
import { openBrowser } from './open-page.mjs';
import { openWebKit } from './webkit.mjs';

/**
 * Opens one browser of each engine for a test file.
 * @param {Record<string, () => Promise<object>>} [engines] Functions that open a browser, by the name of the engine.
 * @returns {{everyEngine: Function, browserOf: (t: object) => object}} `everyEngine(name, options, run)` defines a test that runs
 * once in each engine; `run` gets the test's context, the browser, and the name of the engine. `browserOf(t)` is the browser of such
 * a test, and that of the first engine for other tests.
 */
export function openEngines(engines = { Chromium: openBrowser, WebKit: openWebKit }) {
  const only = process.env.TEACHABLE_ENGINES?.split(',');
  engines = Object.fromEntries(Object.entries(engines).filter(([engine]) => !only || only.includes(engine)));
  const browsers = {};
  const chosen = new WeakMap();
  before(async () => {
    for (const [engine, open] of Object.entries(engines)) browsers[engine] = await open();
  });
  after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));
  const runIn = (engine, run) => (t) => {
    chosen.set(t, browsers[engine]);
    return run(t, browsers[engine], engine);
  };
  return {
    everyEngine(name, options, run) {
      for (const engine of Object.keys(engines)) test(`${name}: ${engine}`, options, runIn(engine, run));
    },
    browserOf: (t) => chosen.get(t) ?? Object.values(browsers)[0],
  };
}
