// What would help most now, in a sentence.

export interface Size {
  name: string;
  count: number;
}

const few = 5;
/** So many times as many examples let a class win by their number. */
const unbalanced = 5;

export function advice(classes: readonly Size[]): string {
  const taught = classes.filter(({ count }) => count > 0).sort((a, b) => a.count - b.count);
  const [least, most] = [taught[0], taught.at(-1)];
  if (!least || !most || taught.length < 2)
    return 'Now teach it a second class, so that it has something to tell apart.';
  if (least.count < few) return `${least.name} has few examples: record some more, from other sides.`;
  if (most.count > unbalanced * least.count) {
    return `${most.name} has ${Math.round(most.count / least.count)} times as many examples as ${least.name}: record more of ${least.name}.`;
  }
  return 'Show it something and watch the bars.';
}
