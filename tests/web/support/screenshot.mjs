// Takes the README's picture of the page: node tests/web/support/screenshot.mjs [--dark] [--phone].
// It writes web/demo/screenshot.png; with options it writes screenshot-phone-dark.png and so on beside it.
// Chromium's fake camera plays a clip of three objects, which are drawn here.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startCamera, untilReady } from '../demo/demo-page.mjs';
import { ffmpeg, root } from './data.mjs';
import { openBrowser, openPage } from './open-page.mjs';

const { values } = parseArgs({
  options: { dark: { type: 'boolean', default: false }, phone: { type: 'boolean', default: false } },
});
const framesPerScene = 75;

const cup = `
  <path d="M252 190 h140 v110 a54 54 0 0 1 -54 54 h-32 a54 54 0 0 1 -54 -54 z" fill="#f4f1ea" stroke="#3a2c22" stroke-width="5"/>
  <path d="M392 214 h24 a36 36 0 0 1 0 72 h-24" fill="none" stroke="#3a2c22" stroke-width="14"/>
  <path d="M392 214 h24 a36 36 0 0 1 0 72 h-24" fill="none" stroke="#f4f1ea" stroke-width="5"/>
  <ellipse cx="322" cy="192" rx="70" ry="17" fill="#5b3a23" stroke="#3a2c22" stroke-width="5"/>
  <path d="M300 158 q-14 -22 0 -42 t0 -42 M344 158 q-14 -22 0 -42 t0 -42" fill="none" stroke="#fff" stroke-opacity=".75" stroke-width="7" stroke-linecap="round"/>`;
const cactus = `
  <path d="M320 110 a34 34 0 0 1 34 34 v130 h-68 v-130 a34 34 0 0 1 34 -34z" fill="#3f8f57" stroke="#1f4a2c" stroke-width="5"/>
  <path d="M354 228 h22 a22 22 0 0 0 22 -22 v-38" fill="none" stroke="#1f4a2c" stroke-width="32" stroke-linecap="round"/>
  <path d="M350 228 h26 a22 22 0 0 0 22 -22 v-38" fill="none" stroke="#3f8f57" stroke-width="22" stroke-linecap="round"/>
  <path d="M286 206 h-16 a20 20 0 0 1 -20 -20 v-18" fill="none" stroke="#1f4a2c" stroke-width="30" stroke-linecap="round"/>
  <path d="M290 206 h-20 a20 20 0 0 1 -20 -20 v-18" fill="none" stroke="#3f8f57" stroke-width="20" stroke-linecap="round"/>
  <path d="M308 130 v140 M332 130 v140" stroke="#2d6b40" stroke-width="4" stroke-dasharray="4 14"/>
  <path d="M258 272 h124 l-16 84 h-92 z" fill="#c8643b" stroke="#5e2b16" stroke-width="5"/>
  <rect x="250" y="262" width="140" height="26" rx="6" fill="#d9774c" stroke="#5e2b16" stroke-width="5"/>
  <circle cx="320" cy="106" r="13" fill="#e8628f" stroke="#7d2746" stroke-width="4"/>`;
const books = `
  <rect x="216" y="306" width="214" height="46" rx="6" fill="#2f5fb3" stroke="#152c57" stroke-width="5"/>
  <rect x="230" y="262" width="190" height="44" rx="6" fill="#d8a43a" stroke="#5e4413" stroke-width="5"/>
  <rect x="222" y="222" width="176" height="40" rx="6" fill="#b23a48" stroke="#4f151d" stroke-width="5"/>
  <path d="M244 306 v46 M402 306 v46" stroke="#9db9ea" stroke-width="6"/><path d="M256 262 v44" stroke="#fbe6b4" stroke-width="6"/>
  <path d="M250 222 v40 M372 222 v40" stroke="#efb1b8" stroke-width="6"/>
  <circle cx="320" cy="180" r="38" fill="#d2452f" stroke="#5a1a10" stroke-width="5"/>
  <path d="M320 144 q2 -20 18 -28" fill="none" stroke="#4d3319" stroke-width="7" stroke-linecap="round"/>
  <path d="M334 128 q24 -16 40 2 q-24 12 -40 -2z" fill="#5da04f" stroke="#274d20" stroke-width="4"/>`;

