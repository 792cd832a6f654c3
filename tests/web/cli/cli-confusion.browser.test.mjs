// Tests the SVG confusion matrix in a browser: it is well-formed, fits its frame, and is readable in light and dark mode.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { scratchFolder } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';
import { openBrowser, openPage } from '../support/open-page.mjs';

const { toConfusionMatrix, toSvg } = await importTs('../cli/confusion-matrix.ts', '../cli/confusion-svg.ts');

/** Draws a matrix whose rows go from all wrong to all correct, so that every cell opacity occurs. */
function drawEveryOpacity() {
  const labels = [
    '<cat> & "dog"',
    'a name that is longer than anybody would call a class of pictures',
    ...Array.from({ length: 18 }, (_, n) => `class ${n}`),
  ];
  const confusion = labels.flatMap((label, row) => [
    { label, takenFor: label, count: row },
    { label, takenFor: labels[(row + 7) % labels.length], count: labels.length - 1 - row },
  ]);
  return toSvg(toConfusionMatrix(labels, confusion), '50 % of 380 examples correct');
}

/** Runs in the page. Returns the lowest contrast of a text with its background, and the texts that leave the frame. */
function inspectSvg() {
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
  const cellBackground = fill(document.querySelector('.cell'));
  const page = fill(document.querySelector('.page'));
  const contrasts = [];
  for (const text of document.querySelectorAll('text')) {
    if (!text.classList.contains('count')) {
      contrasts.push(contrast(fill(text), page));
      continue;
    }
    const cell = text.previousElementSibling;
    const opacity = Number(cell.getAttribute('fill-opacity'));
    contrasts.push(
      contrast(
        fill(text),
        fill(cell).map((value, i) => value * opacity + cellBackground[i] * (1 - opacity)),
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
    minContrast: Math.min(...contrasts),
    outside: outside.map((text) => text.textContent),
    page,
  };
}

for (const colorScheme of ['light', 'dark']) {
  test(`the confusion matrix is readable in ${colorScheme} mode`, { timeout: 60_000 }, async (t) => {
    const browser = await openBrowser();
    t.after(() => browser.close());
    const folder = await scratchFolder(t);
    await writeFile(path.join(folder, 'matrix.svg'), drawEveryOpacity());
    const { page, url } = await openPage(t, browser, {
      path: 'pages/blank.html',
      serving: { csp: null, folders: { '/picture/': folder } },
      context: { colorScheme },
    });
    await page.goto(`${url}picture/matrix.svg`);
    const { root, counts, minContrast, outside, page: background } = await page.evaluate(inspectSvg);
    assert.equal(root, 'svg', 'after an XML error the browser shows another document');
    assert.equal(counts, 38);
    assert.ok(minContrast >= 4.5, `the lowest contrast is ${minContrast}`);
    assert.deepEqual(outside, []);
    assert.ok(colorScheme === 'dark' ? background[0] < 64 : background[0] > 192, `the background is ${background}`);
  });
}
