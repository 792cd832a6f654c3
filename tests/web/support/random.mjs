// Random values with a seed, and random changes of plain values, for fuzzers in Node.

/** Makes a random generator (mulberry32). The same seed gives the same values. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** Returns a whole number from 0 to `count` - 1. */
  const below = (count) => Math.floor(next() * count);
  return { next, below, pick: (list) => list[below(list.length)], chance: (share) => next() < share };
}

const nest = (depth, inner) => {
  let value = inner;
  for (let level = 0; level < depth; level++) value = level % 3 ? [value] : { a: value };
  return value;
};

/** Values that JSON can hold and that break careless code. */
const odd = [
  null,
  true,
  false,
  '',
  'a',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '\ud800',
  '\0',
  0,
  -0,
  -1,
  1.5,
  1e39,
  -1e308,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 53,
  [],
  {},
  [[]],
  [[[]]],
  { toString: 1 },
  { valueOf: null, toString: null },
  { length: 3 },
  { length: 1e4 },
  { 0: 1, 1: 2, 2: 3 },
  JSON.parse('{"__proto__": {"a": 1}}'),
  JSON.parse('{"then": 1}'),
  [null, null, null],
  [1, 2, 3],
  [[1, 2, 3]],
];

/** Values that messages can hold besides those of JSON. Each is made anew, because a test may transfer it. */
const oddInMessages = [
  () => undefined,
  () => NaN,
  () => Infinity,
  () => 5n,
  () => new Date(NaN),
  () => new Map([['a', 1]]),
  () => new Set(['a']),
  () => new Error('odd'),
  () => /x/g,
  () => new ArrayBuffer(0),
  () => new ArrayBuffer(16),
  () => new Uint8Array(3),
  () => new Float32Array(4).fill(1),
  () => new Float32Array(4).fill(NaN),
  () => new Float64Array(4),
  () => new BigInt64Array(2),
  () => new DataView(new ArrayBuffer(8)),
  () => new Blob(['a']),
];

/** Returns an odd value. `richly`: also one that only messages can hold. */
export function oddValue(random, richly = false) {
  if (random.chance(0.02)) return nest(random.pick([100, 2000]), random.pick(odd));
  if (richly && random.chance(0.4)) return random.pick(oddInMessages)();
  return structuredClone(random.pick(odd));
}

/** Returns all places in a value: the objects that hold it, and the keys in them. */
function placesIn(value, places = []) {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return places;
  for (const key of Object.keys(value)) {
    places.push([value, key]);
    placesIn(value[key], places);
  }
  return places;
}

/** Changes some random places of a plain value, and returns it: values are replaced, removed, repeated and moved. */
export function mutate(random, value, richly = false) {
  const root = { value };
  for (let count = 1 + random.below(3); count > 0; count--) {
    const places = placesIn(root);
    const [holder, key] = random.pick(places);
    switch (random.below(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else if (holder !== root) delete holder[key];
        break;
      case 1:
        if (Array.isArray(holder)) holder.push(structuredClone(holder[key]));
        else if (holder !== root) holder[random.pick(['__proto__x', 'a', '0', 'shape'])] = structuredClone(holder[key]);
        break;
      case 2: {
        const [from, of] = random.pick(places);
        holder[key] = structuredClone(from[of]);
        break;
      }
      case 3:
        holder[key] = random.chance(0.5) ? [holder[key]] : { a: holder[key] };
        break;
      default:
        holder[key] = oddValue(random, richly);
    }
  }
  return root.value;
}

/**
 * Runs rounds of a fuzzer: `count` of them or, when TEACHABLE_FUZZ_SECONDS is set, as many as fit in that time.
 * @param {(random: object, round: number) => unknown} runRound Each round has a random generator of its own, so that it can be repeated alone.
 * @returns {Promise<number>} The number of rounds.
 * @throws The error of a round, with its seed and number in the message.
 */
export async function runRounds(seed, count, runRound) {
  const seconds = Number(process.env.TEACHABLE_FUZZ_SECONDS ?? 0);
  const end = performance.now() + seconds * 1000;
  let round = 0;
  for (; seconds > 0 ? performance.now() < end : round < count; round++) {
    try {
      await runRound(makeRandom(seed * 1_000_003 + round), round);
    } catch (error) {
      error.message = `TEACHABLE_SEED=${seed}, round ${round}: ${error.message}`;
      throw error;
    }
  }
  return round;
}
