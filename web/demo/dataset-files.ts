// Files of what was taught: which ones they are, and how one is given to the visitor.

/** Nothing: neither by its name nor by its type. */
export function datasetFormat({ name, type }: File): 'dataset' | 'json' | undefined {
  if (/\.json$/i.test(name) || type === 'application/json') return 'json';
  return /\.tmkn$/i.test(name) ? 'dataset' : undefined;
}

export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // Not at once: some browsers read it only after the click has been dealt with.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name that tells files apart: 'examples 2025-03-31.tmkn'. */
export function fileName(): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, '0');
  return `examples ${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}.tmkn`;
}
