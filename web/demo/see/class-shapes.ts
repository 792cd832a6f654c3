// The shape and the colour of each class for canvases. styles/class-colours.css has the same for elements.

/** Corners of each shape in the square from -1 to 1. A slot without an entry has a circle. */
const corners: Record<string, readonly (readonly [number, number])[]> = {
  2: [
    [0, -0.92],
    [1, 0.92],
    [-1, 0.92],
  ],
  3: [
    [-0.85, -0.85],
    [0.85, -0.85],
    [0.85, 0.85],
    [-0.85, 0.85],
  ],
  4: [
    [0, -1],
    [1, 0],
    [0, 1],
    [-1, 0],
  ],
  5: [
    [0, -0.98],
    [0.98, -0.26],
    [0.62, 0.9],
    [-0.62, 0.9],
    [-0.98, -0.26],
  ],
  6: [
    [-0.5, -0.88],
    [0.5, -0.88],
    [1, 0],
    [0.5, 0.88],
    [-0.5, 0.88],
    [-1, 0],
  ],
  7: [
    [0, -1],
    [0.28, -0.3],
    [1, -0.26],
    [0.44, 0.22],
    [0.64, 0.96],
    [0, 0.54],
    [-0.64, 0.96],
    [-0.44, 0.22],
    [-1, -0.26],
    [-0.28, -0.3],
  ],
  8: [
    [-0.32, -1],
    [0.32, -1],
    [0.32, -0.32],
    [1, -0.32],
    [1, 0.32],
    [0.32, 0.32],
    [0.32, 1],
    [-0.32, 1],
    [-0.32, 0.32],
    [-1, 0.32],
    [-1, -0.32],
    [-0.32, -0.32],
  ],
  9: [
    [-1, -0.88],
    [1, -0.88],
    [0, 0],
    [1, 0.88],
    [-1, 0.88],
    [0, 0],
  ],
}; // prettier-ignore

/** Returns the outline of a shape around the origin. `colour` is that of colourOf(). */
export function shapePath(colour: string, radius: number): Path2D {
  const path = new Path2D();
  const points = corners[colour];
  if (!points) {
    path.arc(0, 0, radius, 0, 2 * Math.PI);
    return path;
  }
  points.forEach(([x, y], index) => {
    if (index === 0) path.moveTo(x * radius, y * radius);
    else path.lineTo(x * radius, y * radius);
  });
  path.closePath();
  return path;
}

/** Returns the colours of all slots as the current theme has them. */
export function readColours(element: Element): Map<string, string> {
  const style = getComputedStyle(element);
  const colours = new Map([['0', style.getPropertyValue('--soft').trim()]]);
  for (let slot = 1; slot <= 9; slot++) colours.set(String(slot), style.getPropertyValue(`--class-${slot}`).trim());
  return colours;
}
