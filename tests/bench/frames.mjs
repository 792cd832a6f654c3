// Measures the way of a frame from the page to the network: what each kind of picture costs beyond the network. Part of run.mjs.
import path from 'node:path';
import { projectFolder } from '../../web/dev/steps.mjs';

/** Turns of each page. A page opens twice, in turns with the others. */
const turns = 40;
const visits = 2;
const model = '/models/mobilenet-v2-1.0-224-int8/tf2_mobilenet_v2_1.0_224_ptq.tflite';

/** The pages. WebKit's fake camera needs a build that Debian doesn't have. */
const pages = [
  { browser: 'Chromium', isolated: true, threads: 2, rival: true },
  { browser: 'Chromium', isolated: false, threads: 1, rival: true },
  { browser: 'Firefox', isolated: true, threads: 1 },
  { browser: 'WebKit', isolated: true, threads: 1 },
];

/** Variants that these pages choose. */
export const frameVariants = ['relaxed-threads', 'relaxed', 'simd-threads'];

const openers = {
  Chromium: async () => (await import('../web/support/open-page.mjs')).openBrowser(),
  Firefox: async () =>
    (await import('../web/support/firefox.mjs')).openFirefox({
      prefs: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true },
    }),
  WebKit: async () => (await import('../web/support/webkit.mjs')).openWebKit(),
};

async function visit({ browser: name, isolated, threads, rival = false }) {
  const { openPage } = await import('../web/support/open-page.mjs');
  const ends = [];
  const browser = await openers[name]();
  try {
    const { page } = await openPage({ after: (end) => ends.push(end) }, browser, {
      path: 'pages/rival.html',
      serving: { csp: null, isolated, folders: { '/bench/': path.join(projectFolder, 'tests/bench') } },
    });
    return await page.evaluate(async (order) => (await import('/bench/frames.page.mjs')).measure(order), {
      model,
      threads,
      turns,
      rival,
    });
  } finally {
    for (const end of ends) await end();
    await browser.close();
  }
}

/** Measures the pages whose title matches the regular expression `filter`. Returns {title, <kind of picture>: times} for each. */
export async function measureFrames(report, { filter = '.' } = {}) {
  const titled = pages.map((page) => ({
    ...page,
    title: `${page.browser}, ${page.threads === 1 ? '1 thread' : `${page.threads} threads`}`,
    sources: {},
  }));
  const wanted = titled.filter(({ title }) => new RegExp(filter).test(title));
  for (let round = 1; round <= visits; round++) {
    for (const page of wanted) {
      report(`${page.title}, visit ${round} of ${visits}`);
      for (const [source, times] of Object.entries(await visit(page))) {
        const kept = (page.sources[source] ??= {});
        for (const [key, values] of Object.entries(times)) (kept[key] ??= []).push(...values);
      }
    }
  }
  return wanted;
}

const sorted = (values) => values.toSorted((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];
const share = (values, at) => sorted(values)[Math.floor(values.length * at)];
const ms = (value) => value.toFixed(2);

/** Returns the results as Markdown tables. */
export function toFrameTables(results) {
  const lines = [
    `Pictures of 640 x 480 to an embedding of MobileNet V2 int8, ${visits} x ${turns} turns. In ms. Beyond: the time of the picture less that of 224 x 224 pixels just before; median, lowest tenth and minimum. Not the network: the whole time less that of the network alone; it includes the messages, which ready pixels take too. Pixels: writing it into the module. Resize: to the network's input.`,
    '',
    '| page | picture | beyond | lowest tenth | minimum | not the network | minimum | whole | pixels | resize |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  const rivals = [];
  for (const { title, sources } of results) {
    for (const [source, { beyondMs, totalMs, readyMs, stepsMs }] of Object.entries(sources)) {
      if (source === 'LiteRT.js') {
        const ratio = median(readyMs.map((ours, i) => ours / totalMs[i]));
        rivals.push(`| ${title} | ${ms(median(readyMs))} | ${ms(median(totalMs))} | ${ratio.toFixed(2)} |`);
        continue;
      }
      const step = (name) => ms(median(stepsMs.map((each) => each[name])));
      const otherMs = stepsMs.map(({ networkMs, preprocessMs }, i) => totalMs[i] - networkMs + preprocessMs);
      const cells = [
        median(beyondMs),
        share(beyondMs, 0.1),
        Math.min(...beyondMs),
        median(otherMs),
        Math.min(...otherMs),
        median(totalMs),
      ].map(ms);
      lines.push(`| ${[title, source, ...cells, step('pixelsMs'), step('preprocessMs')].join(' | ')} |`);
    }
  }
  if (rivals.length > 0)
    lines.push('', '| canvas to embedding | ours | LiteRT.js | ratio, in pairs |', '|---|---|---|---|', ...rivals);
  return lines.join('\n');
}
