// Draws the PNG icons of the web manifest from icon.svg, with Chromium: node web/dev/draw-icons.mjs
//
// The icons are part of the repository. Draw them again when icon.svg changes.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { projectFolder } from './steps.mjs';

const demo = path.join(projectFolder, 'web/demo');
const executablePath =
  process.env.TEACHABLE_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const page = '#f1f2ee';

/** Systems cut a maskable icon to a shape of theirs. What matters is within a circle with 80 % of the icon's width. */
const icons = [
  { name: 'icon-192.png', size: 192, part: 1, background: 'transparent' },
  { name: 'icon-512.png', size: 512, part: 1, background: 'transparent' },
  { name: 'maskable-512.png', size: 512, part: 0.55, background: page },
];

const svg = await readFile(path.join(demo, 'icon.svg'), 'utf8');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  for (const { name, size, part, background } of icons) {
    const tab = await browser.newPage({ viewport: { width: size, height: size } });
    await tab.setContent(
      `<style>body { margin: 0; background: ${background}; display: grid; place-items: center; height: 100vh }
       svg { width: ${100 * part}vw; height: auto }</style>${svg}`,
    );
    await writeFile(path.join(demo, 'icons', name), await tab.screenshot({ omitBackground: true }));
    await tab.close();
  }
} finally {
  await browser.close();
}
