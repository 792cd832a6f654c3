// Where the examples are on the canvas of the map, and which of them a pointer or an arrow key means.

/** A place on the canvas, in CSS pixels. */
export interface Place {
  x: number;
  y: number;
}

/** Examples on the canvas. */
export interface MapLayout {
  ids: readonly number[];
  /** [ids.length, 2] places in CSS pixels. */
  places: Float32Array;
  /** Converts a place of the map to one on the canvas. */
  toCanvas(point: readonly [number, number]): Place;
}

/** A range that is smaller than this is shown as one place in the middle. */
const smallestRange = 1e-5;

/** Fits a map into a canvas. Both axes have the same scale, because distances mean similarity. `points` is [ids.length, 2]. */
export function layOut(
  { ids, points }: { ids: readonly number[]; points: Float32Array },
  { width, height, margin }: { width: number; height: number; margin: number },
): MapLayout {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]!);
    right = Math.max(right, points[i]!);
    low = Math.min(low, points[i + 1]!);
    high = Math.max(high, points[i + 1]!);
  }
  const hasPoints = points.length > 0;
  const middle = hasPoints ? { x: (left + right) / 2, y: (low + high) / 2 } : { x: 0, y: 0 };
  const perPixel = hasPoints
    ? Math.max((right - left) / Math.max(1, width - 2 * margin), (high - low) / Math.max(1, height - 2 * margin))
    : 0;
  const range = perPixel * Math.min(width, height);
  const scale = range > smallestRange ? 1 / perPixel : 0;
  const toX = (x: number) => width / 2 + (x - middle.x) * scale;
  // The map's second axis points up.
  const toY = (y: number) => height / 2 - (y - middle.y) * scale;
  const places = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    places[i] = toX(points[i]!);
    places[i + 1] = toY(points[i + 1]!);
  }
  return { ids, places, toCanvas: ([x, y]) => ({ x: toX(x), y: toY(y) }) };
}

/** Returns the index of the example nearest to a place, if it is at most `maxDistance` pixels away, else -1. Of equal ones, the last is on top. */
export function nearestTo({ places }: MapLayout, { x, y }: Place, maxDistance: number): number {
  let [best, bestDistance] = [-1, maxDistance ** 2];
  for (let i = 0; i < places.length; i += 2) {
    const distance = (places[i]! - x) ** 2 + (places[i + 1]! - y) ** 2;
    if (distance <= bestDistance) [best, bestDistance] = [i / 2, distance];
  }
  return best;
}

const directions = new Map<string, readonly [number, number]>([
  ['ArrowLeft', [-1, 0]],
  ['ArrowRight', [1, 0]],
  ['ArrowUp', [0, -1]],
  ['ArrowDown', [0, 1]],
]);

/**
 * Returns the index of the example that a key moves to from the example with the index `from`. Arrows choose the nearest one in their
 * direction; Page Up and Page Down go through all in the order of their ids, so that examples on one place can be reached too.
 * Returns undefined for other keys, and `from` when there is none. Without an example to start from (-1), each key chooses the first.
 */
export function moveBy(layout: MapLayout, from: number, key: string): number | undefined {
  const last = layout.ids.length - 1;
  const direction = directions.get(key);
  if (!direction && !['PageUp', 'PageDown', 'Home', 'End'].includes(key)) return undefined;
  if (key === 'End') return last;
  if (from < 0 || key === 'Home') return Math.min(0, last);
  if (key === 'PageUp') return Math.max(0, from - 1);
  if (key === 'PageDown') return Math.min(last, from + 1);
  const [x, y] = [layout.places[2 * from]!, layout.places[2 * from + 1]!];
  const [right, down] = direction!;
  let [best, bestDistance] = [from, Infinity];
  for (let i = 0; i <= last; i++) {
    const along = (layout.places[2 * i]! - x) * right + (layout.places[2 * i + 1]! - y) * down;
    const across = Math.abs((layout.places[2 * i]! - x) * down) + Math.abs((layout.places[2 * i + 1]! - y) * right);
    // Within 45 degrees. What is beside counts twice, so that a straight way is preferred.
    if (along <= 0.5 || across > along) continue;
    const distance = along + 2 * across;
    if (distance < bestDistance) [best, bestDistance] = [i, distance];
  }
  return best;
}

/** Description of one class on the map. */
export interface ClassOnMap {
  label: string;
  count: number;
  /** The class whose centre is nearest; null when there is only one. */
  nearest: string | null;
  /** Number of its examples that are nearer to the centre of another class than to that of their own. */
  astray: number;
}

/** Describes the map in words: for each class, in the order of the first example, its nearest class and the examples that lie among others. */
export function describeClasses(
  { points }: { points: Float32Array },
  labels: readonly (string | undefined)[],
): ClassOnMap[] {
  const centres = new Map<string, { x: number; y: number; count: number }>();
  labels.forEach((label, i) => {
    if (label === undefined) return;
    const centre = centres.get(label) ?? { x: 0, y: 0, count: 0 };
    centre.x += points[2 * i]!;
    centre.y += points[2 * i + 1]!;
    centre.count++;
    centres.set(label, centre);
  });
  for (const centre of centres.values()) {
    centre.x /= centre.count;
    centre.y /= centre.count;
  }
  const nearestLabel = (x: number, y: number, except?: string) => {
    let [best, bestDistance]: [string | null, number] = [null, Infinity];
    for (const [label, centre] of centres) {
      const distance = Math.hypot(centre.x - x, centre.y - y);
      if (label !== except && distance < bestDistance) [best, bestDistance] = [label, distance];
    }
    return { label: best, distance: bestDistance };
  };
  const astray = new Map<string, number>();
  labels.forEach((label, i) => {
    if (label === undefined) return;
    const [x, y] = [points[2 * i]!, points[2 * i + 1]!];
    const own = centres.get(label)!;
    const other = nearestLabel(x, y, label);
    if (other.distance < Math.hypot(own.x - x, own.y - y)) astray.set(label, (astray.get(label) ?? 0) + 1);
  });
  return [...centres].map(([label, { x, y, count }]) => ({
    label,
    count,
    nearest: nearestLabel(x, y, label).label,
    astray: astray.get(label) ?? 0,
  }));
}