/** Returns one frame as HTML: an object on a table, moved a little, as if held in a hand. */
function drawFrame(object, phase) {
  const [x, y, turn, size] = [
    22 * Math.sin(phase),
    7 * Math.sin(1.7 * phase),
    5 * Math.sin(0.8 * phase),
    1.12 + 0.06 * Math.sin(1.3 * phase),
  ];
  return `<body style="margin:0"><svg xmlns="http://www.w3.org/2000/svg" width="640" height="480" viewBox="0 0 640 480">
    <rect width="640" height="350" fill="#cfdfe6"/><rect x="70" y="36" width="150" height="170" rx="8" fill="#eaf5fa" stroke="#aac3cf" stroke-width="8"/>
    <path d="M145 36 v170 M70 121 h150" stroke="#aac3cf" stroke-width="6"/><rect y="338" width="640" height="142" fill="#b98a5e"/>
    <path d="M0 366 h640 M0 402 h640 M0 446 h640" stroke="#a47749" stroke-width="3"/><ellipse cx="${320 + x}" cy="392" rx="120" ry="15" fill="#000" opacity=".16"/>
    <g transform="translate(${x} ${y + 14}) rotate(${turn} 320 260) translate(320 250) scale(${size}) translate(-320 -240)">${object}</g></svg>`;
}

/** Draws the clip and returns its path. */
async function drawClip(folder) {
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 640, height: 480 } });
  let number = 0;
  for (const object of [cup, cactus, books]) {
    for (let i = 0; i < framesPerScene; i++) {
      await page.setContent(drawFrame(object, (i / framesPerScene) * 4 * Math.PI));
      await writeFile(
        path.join(folder, `${String(number++).padStart(4, '0')}.jpg`),
        await page.screenshot({ type: 'jpeg', quality: 92 }),
      );
    }
  }
  await browser.close();
  const clip = path.join(folder, 'clip.mjpeg');
  ffmpeg('-framerate', '25', '-i', path.join(folder, '%04d.jpg'), '-pix_fmt', 'yuvj420p', '-q:v', '2', clip);
  return clip;
}

const screen = values.phone
  ? { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }
  : { viewport: { width: 1200, height: 1080 } };
const folder = await mkdtemp(path.join(tmpdir(), 'teachable-screenshot-'));
const ends = [];
const browser = await openBrowser({ camera: await drawClip(folder) });
try {
  const { page } = await openPage({ after: (end) => ends.push(end) }, browser, {
    context: { ...screen, colorScheme: values.dark ? 'dark' : 'light' },
  });
  await untilReady(page);
  for (const [i, name] of ['Coffee', 'Cactus', 'Books'].entries()) await page.getByTestId(`name-${i + 1}`).fill(name);
  await page.evaluate(() => document.activeElement.blur());
  await startCamera(page);
  // The time decides which object the camera shows: it plays 30 frames per second, so each object stays for 2.5 s.
  const start = Date.now();
  const at = (seconds) => page.waitForTimeout(Math.max(0, start + seconds * 1000 - Date.now()));
  for (const [key, from, to] of [
    ['1', 0.2, 1.9],
    ['2', 2.7, 4.4],
    ['3', 5.2, 6.9],
  ]) {
    await at(from);
    await page.keyboard.down(key);
    await at(to);
    await page.keyboard.up(key);
  }
  await at(12);
  const file = path.join(root, `web/demo/screenshot${values.phone ? '-phone' : ''}${values.dark ? '-dark' : ''}.png`);
  await mkdir(path.dirname(file), { recursive: true });
  await page.screenshot({ path: file });
  console.log(`${file}: ${await page.getByTestId('prediction').innerText()}`);
} finally {
  for (const end of ends) await end();
  await browser.close();
  await rm(folder, { recursive: true });
}
