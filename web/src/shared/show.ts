// Describes values in error messages.

const maxLength = 100;

/** Describes any value in a few words. It never throws, also for values whose own code does. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > maxLength ? `${value.slice(0, maxLength)}…` : value}'`;
  if (Object(value) !== value) return String(value);
  try {
    // The name of its kind, because its text may be endless. Lists show their first values.
    if (Array.isArray(value))
      return value
        .slice(0, 4)
        .map((each) => (Object(each) === each ? '…' : String(each)))
        .join();
    return Object.prototype.toString.call(value).slice(8, -1).slice(0, maxLength);
  } catch {
    return "an object that can't be read";
  }
}
