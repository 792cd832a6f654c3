// Formats a learning curve as text for a terminal, and says what more examples would bring.

import { percent } from './confusion-text.js';
import type { LearningCurve, Outlook } from './learning-curve.js';

/** Number of characters of a bar for 100 %. */
const barWidth = 40;

const numberWords = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

const examplesOf = (count: number) => `${count} ${count === 1 ? 'example' : 'examples'} of each class`;

/** Returns the table of the curve and a sentence about more examples, as lines. */
export function toCurveText(curve: LearningCurve, outlook: Outlook | undefined): string[] {
  const { episodes, points, tests, byRecording } = curve;
  const kept = byRecording ? 'whole folders of pictures' : 'a third of each class';
  const lines = [
    `Learning curve: ${episodes === 1 ? 'one random draw' : `mean of ${episodes} random draws`} of the taught examples, with ${kept} kept for ${tests} tests`,
    'examples of each class  correct  worst and best draw',
    ...points.map(({ shots, accuracy, lowest, highest }) => {
      const range = `${percent(lowest)} to ${percent(highest)}`;
      const bar = '#'.repeat(Math.round(barWidth * accuracy));
      return `${String(shots).padStart(22)}  ${percent(accuracy).padStart(7)}  ${range.padEnd(19)}  ${bar}`.trimEnd();
    }),
  ];
  const last = points.at(-1)!;
  lines.push('', toSentence(last.shots, last.accuracy, outlook));
  return lines;
}

function toSentence(shots: number, accuracy: number, outlook: Outlook | undefined): string {
  const state = `With ${examplesOf(shots)}, ${percent(accuracy)} of the tests are correct.`;
  if (accuracy === 1) return `${state} More examples of this kind are not needed.`;
  if (!outlook) return `${state} The curve is too short to say what more examples would bring.`;
  const more = numberWords[outlook.more]!;
  const further = `${more[0]!.toUpperCase()}${more.slice(1)} more of each class`;
  const points = Math.round(100 * outlook.gain);
  return points < 1
    ? `${state} ${further} would bring less than one percentage point. Other kinds of pictures may bring more.`
    : `${state} ${further} would bring about +${points} percentage ${points === 1 ? 'point' : 'points'}.`;
}
