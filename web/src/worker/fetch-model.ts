// From what the caller named to a model's bytes, its labels and how it wants to be fed.

import { canDigest, type DownloadOptions, download, joinBytes } from '../shared/download.js';
import { ClassifierError } from '../shared/errors.js';
import type { ModelEntry, ModelFile, ModelRequest, OpenRequest, Preprocess } from '../shared/protocol.js';
import { isTeachableMachine, parseLabels } from './class-names.js';
import { type Converter, loadConverter } from './tfjs-converter.js';

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
type Watch = Pick<DownloadOptions, 'onBytes' | 'signal' | 'early'> & { wasmUrl?: string | undefined };

const checkModel = "Check the option 'model': the address of a .tflite file, a model.json or a catalogue entry.";
const checkLabels =
  "Check the option 'labels': names, or the address of a text file with one class a line, or of a metadata.json.";

/** A list of names has some 20 kB. */
const mostLabelBytes = 4 << 20;

/** Of 4 MB each, as TensorFlow.js writes them: far more than a MobileNet has. */
const mostShards = 256;

const elementBytes: Record<string, number> = { float32: 4, int32: 4, float16: 2, uint16: 2, uint8: 1, bool: 1 };

/** Fetches all of a model. Throws 'load-failed' for files that don't arrive, 'bad-model' for JSON that isn't a model, 'aborted'. */
export async function fetchModel(
  { model, labels }: { model: ModelRequest; labels?: OpenRequest['labels'] },
  watch: Watch,
): Promise<FetchedModel> {
  const fetched =
    model.kind === 'bytes'
      ? await fromBytes(model.model, model.weights, watch)
      : model.kind === 'entry'
        ? await fromEntry(model.entry, model.baseUrl, watch)
        : await fromUrl(model.url, watch);
  if (typeof labels === 'string') takeLabels(fetched, await fetchLabels({ path: labels }, labels, watch));
  else if (labels) fetched.labels = labels;
  return fetched;
}

async function fromBytes(
  model: ArrayBuffer | Uint8Array,
  weights: ArrayBuffer | Uint8Array | undefined,
  watch: Watch,
): Promise<FetchedModel> {
  const bytes = new Uint8Array(model);
  return plain(
    'model',
    bytes,
    isObject(bytes) ? await withConverter(watch, weights ? new Uint8Array(weights) : new Uint8Array()) : undefined,
  );
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
  const labels = labelsFile && fetchLabels(labelsFile, resolve(labelsFile.path, baseUrl), watch);
  // Awaited below; until then its failure must not count as unhandled.
  labels?.catch(() => {});
  const url = resolve(file.path, baseUrl);
  const model = await download(url, { ...file, ...watch, what: `the model '${entry.id}'`, hint: checkModel });
  const json = parseJson(model, url);
  const known = entry.files.map((each) => ({ ...each, path: resolve(each.path, baseUrl) }));
  const fetched: FetchedModel = {
    ...plain(entry.id, model, json && (await withConverter(watch, fetchShards(json, url, known, watch)))),
    title: entry.title,
    sha256: json || !canDigest() ? undefined : file.sha256,
    preprocess: entry.preprocess ?? {},
    showClasses: entry.showClasses ?? true,
  };
  if (labels) takeLabels(fetched, await labels);
  return fetched;
}

function plain(id: string, model: Uint8Array, tfjs: TfjsParts | undefined): FetchedModel {
  return { id, title: id, model, tfjs, labels: undefined, preprocess: {}, showClasses: true };
}

/** The text of a file of labels. */
async function fetchLabels(file: ModelFile, url: string, { signal }: Watch): Promise<string> {
  const bytes = await download(url, {
    mostBytes: mostLabelBytes,
    ...file,
    signal,
    what: 'the labels',
    hint: checkLabels,
  });
  return new TextDecoder().decode(bytes);
}

function takeLabels(fetched: FetchedModel, text: string): void {
  fetched.labels = parseLabels(text);
  // Its library feeds the network that it exports beside this file with pixels / 127 - 1.
  if (fetched.tfjs && isTeachableMachine(text)) fetched.preprocess = { range: [-1, 128 / 127], ...fetched.preprocess };
}

/**
 * What a model's file names, as an address. Throws 'bad-model' where a file from elsewhere names one of this machine, which only Node
 * would read.
 */
