// The three things of the drawn scene, as outlines. Coordinates are pixels of a scene of 640 x 480.

/** An outline with its colours. */
export interface Outline {
  /** SVG path data. */
  path: string;
  fill?: string;
  stroke?: string;
  /** Width of the stroke. Default: 5. */
  width?: number;
  dash?: number[];
}

/** Name of a thing. */
export type ThingName = 'cup' | 'cactus' | 'books';

/** Returns the path of an upright ellipse. */
function ellipse(x: number, y: number, rx: number, ry: number): string {
  return `M${x - rx} ${y} a${rx} ${ry} 0 1 0 ${2 * rx} 0 a${rx} ${ry} 0 1 0 ${-2 * rx} 0 z`;
}

/** Returns the path of a rectangle with round corners. */
function box(x: number, y: number, width: number, height: number, radius: number): string {
  const [h, v, r] = [width - 2 * radius, height - 2 * radius, radius];
  return `M${x + r} ${y} h${h} a${r} ${r} 0 0 1 ${r} ${r} v${v} a${r} ${r} 0 0 1 ${-r} ${r} h${-h} a${r} ${r} 0 0 1 ${-r} ${-r} v${-v} a${r} ${r} 0 0 1 ${r} ${-r} z`;
}

/** The outlines of each thing, from back to front. */
export const things: Record<ThingName, readonly Outline[]> = {
  cup: [
    { path: 'M252 190 h140 v110 a54 54 0 0 1 -54 54 h-32 a54 54 0 0 1 -54 -54 z', fill: '#f4f1ea', stroke: '#3a2c22' },
    { path: 'M392 214 h24 a36 36 0 0 1 0 72 h-24', stroke: '#3a2c22', width: 14 },
    { path: 'M392 214 h24 a36 36 0 0 1 0 72 h-24', stroke: '#f4f1ea' },
    { path: ellipse(322, 192, 70, 17), fill: '#5b3a23', stroke: '#3a2c22' },
    { path: 'M300 158 q-14 -22 0 -42 t0 -42 M344 158 q-14 -22 0 -42 t0 -42', stroke: '#ffffffbf', width: 7 },
  ],
  cactus: [
    { path: 'M320 110 a34 34 0 0 1 34 34 v130 h-68 v-130 a34 34 0 0 1 34 -34z', fill: '#3f8f57', stroke: '#1f4a2c' },
    { path: 'M354 228 h22 a22 22 0 0 0 22 -22 v-38', stroke: '#1f4a2c', width: 32 },
    { path: 'M350 228 h26 a22 22 0 0 0 22 -22 v-38', stroke: '#3f8f57', width: 22 },
    { path: 'M286 206 h-16 a20 20 0 0 1 -20 -20 v-18', stroke: '#1f4a2c', width: 30 },
    { path: 'M290 206 h-20 a20 20 0 0 1 -20 -20 v-18', stroke: '#3f8f57', width: 20 },
    { path: 'M308 130 v140 M332 130 v140', stroke: '#2d6b40', width: 4, dash: [4, 14] },
    { path: 'M258 272 h124 l-16 84 h-92 z', fill: '#c8643b', stroke: '#5e2b16' },
    { path: box(250, 262, 140, 26, 6), fill: '#d9774c', stroke: '#5e2b16' },
    { path: ellipse(320, 106, 13, 13), fill: '#e8628f', stroke: '#7d2746', width: 4 },
  ],
  books: [
    { path: box(216, 306, 214, 46, 6), fill: '#2f5fb3', stroke: '#152c57' },
    { path: box(230, 262, 190, 44, 6), fill: '#d8a43a', stroke: '#5e4413' },
    { path: box(222, 222, 176, 40, 6), fill: '#b23a48', stroke: '#4f151d' },
    { path: 'M244 306 v46 M402 306 v46', stroke: '#9db9ea', width: 6 },
    { path: 'M256 262 v44', stroke: '#fbe6b4', width: 6 },
    { path: 'M250 222 v40 M372 222 v40', stroke: '#efb1b8', width: 6 },
    { path: ellipse(320, 180, 38, 38), fill: '#d2452f', stroke: '#5a1a10' },
    { path: 'M320 144 q2 -20 18 -28', stroke: '#4d3319', width: 7 },
    { path: 'M334 128 q24 -16 40 2 q-24 12 -40 -2z', fill: '#5da04f', stroke: '#274d20', width: 4 },
  ],
};
