// From what the caller named to a model's bytes, its labels and how it wants to be fed.

import { parseLabels } from './class-names.js';
import { canDigest, download, joinBytes, type DownloadOptions } from './download.js';
import { ClassifierError } from './errors.js';
import { loadConverter, type Converter } from './tfjs-converter.js';
import type { ModelEntry, ModelFile, ModelRequest, OpenRequest, Preprocess } from './protocol.js';

export interface FetchedModel {
  id: string;
  title: string;
  /** A .tflite file or a model.json. */
  model: Uint8Array;
  /** Of a model.json: what it takes to make a .tflite file of it. */
  tfjs: TfjsParts | undefined;
  /** Of a .tflite file: its sum, where it has been checked. */
  sha256?: string | undefined;
  /** Class names in the network's order. */
  labels: readonly string[] | undefined;
  preprocess: Partial<Preprocess>;
  showClasses: boolean;
}

export interface TfjsParts {
  /** The shards, joined in the manifest's order. */
  weights: Uint8Array;
  converter: Promise<Converter>;
}

/** How a download reports, what ends it, and where the package's modules lie. */
type Watch = Pick<DownloadOptions, 'onBytes' | 'signal'> & { wasmUrl?: string | undefined };

const checkModel = "Check the option 'model': the address of a .tflite file, a model.json or a catalogue entry.";
const checkLabels = "Check the option 'labels': names, or the address of a text file with one class a line, or of a metadata.json.";

/** Fetches all of a model. Throws 'load-failed' for files that don't arrive, 'bad-model' for JSON that isn't a model, 'aborted'. */
export async function fetchModel({ model, labels }: { model: ModelRequest; labels?: OpenRequest['labels'] }, watch: Watch): Promise<FetchedModel> {
  const fetched =
    model.kind === 'bytes'
      ? await fromBytes(model.model, model.weights, watch)
      : model.kind === 'entry'
        ? await fromEntry(model.entry, model.baseUrl, watch)
        : await fromUrl(model.url, watch);
  if (typeof labels === 'string') fetched.labels = await fetchLabels({ path: labels }, labels, watch);
  else if (labels) fetched.labels = labels;
  return fetched;
}

async function fromBytes(model: ArrayBuffer | Uint8Array, weights: ArrayBuffer | Uint8Array | undefined, watch: Watch): Promise<FetchedModel> {
  const bytes = new Uint8Array(model);
  return plain('model', bytes, isObject(bytes) ? await withConverter(watch, weights ? new Uint8Array(weights) : new Uint8Array()) : undefined);
}

/** The converter comes while the weights do. */
async function withConverter(watch: Watch, weights: Uint8Array | Promise<Uint8Array>): Promise<TfjsParts> {
  const converter = loadConverter(watch);
  // Awaited by who converts; until then its failure must not count as unhandled.
  converter.catch(() => {});
  return { weights: await weights, converter };
}

async function fromUrl(url: string, watch: Watch): Promise<FetchedModel> {
  const bytes = await download(url, { ...watch, what: 'the model', hint: checkModel });
  const json = parseJson(bytes, url);
  if (isEntry(json)) return fromEntry(json, url, watch);
  return plain(nameOf(url), bytes, json && (await withConverter(watch, fetchShards(json, url, [], watch))));
}

async function fromEntry(entry: ModelEntry, baseUrl: string, watch: Watch): Promise<FetchedModel> {
  const [file] = entry.files;
  if (!file) throw new ClassifierError('bad-model', `The catalogue entry '${entry.id}' names no files.`);
  const labelsFile = entry.labels;
  const labels = labelsFile && fetchLabels(labelsFile, new URL(labelsFile.path, baseUrl).href, watch);
  // Awaited below; until then its failure must not count as unhandled.
  labels?.catch(() => {});
  const url = new URL(file.path, baseUrl).href;
  const model = await download(url, { ...file, ...watch, what: `the model '${entry.id}'`, hint: checkModel });
  const json = parseJson(model, url);
  const known = entry.files.map((each) => ({ ...each, path: new URL(each.path, baseUrl).href }));
  return {
    ...plain(entry.id, model, json && (await withConverter(watch, fetchShards(json, url, known, watch)))),
    title: entry.title,
    sha256: json || !canDigest() ? undefined : file.sha256,
    labels: await labels,
    preprocess: entry.preprocess ?? {},
    showClasses: entry.showClasses ?? true,
  };
}

function plain(id: string, model: Uint8Array, tfjs: TfjsParts | undefined): FetchedModel {
  return { id, title: id, model, tfjs, labels: undefined, preprocess: {}, showClasses: true };
}

async function fetchLabels(file: ModelFile, url: string, { signal }: Watch): Promise<string[]> {
  const bytes = await download(url, { ...file, signal, what: 'the labels', hint: checkLabels });
  return parseLabels(new TextDecoder().decode(bytes));
}

/**
 * The files that a model.json refers to, joined in the order of its manifest. `known`, by full address, says what to expect;
 * files that a bundler gave other names are taken in the order of the manifest.
 */
async function fetchShards(json: Json, url: string, known: readonly ModelFile[], { onBytes, signal }: Watch): Promise<Uint8Array> {
  const named = shardPaths(json, url).map((path) => new URL(path, url).href);
  const rest = known.slice(1);
  const renamed = rest.length === named.length && !named.some((address) => rest.some(({ path }) => path === address));
  const files: ModelFile[] = renamed ? rest : named.map((address) => rest.find(({ path }) => path === address) ?? { path: address });
  const progress: [loaded: number, total: number | undefined][] = files.map(() => [0, undefined]);
  const shards = await Promise.all(
    files.map((file, index) =>
      download(file.path, {
        ...file,
        signal,
        what: 'the model',
        hint: 'A model.json needs the weight files that it names beside it.',
        onBytes(...both) {
          progress[index] = both;
          // NaN, one unknown length, makes the sum unknown.
          const total = progress.reduce((sum, [, each]) => sum + (each ?? NaN), 0);
          onBytes?.(progress.reduce((sum, [each]) => sum + each, 0), total || undefined);
        },
      }),
    ),
  );
  return joinBytes(shards);
}

function shardPaths(json: Json, url: string): string[] {
  const manifest = json['weightsManifest'];
  const paths = Array.isArray(manifest) ? manifest.flatMap((group) => Object(group).paths as unknown) : [];
  if (paths.length === 0 || !paths.every((path) => typeof path === 'string')) {
    throw new ClassifierError('bad-model', `${url} is JSON, but neither a catalogue entry nor a model.json with a weightsManifest.`);
  }
  return paths;
}

type Json = Record<string, unknown>;

/** Whether a file begins as a JSON object. */
function isObject(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
}

/** The object that a file holds, undefined for a file that isn't JSON. */
function parseJson(bytes: Uint8Array, url: string): Json | undefined {
  if (!isObject(bytes)) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Json;
  } catch (cause) {
    throw new ClassifierError('bad-model', `${url} looks like JSON but can't be read: ${(cause as Error).message}`, { cause });
  }
}

function isEntry(json: unknown): json is ModelEntry {
  return typeof Object(json).id === 'string' && Array.isArray(Object(json).files);
}

/** What to call a model without an entry: its file, or the folder of a file that all call model.json. */
function nameOf(url: string): string {
  const [file = url, folder] = new URL(url).pathname.split('/').reverse();
  return (file === 'model.json' && folder) || file;
}
