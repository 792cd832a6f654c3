// The confusion matrix as a browser draws it: well-formed, nothing cut off, every number readable on light and on dark.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { scratchFolder } from './data.mjs';
import { importTs } from './import-ts.mjs';
import { openBrowser, openPage } from './open-page.mjs';

const { toConfusionMatrix, toSvg } = await importTs('../cli/confusion-matrix.ts', '../cli/confusion-svg.ts');

/** One row for each share of 0 to 1, right and wrong, so that every strength of a cell is seen. */
function everyStrength() {
  const labels = [
    '<cat> & "dog"',
    'a name that is longer than anybody would call a class of pictures',
    ...Array.from({ length: 18 }, (_, n) => `class ${n}`),
  ];
  const confusion = labels.flatMap((label, row) => [
    { label, takenFor: label, count: row },
    { label, takenFor: labels[(row + 7) % labels.length], count: labels.length - 1 - row },
  ]);
  return toSvg(toConfusionMatrix(labels, confusion), '50 % of 380 examples right');
}

/** In the page: contrast of each count with what lies behind it, and texts that leave the picture. */
function inspectPicture() {
  const rgb = (text) =>
    text
      .match(/[\d.]+/g)
      .map(Number)
      .slice(0, 3);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const fill = (element) => rgb(getComputedStyle(element).fill);
  const ground = fill(document.querySelector('.cell'));
  const page = fill(document.querySelector('.page'));
  const contrasts = [];
  for (const text of document.querySelectorAll('text')) {
    if (!text.classList.contains('count')) {
      contrasts.push(contrast(fill(text), page));
      continue;
    }
    const cell = text.previousElementSibling;
    const strength = Number(cell.getAttribute('fill-opacity'));
    contrasts.push(
      contrast(
        fill(text),
        fill(cell).map((value, i) => value * strength + ground[i] * (1 - strength)),
      ),
    );
  }
  const frame = document.documentElement.getBoundingClientRect();
  const outside = [...document.querySelectorAll('text')].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
  });
  return {
    root: document.documentElement.localName,
    counts: document.querySelectorAll('.count').length,
    least: Math.min(...contrasts),
    outside: outside.map((text) => text.textContent),
    page,
  };
}

for (const colorScheme of ['light', 'dark']) {
  test(`the matrix is readable on ${colorScheme}`, { timeout: 60_000 }, async (t) => {
    const browser = await openBrowser();
    t.after(() => browser.close());
    const folder = await scratchFolder(t);
    await writeFile(path.join(folder, 'matrix.svg'), everyStrength());
    const { page, url } = await openPage(t, browser, {
      path: 'pages/blank.html',
      serving: { csp: null, folders: { '/picture/': folder } },
      context: { colorScheme },
    });
    await page.goto(`${url}picture/matrix.svg`);
    const { root, counts, least, outside, page: ground } = await page.evaluate(inspectPicture);
    assert.equal(root, 'svg', 'a parser error would be another document');
    assert.equal(counts, 38);
    assert.ok(least >= 4.5, `the least contrast is ${least}`);
    assert.deepEqual(outside, []);
    assert.ok(colorScheme === 'dark' ? ground[0] < 64 : ground[0] > 192, `the ground is ${ground}`);
  });
}
