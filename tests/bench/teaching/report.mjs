// Prints the measures of all rows as Markdown tables.
import { shots, uneven } from './episodes.mjs';
import { comparedShots } from './measures.mjs';

/** Numbers of examples for which accuracy by set and unknown pictures are shown. */
const shownShots = [1, 5, 10, 20];

const percent = (share) => (100 * share).toFixed(1);
const decimals = (number) => number.toFixed(2);
const withoutZero = (number) => decimals(number).replace(/^0\./, '.');
const ratio = (value, [low, high]) => `${withoutZero(value)} (${withoutZero(low)}–${withoutZero(high)})`;

function table(head, body) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...body.map(line)].join('\n');
}

function accuracyTable(results) {
  return table(
    [
      'rule',
      ...shots.map((n) => `n = ${n}`),
      `uneven (${uneven.many} and ${uneven.few})`,
      'ECE n = 1',
      ...shots.slice(1),
      'pooled',
    ],
    results.map(({ title, accuracy, uneven, calibration }) => [
      title,
      ...shots.map((n) => `${percent(accuracy.get(n).mean)} ± ${percent(accuracy.get(n).halfWidth)}`),
      percent(uneven),
      ...shots.map((n) => withoutZero(calibration.byShots.get(n))),
      withoutZero(calibration.pooled),
    ]),
  );
}

function ratioTable(results) {
  const plain = results.find(({ isPlain }) => isPlain);
  return table(
    [
      'rule',
      ...comparedShots.map((n) => `mean error, n = ${n}`),
      ...comparedShots.map((n) => `geometric mean, n = ${n}`),
      `points below '${plain.title}' on the worst set`,
    ],
    results.map((row) => [
      row.title,
      ...comparedShots.map((n) => ratio(row.ratios.get(n).mean, row.ratios.get(n).meanInterval)),
      ...comparedShots.map((n) => ratio(row.ratios.get(n).geometric, row.ratios.get(n).geometricInterval)),
      row === plain ? '' : worstLoss(row, plain),
    ]),
  );
}

/** Returns the set and the number of examples at which a row loses most, compared with another row. */
function worstLoss(row, plain) {
  const losses = shots.flatMap((n) =>
    [...row.accuracyBySet.get(n)].map(([set, accuracy]) => ({
      n,
      set,
      loss: plain.accuracyBySet.get(n).get(set) - accuracy,
    })),
  );
  const { n, set, loss } = losses.reduce((worst, each) => (each.loss > worst.loss ? each : worst));
  return loss > 0 ? `${percent(loss)} (${set}, n = ${n})` : 'none';
}

function setTable(results, sets) {
  return table(
    [`accuracy at n = ${shownShots.join(', ')}`, ...sets.map(({ name }) => name)],
    results.map(({ title, accuracyBySet }) => [
      title,
      ...sets.map(({ name }) => shownShots.map((n) => percent(accuracyBySet.get(n).get(name))).join(', ')),
    ]),
  );
}

function unknownTable(results, sets) {
  const body = results.flatMap(({ title, unknown }) =>
    shownShots
      .filter((n) => unknown.get(n)?.rejected > 0)
      .map((n) => {
        const { rejected, falseAlarms, worst } = unknown.get(n);
        return [
          title,
          n,
          percent(rejected),
          ...falseAlarms.map(([, share]) => percent(share)),
          `${percent(worst[1])} (${worst[0]})`,
        ];
      }),
  );
  if (body.length === 0) return 'No row reports unknown pictures.';
  return table(['rule', 'n', 'clutter rejected', ...sets.map(({ name }) => name), 'worst set'], body);
}

/** Returns all tables. */
export function toMarkdown(results, { sets, seed, episodeCount, models, tfjs, picture }) {
  const networks = models.map(({ kind, model, width }) => `${kind}: ${model}, ${width} numbers`).join('; ');
  return [
    `Teaching with n examples of each class: ${sets.length} sets, ${episodeCount} episodes each, seed ${seed}. Accuracy in %. Embeddings: ${networks}. knn-classifier ${tfjs}. Learning curves: ${picture}.`,
    accuracyTable(results),
    `Errors relative to '${results[0].title}', with 95 % intervals:`,
    ratioTable(results),
    'Accuracy by set, in %:',
    setTable(results, sets),
    'Pictures reported as unknown, in %: clutter, which should be, and tests of each set, which should not (false alarms):',
    unknownTable(results, sets),
  ].join('\n\n');
}
