// The network that the visitor chose in place of the packaged one. It is stored in this browser, so that the next visit has it, too.

import type { LoadOptions } from 'teachable-wasm';

/** A network that comes with the page. */
export interface ListedNetwork {
  id: string;
  title: string;
  byteLength: number;
}

/** The chosen network: one that comes with the page, or a file of the visitor's. */
export type NetworkChoice =
  | { kind: 'listed'; id: string }
  | { kind: 'file'; name: string; bytes: ArrayBuffer; weights?: ArrayBuffer };

/** Returns the options of load() for a choice; null means the packaged network. */
export function toLoadOptions(choice: NetworkChoice | null): LoadOptions {
  if (choice === null) return {};
  if (choice.kind === 'listed') return { model: `./networks/${choice.id}.json` };
  const { bytes, weights } = choice;
  return { model: weights ? { bytes, weights } : { bytes } };
}

/** Returns the choice if a stored value is one, else null. */
export function toChoice(value: unknown): NetworkChoice | null {
  const { kind, id, name, bytes, weights } = Object(value) as Record<string, unknown>;
  if (kind === 'listed' && typeof id === 'string' && /^[\w.-]+$/.test(id)) return { kind, id };
  if (kind !== 'file' || typeof name !== 'string' || !(bytes instanceof ArrayBuffer)) return null;
  return weights instanceof ArrayBuffer ? { kind, name, bytes, weights } : { kind, name, bytes };
}

/**
 * Reads files that the visitor chose: a .tflite file, a zip archive, or a model.json with its weight files.
 * @throws An error whose message is for the visitor, when weight files are missing.
 */
export async function readNetworkFiles(
  files: readonly File[],
  missing: (names: string) => string,
): Promise<NetworkChoice> {
  const model = files.find(({ name }) => /\.json$/i.test(name) && !/^metadata\.json$/i.test(name)) ?? files[0]!;
  const bytes = await model.arrayBuffer();
  if (!/\.json$/i.test(model.name)) return { kind: 'file', name: model.name, bytes };
  const wanted = weightNames(bytes);
  const found = wanted.map((name) => files.find((each) => each.name === name));
  const lost = wanted.filter((_, index) => !found[index]);
  if (lost.length > 0) throw new Error(missing(lost.join(', ')));
  const weights = await new Blob(found as File[]).arrayBuffer();
  return { kind: 'file', name: model.name, bytes, weights };
}

/** Returns the names of the weight files of a model.json, in their order. Of other files it returns none, and load() explains them. */
function weightNames(bytes: ArrayBuffer): string[] {
  try {
    const { weightsManifest } = JSON.parse(new TextDecoder().decode(bytes)) as {
      weightsManifest?: { paths: string[] }[];
    };
    return (weightsManifest ?? []).flatMap(({ paths }) => paths).map((path) => String(path).split('/').at(-1)!);
  } catch {
    return [];
  }
}
