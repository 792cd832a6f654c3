// Measures the demo page: its start as a visitor sees it, and the main thread while the page predicts. Part of run.mjs.
const starts = 5;
const predictSeconds = 30;
const examplesPerClass = 30;
const things = ['cup', 'cactus', 'books'];

/** Screens, with how much slower than this machine their processor is. */
const screens = {
  desktop: { viewport: { width: 1280, height: 900 }, slowdown: 1 },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, slowdown: 4 },
};

/** Runs in the page before its scripts: collects what the browser says of paints, shifts and long tasks. */
function observe() {
  const seen = { paints: {}, shift: 0, tasks: [] };
  window.seen = seen;
  const each = (type, take) =>
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  each('paint', ({ name, startTime }) => (seen.paints[name] = startTime));
  each('largest-contentful-paint', ({ startTime }) => (seen.paints.largest = startTime));
  each('layout-shift', ({ value, hadRecentInput }) => (seen.shift += hadRecentInput ? 0 : value));
  each('longtask', ({ startTime, duration }) => seen.tasks.push({ startTime, duration }));
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function withPage(openBrowser, openPage, { slowdown, ...context }, work) {
  const ends = [];
  const browser = await openBrowser();
  try {
    const { page } = await openPage({ after: (end) => ends.push(end) }, browser, { context, init: observe });
    if (slowdown > 1)
      await (await page.context().newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: slowdown });
    await page.getByTestId('status').filter({ hasText: 'Ready' }).waitFor({ timeout: 60_000 });
    return await work(page);
  } finally {
    for (const end of ends) await end();
    await browser.close();
  }
}

/** Returns the times of one start, in ms. Total blocking time counts what long tasks take beyond 50 ms until the page is ready. */
function measureStart(page) {
  return page.evaluate(() => ({
    firstPaint: window.seen.paints['first-contentful-paint'],
    largestPaint: window.seen.paints.largest,
    blocking: window.seen.tasks.reduce((sum, { duration }) => sum + Math.max(0, duration - 50), 0),
    ready: performance.now(),
    shift: window.seen.shift,
  }));
}

/** Teaches three things of the scene, then predicts at full rate, and returns what the main thread had to do. */
async function measurePredicting(page) {
  await page.getByTestId('start-scene').click();
  for (const [index, thing] of things.entries()) {
    await page.locator(`#things input[value=${thing}]`).check();
    await page.keyboard.down(String(index + 1));
    await page.waitForFunction(
      ([slot, count]) => parseInt(document.querySelector(`[data-testid=count-${slot}]`).textContent, 10) >= count,
      [index + 1, examplesPerClass],
      { timeout: 120_000 },
    );
    await page.keyboard.up(String(index + 1));
  }
  await page.getByTestId('map').evaluate((drawer) => (drawer.open = true));
  return page.evaluate(async (seconds) => {
    const tasksBefore = window.seen.tasks.length;
    const heapBefore = performance.memory?.usedJSHeapSize ?? NaN;
    let pageFrames = 0;
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      await new Promise(requestAnimationFrame);
      pageFrames++;
    }
    const tasks = window.seen.tasks.slice(tasksBefore).map(({ duration }) => duration);
    return {
      pageFramesPerSecond: pageFrames / seconds,
      longTasks: tasks.length,
      longestTask: Math.max(0, ...tasks),
      heapGrowth: (performance.memory?.usedJSHeapSize ?? NaN) - heapBefore,
    };
  }, predictSeconds);
}

/** Measures the page on each screen. Returns Markdown tables. */
export async function measurePage(report) {
  const { openBrowser, openPage } = await import('../web/support/open-page.mjs');
  const lines = [
    '| screen | first paint | largest paint | blocking | ready | layout shift | page frames a second | long tasks | longest |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  for (const [name, screen] of Object.entries(screens)) {
    const runs = [];
    for (let start = 0; start < starts; start++) {
      report(`${name}, start ${start + 1} of ${starts}`);
      runs.push(await withPage(openBrowser, openPage, screen, measureStart));
    }
    report(`${name}, predicting`);
    const predicting = await withPage(openBrowser, openPage, screen, measurePredicting);
    const ms = (field) => `${median(runs.map((run) => run[field])).toFixed(0)} ms`;
    const { pageFramesPerSecond, longTasks, longestTask } = predicting;
    lines.push(
      `| ${name}${screen.slowdown > 1 ? `, processor ${screen.slowdown} times slower` : ''} | ${ms('firstPaint')} | ${ms('largestPaint')} | ${ms('blocking')} | ${ms('ready')} | ${median(runs.map(({ shift }) => shift)).toFixed(3)} | ${pageFramesPerSecond.toFixed(1)} | ${longTasks} in ${predictSeconds} s | ${longestTask.toFixed(0)} ms |`,
    );
  }
  return lines.join('\n');
}
