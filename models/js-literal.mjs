// Reads JavaScript literals out of minified code without running it.

/** Maximum nesting of a literal. A model's topology needs about 15. */
const kMaxDepth = 64;
const kNumber = /-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/iy;
const kName = /[A-Za-z_$][\w$]*/y;
const kString = /"(?:[^"\\\n]|\\.)*"/y;
const kWords = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
]);

/**
 * Returns the value of the literal that begins at `start`: objects with plain or quoted keys, arrays,
 * double-quoted strings, numbers, null, true, false, !0 and !1. Throws SyntaxError for anything
 * else.
 * @param {string} code
 * @param {number} start
 * @returns {{value: unknown, end: number}} `end` is the offset after the literal.
 */
export function readLiteral(code, start) {
  let at = start;

  const fail = (wanted) => {
    throw new SyntaxError(`offset ${at}: found '${code.slice(at, at + 12)}'; expected ${wanted}`);
  };
  const match = (pattern) => {
    pattern.lastIndex = at;
    const text = pattern.exec(code)?.[0];
    if (text !== undefined) at += text.length;
    return text;
  };
  const take = (mark) => {
    if (!code.startsWith(mark, at)) return false;
    at += mark.length;
    return true;
  };

  const readString = () => {
    const text = match(kString);
    if (text === undefined) fail('a string');
    return JSON.parse(text);
  };

  const readList = (close, readItem) => {
    if (take(close)) return;
    do readItem();
    while (take(','));
    if (!take(close)) fail(`',' or '${close}'`);
  };

  const readValue = (depth) => {
    if (depth > kMaxDepth) fail(`at most ${kMaxDepth} levels`);
    if (take('{')) {
      const entries = [];
      readList('}', () => {
        const key = code[at] === '"' ? readString() : match(kName);
        if (key === undefined || !take(':')) fail('a key');
        entries.push([key, readValue(depth + 1)]);
      });
      return Object.fromEntries(entries);
    }
    if (take('[')) {
      const items = [];
      readList(']', () => items.push(readValue(depth + 1)));
      return items;
    }
    if (code[at] === '"') return readString();
    if (take('!0')) return true;
    if (take('!1')) return false;
    const number = match(kNumber);
    if (number !== undefined) return Number(number);
    const word = match(kName);
    if (!kWords.has(word)) fail('a literal');
    return kWords.get(word);
  };

  const value = readValue(0);
  return { value, end: at };
}
