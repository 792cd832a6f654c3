// Opens the page of the comparison, and calls the functions that run there.

/**
 * Opens the page in a new context of the browser. A script element loads the functions: in Firefox, a module that a script of
 * WebDriver imports is loaded again for each script.
 * @param {object} browser
 * @param {string} url Address of the server.
 * @param {(address: string) => void} [onRequest] Called with the address of each request, in Chromium.
 * @returns {Promise<{call: (name: string, order?: object) => Promise<any>}>} `call` calls a function of page/entry.mjs. Its argument
 * and its result consist of JSON values.
 */
export async function openRivalPage(browser, url, onRequest) {
  const scope = await browser.newContext();
  const page = await scope.newPage();
  if (onRequest) scope.on?.('request', (request) => onRequest(request.url()));
  await page.goto(`${url}pages/rival.html`);
  await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const script = document.createElement('script');
        script.onload = () => resolve();
        script.onerror = () => reject(new Error(`${script.src} could not be loaded.`));
        Object.assign(script, { type: 'module', src: '/bench/rivals/page/entry.mjs' });
        document.head.append(script);
      }),
  );
  const call = (name, order) => page.evaluate(([name, order]) => window.rival[name](order), [name, order]);
  return { call };
}
