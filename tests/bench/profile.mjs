// Writes the profile of networks by operator, beside the peaks of the machine. Part of run.mjs.

const giga = (rate) => (rate / 1e9).toFixed(1);

/** Returns the operator's group, under which it is summed up. */
export function groupOf({ name, multiplyAdds }) {
  if (multiplyAdds === 0) return name.replace(/ \(.*/, '');
  const [kind, window] = name.split(' ');
  return kind === 'Conv2d' ? (window === '1x1' ? 'pointwise convolutions' : 'other convolutions') : `${kind} ${window}`;
}

/** Returns whether a network computes with integers, by the names of its kernels. */
const isOfIntegers = ({ operators }) => operators.some(({ kernel }) => /Q[SUC]8/.test(kernel));

function toRow(title, { multiplyAdds, microseconds }, total, peak) {
  const rate = multiplyAdds / (microseconds * 1e-6);
  const cells = [title, multiplyAdds > 0 ? (multiplyAdds / 1e6).toFixed(2) : '', microseconds.toFixed(0)];
  cells.push(`${((100 * microseconds) / total).toFixed(1)} %`);
  cells.push(
    multiplyAdds > 0 ? giga(2 * rate) : '',
    multiplyAdds > 0 && peak ? `${((100 * rate) / peak).toFixed(0)} %` : '',
  );
  return `| ${cells.join(' | ')} |`;
}

const head = [
  '| operator | million multiply-adds | µs | share of time | GFLOP/s | share of peak |',
  '|---|---|---|---|---|---|',
];

/**
 * Returns Markdown tables of a profile, which profile.h describes.
 * @param {{peaks: object[], networks: object[]}} profile
 * @param {string} title The build.
 */
export function toProfileTables({ peaks, networks }, title) {
  const parts = [`Profile of \`${title}\`, one thread. GFLOP/s count two operations for each multiply-add.`];
  if (peaks.length > 0)
    parts.push(
      [
        '| instructions | peak in GFLOP/s |',
        '|---|---|',
        ...peaks.map(({ name, multiplyAdds }) => `| ${name} | ${giga(2 * multiplyAdds)} |`),
      ].join('\n'),
    );
  for (const network of networks) {
    const { name, milliseconds, operators } = network;
    const peak = Math.max(
      0,
      ...peaks.filter(({ integer }) => integer === isOfIntegers(network)).map(({ multiplyAdds }) => multiplyAdds),
    );
    const sum = (list) => ({
      multiplyAdds: list.reduce((all, each) => all + each.multiplyAdds, 0),
      microseconds: list.reduce((all, each) => all + each.microseconds, 0),
    });
    const total = sum(operators).microseconds;
    const groups = new Map();
    for (const each of operators) groups.set(groupOf(each), [...(groups.get(groupOf(each)) ?? []), each]);
    const byTime = [...groups].map(([group, list]) => [`${group} (${list.length})`, sum(list)]);
    byTime.sort(([, a], [, b]) => b.microseconds - a.microseconds);
    parts.push(
      `${name}: ${milliseconds.toFixed(2)} ms. The peak is ${peak ? `${giga(2 * peak)} GFLOP/s` : 'not known in this build'}.`,
      [
        ...head,
        toRow('all', sum(operators), total, peak),
        ...byTime.map(([group, each]) => toRow(group, each, total, peak)),
      ].join('\n'),
      [...head, ...operators.map((each, i) => toRow(`${i + 1}. ${each.name}`, each, total, peak))].join('\n'),
    );
  }
  return parts.join('\n\n');
}
