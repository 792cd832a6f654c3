// Collects the files of the network that the page runs, for a page that runs from one file.

import type { LoadOptions } from 'teachable-wasm';
import { type Part, partsAddress } from './parts.js';

/** A network inside a page, and its files. */
export interface EmbeddedNetwork {
  model: EmbeddedModel;
  parts: Part[];
}

/** Value of load()'s option `model`, with names of parts in place of bytes, because it is written as JSON. */
export type EmbeddedModel =
  | Exclude<Extract<LoadOptions['model'], object>, URL | { bytes: unknown }>
  | { bytesPart: string; weightsPart?: string };

/** The network that a page runs, as load() got it. */
export type NetworkSource = Exclude<LoadOptions['model'], undefined>;

/** Returns the contents of a file. Throws when it can't be fetched. */
export type FetchFile = (address: string) => Promise<Blob>;

/** The parts of catalogue entries and of TensorFlow.js models that name files. */
interface NetworkJson {
  id?: unknown;
  title?: unknown;
  files?: { path: string }[];
  space?: { path: string };
  labels?: { path: string };
  weightsManifest?: { paths: string[] }[];
}

/**
 * Fetches a network.
 * @param source Its bytes; or the absolute address of a .tflite file, a zip archive, a model.json, its folder, or a catalogue entry.
 */
export async function collectNetwork(source: NetworkSource, fetchFile: FetchFile): Promise<EmbeddedNetwork> {
  if (typeof source === 'object' && 'bytes' in source) return collectBytes(source);
  const address = String(typeof source === 'object' && 'url' in source ? source.url : source);
  const url = address.endsWith('/') ? `${address}model.json` : address;
  const file = await fetchFile(url);
  const json = await parse(file);
  if (json?.files) return collectEntry(json as NetworkJson & { files: { path: string }[] }, url, fetchFile);
  // The names of file and folder are kept, because data sets store them as the network's id.
  const name = ['network', ...new URL(url).pathname.split('/').filter(Boolean).slice(-2)].join('/');
  const folder = name.slice(0, name.lastIndexOf('/') + 1);
  const shards = (json?.weightsManifest ?? []).flatMap(({ paths }) => paths);
  const parts = await Promise.all(
    shards.map(async (path) => ({ name: folder + path, bytes: await fetchFile(new URL(path, url).href) })),
  );
  return { model: { url: partsAddress + name }, parts: [{ name, bytes: file }, ...parts] };
}

/** Such a network has no name of its own, so it is given to load() as bytes again. */
function collectBytes({ bytes, weights }: Extract<NetworkSource, { bytes: unknown }>): EmbeddedNetwork {
  const parts: Part[] = [{ name: 'network/model', bytes: new Blob([bytes as BlobPart]) }];
  if (weights) parts.push({ name: 'network/weights', bytes: new Blob([weights as BlobPart]) });
  return { model: { bytesPart: 'network/model', ...(weights && { weightsPart: 'network/weights' }) }, parts };
}

async function collectEntry(
  entry: NetworkJson & { files: { path: string }[] },
  url: string,
  fetchFile: FetchFile,
): Promise<EmbeddedNetwork> {
  const parts: Part[] = [];
  const embed = async <File extends { path: string }>(file: File): Promise<File> => {
    const name = `network/${new URL(file.path, url).pathname.split('/').at(-1)}`;
    parts.push({ name, bytes: await fetchFile(new URL(file.path, url).href) });
    return { ...file, path: partsAddress + name };
  };
  const { labels: _, space, files, ...rest } = entry;
  const model = {
    ...rest,
    files: await Promise.all(files.map(embed)),
    ...(space && { space: await embed(space) }),
  };
  return { model: model as unknown as EmbeddedNetwork['model'], parts };
}

async function parse(file: Blob): Promise<NetworkJson | undefined> {
  if ((await file.slice(0, 1).text()) !== '{') return undefined;
  return JSON.parse(await file.text()) as NetworkJson;
}