function resolve(path: string, base: string): string {
  const { href, protocol } = new URL(path, base);
  if (protocol === 'file:' && !base.startsWith('file:')) {
    throw new ClassifierError(
      'bad-model',
      `${base} names ${href}, a file of this machine, which only another file of it may do.`,
    );
  }
  return href;
}

/**
 * The files that a model.json refers to, joined in the order of its manifest. `known`, by full address, says what to expect;
 * files that a bundler gave other names are taken in the order of the manifest.
 */
async function fetchShards(
  json: Json,
  url: string,
  known: readonly ModelFile[],
  { onBytes, signal }: Watch,
): Promise<Uint8Array> {
  const groups = shardGroups(json, url);
  const limits = groups.flatMap(({ paths, byteLength }) => paths.map(() => byteLength || undefined));
  const named = groups.flatMap(({ paths }) => paths.map((path) => resolve(path, url)));
  const rest = known.slice(1);
  const renamed = rest.length === named.length && !named.some((address) => rest.some(({ path }) => path === address));
  const files: ModelFile[] = renamed
    ? rest
    : named.map((address) => rest.find(({ path }) => path === address) ?? { path: address });
  const progress: [loaded: number, total: number | undefined][] = files.map(() => [0, undefined]);
  const shards = await Promise.all(
    files.map((file, index) =>
      download(file.path, {
        mostBytes: limits[index],
        ...file,
        signal,
        what: 'the model',
        hint: 'A model.json needs the weight files that it names beside it.',
        onBytes(...both) {
          progress[index] = both;
          // NaN, one unknown length, makes the sum unknown.
          const total = progress.reduce((sum, [, each]) => sum + (each ?? NaN), 0);
          onBytes?.(
            progress.reduce((sum, [each]) => sum + each, 0),
            total || undefined,
          );
        },
      }),
    ),
  );
  const rests = shards.map((shard) => shard.byteLength);
  for (const { paths, byteLength } of groups)
    checkShards(rests.splice(0, paths.length), byteLength, `${url}: the weight files ${paths.join(', ')}`);
  return joinBytes(shards);
}

/**
 * The files of one group hold its weights, and who writes them cuts them off at one size. A file that isn't its own would only shift the
 * weights of all that follow. Throws 'bad-model'.
 */
function checkShards(sizes: readonly number[], byteLength: number, what: string): void {
  const [first = 0] = sizes;
  const sum = sizes.reduce((all, size) => all + size, 0);
  const isEven = sizes.every((size, index) => size === first || (index === sizes.length - 1 && size < first));
  if (isEven && !(Math.abs(sum - byteLength) > 0)) return;
  throw new ClassifierError(
    'bad-model',
    `${what} have ${sizes.join(' + ')} bytes; wanted ${byteLength || sum} in all, and all but the last of one size.`,
  );
}

/** Files of a group of the manifest, and the bytes of its weights: NaN where it doesn't say, which the converter refuses. */
interface ShardGroup {
  paths: string[];
  byteLength: number;
}

function shardGroups(json: Json, url: string): ShardGroup[] {
  const manifest = json['weightsManifest'];
  const groups = (Array.isArray(manifest) ? manifest : []).map(
    (group) => Object(group) as { paths: unknown; weights: unknown },
  );
  const count = groups.reduce(
    (sum, { paths }) =>
      sum + (Array.isArray(paths) && paths.every((path) => typeof path === 'string') ? paths.length : NaN),
    0,
  );
  if (!(count > 0)) {
    throw new ClassifierError(
      'bad-model',
      `${url} is JSON, but neither a catalogue entry nor a model.json with a weightsManifest.`,
    );
  }
  if (count > mostShards)
    throw new ClassifierError('bad-model', `${url} names ${count} weight files; at most ${mostShards} are fetched.`);
  return groups.map(({ paths, weights }) => ({
    paths: paths as string[],
    byteLength: Array.isArray(weights)
      ? weights.reduce<number>((sum, each) => sum + weightBytes(Object(each)), 0)
      : NaN,
  }));
}

function weightBytes({
  shape,
  dtype = 'float32',
  quantization,
}: {
  shape?: unknown;
  dtype?: string;
  quantization?: { dtype?: string };
}): number {
  const perElement = elementBytes[quantization?.dtype ?? dtype] ?? NaN;
  return Array.isArray(shape) ? shape.reduce<number>((bytes, dim) => bytes * Number(dim), perElement) : NaN;
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
    throw new ClassifierError('bad-model', `${url} looks like JSON but can't be read: ${(cause as Error).message}`, {
      cause,
    });
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
