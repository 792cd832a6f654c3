// Measures what uint8 networks lose and gain by running as int8, the default. The precision 'exact' keeps uint8. Part of run.mjs.
import path from 'node:path';
import { projectFolder } from '../../web/dev/steps.mjs';

export const rewrittenVariants = ['simd', 'relaxed'];

const models = [
  'mobilenet-v2-1.0-224-uint8',
  'mobilenet-v1-0.75-192-uint8',
  'mobilenet-v1-0.5-160-uint8',
  'mobilenet-v1-0.25-128-uint8',
];
const photos = [
  ...[
    'bird.bmp',
    'cat.bmp',
    'coffee.jpg',
    'dragonfly.bmp',
    'grace_hopper.bmp',
    'hot_dog.jpg',
    'owl.jpg',
    'pets.jpg',
  ].map((name) => `images/${name}`),
  ...[
    'cat_test_0.bmp',
    'dog_test_0.bmp',
    'hotdog_test_0.bmp',
    'cat_train_0.bmp',
    'dog_train_0.bmp',
    'hotdog_train_0.bmp',
    'hotdog_train_1.bmp',
  ].map((name) => `imprinting/${name}`),
];
const turns = 30;

/** Returns {id, <variant>: results of rewrite.page.mjs} for each available model. */
export async function measureRewrite(report) {
  const { openBrowser, openPage } = await import('../web/support/open-page.mjs');
  const { fetchModel } = await import('../../models/fetch.mjs');
  const rows = [];
  for (const id of models) {
    const entry = await fetchModel(id).catch(() => undefined);
    if (!entry) continue;
    const row = { id };
    for (const variant of rewrittenVariants) {
      report(`${id}, ${variant}`);
      const ends = [];
      const browser = await openBrowser();
      try {
        const { page } = await openPage({ after: (end) => ends.push(end) }, browser, {
          path: 'pages/blank.html',
          serving: { csp: null, folders: { '/bench/': path.join(projectFolder, 'tests/bench') } },
        });
        row[variant] = await page.evaluate(async (order) => (await import('/bench/rewrite.page.mjs')).measure(order), {
          entry,
          photos,
          variant,
          turns,
        });
      } finally {
        for (const end of ends) await end();
        await browser.close();
      }
    }
    rows.push(row);
  }
  return rows;
}

/** Returns the results as a Markdown table. */
export function toRewriteTable(rows) {
  if (rows.length === 0) return 'The uint8 models are not available, so the conversion to int8 was not measured.';
  return [
    `uint8 networks in the default precision (auto: converted to int8) and as in their files (exact), on ${photos.length} pictures. Cosine: mean cosine similarity of embeddings to those of the same network in floats. Same top-1: how often both give the same class. Time: one frame on one thread, the fastest of ${turns}, measured in alternation.`,
    '',
    `| network | cosine exact | cosine auto | lowest auto | same top-1 |${rewrittenVariants.map((variant) => ` \`${variant}\`: exact | auto | auto / exact |`).join('')}`,
    `|---|---|---|---|---|${rewrittenVariants.map(() => '---|---|---|').join('')}`,
    ...rows.map((row) => {
      const { exact, auto, worst, agreement } = row[rewrittenVariants[0]];
      const times = rewrittenVariants.flatMap((variant) => [
        `${row[variant].exactMs.toFixed(1)} ms`,
        `${row[variant].autoMs.toFixed(1)} ms`,
        (row[variant].autoMs / row[variant].exactMs).toFixed(2),
      ]);
      return `| ${[row.id, exact.toFixed(5), auto.toFixed(5), worst.toFixed(5), `${Math.round(100 * agreement)} %`, ...times].join(' | ')} |`;
    }),
  ].join('\n');
}
