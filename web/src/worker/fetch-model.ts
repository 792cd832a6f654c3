// Downloads a model: its bytes, labels and preprocessing.

import { isBuffer, isBytes } from '../shared/brand.js';
import { canDigest, type DownloadOptions, download, joinBytes } from '../shared/download.js';
import { ClassifierError } from '../shared/errors.js';
import { foreign } from '../shared/foreign.js';
import type { ModelEntry, ModelFile, ModelRequest, OpenRequest, Preprocess } from '../shared/protocol.js';
import { show } from '../shared/show.js';
import { unzip } from './associated-file.js';
import { isTeachableMachine, parseLabels } from './class-names.js';
import { refuseJson, refuseOther } from './file-kinds.js';
import { type Converter, loadConverter } from './tfjs-converter.js';

export interface FetchedModel {
  id: string;
  title: string;
  /** A .tflite file or a model.json. */
  model: Uint8Array;
  /** Parts of a TensorFlow.js model; undefined for a .tflite file. */
  tfjs: TfjsParts | undefined;
  /** Checksum of a .tflite file, if it was checked. */
  sha256?: string | undefined;
  /** Class names in the network's order. */
  labels: readonly string[] | undefined;
  preprocess: Partial<Preprocess>;
  /** Space for embeddings of two layers. */
  space?: Uint8Array | undefined;
  showClasses: boolean;
  /** Returns files that may be quantized ones of the same network, whose input range then counts. */
  siblings?: (() => Promise<Sibling[]>) | undefined;
}

/** Another file of the same network, perhaps. */
export interface Sibling {
  name: string;
  /** A .tflite file. */
  model: Uint8Array;
  /** True when the caller said so: it's an error if it isn't. */
  isGiven: boolean;
}

export interface TfjsParts {
  /** Weight files, joined in the manifest's order. */
  weights: Uint8Array;
  converter: Promise<Converter>;
}

/** Progress, abort and early answer of the downloads, and the folder of the modules. */
type FetchContext = Pick<DownloadOptions, 'onBytes' | 'signal' | 'early'> & {
  wasmUrl?: string | undefined;
  /** Also fetches the space of a catalogue entry. */
  needsSpace?: boolean | undefined;
};

const checkModel = "Check the option 'model': the address of a .tflite file, a model.json or a catalogue entry.";
const checkLabels =
  "Check the option 'labels': names, or the address of a text file with one class a line, or of a metadata.json.";

/** A list of names has about 20 kB. */
const maxLabelBytes = 4 << 20;

/** A MobileNet's means and directions have less than 150 kB. */
const maxSpaceBytes = 1 << 20;

/** TensorFlow.js writes shards of 4 MB, so this is far more than a MobileNet has. */
const maxShards = 256;

const elementBytes: Record<string, number> = { float32: 4, int32: 4, float16: 2, uint16: 2, uint8: 1, bool: 1 };

/** Downloads a model. Throws 'load-failed' for missing files, 'bad-model' for JSON that is no model, or 'aborted'. */
export async function fetchModel(
  { model, labels, rangeFrom }: { model: ModelRequest } & Pick<OpenRequest, 'labels' | 'rangeFrom'>,
  context: FetchContext,
): Promise<FetchedModel> {
  const fetched =
    model.kind === 'bytes'
      ? await fromBytes(model.model, model.weights, context)
      : model.kind === 'entry'
        ? await fromEntry(model.entry, model.baseUrl, context)
        : await fromUrl(model.url, context);
  if (typeof labels === 'string') takeLabels(fetched, await fetchLabels({ path: labels }, labels, context));
  else if (labels) fetched.labels = toLabels(labels);
  if (rangeFrom !== undefined) fetched.siblings = () => fetchSibling(rangeFrom, context);
  return fetched;
}

async function fetchSibling(url: string, { signal }: FetchContext): Promise<Sibling[]> {
  const hint = "Check the option 'rangeFrom': the address of a quantized .tflite file of the same network.";
  const model = await download(url, { signal, what: 'the quantized file', hint });
  return [{ name: nameOf(url), model, isGiven: true }];
}

function toLabels(labels: unknown): string[] {
  if (Array.isArray(labels) && labels.findIndex((label) => typeof label !== 'string') < 0) return labels;
  throw new ClassifierError('bad-argument', `The labels must be a list of names, or an address; got ${show(labels)}.`);
}

async function fromBytes(
  model: ArrayBuffer | Uint8Array,
  weights: ArrayBuffer | Uint8Array | undefined,
  context: FetchContext,
): Promise<FetchedModel> {
  const bytes = toBytes(model);
  const unpacked = await fromZip(bytes, 'model', context);
  if (unpacked) return unpacked;
  return plain(
    'model',
    bytes,
    isObject(bytes) ? await withConverter(context, weights ? toBytes(weights) : new Uint8Array()) : undefined,
  );
}

function toBytes(file: unknown): Uint8Array {
  if (isBytes(file)) return file;
  if (isBuffer(file)) return new Uint8Array(file);
  throw new ClassifierError(
    'bad-argument',
    `A model's bytes must be an ArrayBuffer or a Uint8Array; got ${show(file)}.`,
  );
}

/** Reads a zip archive with a .tflite file, or with a model.json and its weight files, and their labels; undefined for other files. */
async function fromZip(bytes: Uint8Array, id: string, context: FetchContext): Promise<FetchedModel | undefined> {
  if (String.fromCharCode(...bytes.subarray(0, 4)) !== 'PK\x03\x04') return undefined;
  const files = await unzip(bytes);
  const names = [...(files?.keys() ?? [])];
  const name = names.find((each) => each === 'model.json') ?? names.find((each) => each.endsWith('.tflite'));
  if (!files || !name) return undefined;
  const model = files.get(name)!;
  const json = parseJson(model, name);
  const weights = () =>
    shardGroups(json!, name).flatMap(({ paths }) => paths.map((each) => files.get(each) ?? new Uint8Array()));
  const fetched = plain(id, model, json && (await withConverter(context, joinBytes(weights()))), name);
  fetched.siblings = async () =>
    names
      .filter((each) => each !== name && each.endsWith('.tflite'))
      .map((each) => ({ name: each, model: files.get(each)!, isGiven: false }));
  const labels = files.get('metadata.json') ?? files.get('labels.txt');
  if (labels) takeLabels(fetched, new TextDecoder().decode(labels));
  return fetched;
}

/** Downloads the converter together with the weights. */
async function withConverter(context: FetchContext, weights: Uint8Array | Promise<Uint8Array>): Promise<TfjsParts> {
  const converter = loadConverter(context);
  // It is awaited before the conversion. Until then a failure must not count as unhandled.
  converter.catch(() => {});
  return { weights: await weights, converter };
}

async function fromUrl(given: string, context: FetchContext): Promise<FetchedModel> {
  // Teachable Machine gives the address of a folder.
  const isFolder = new URL(given).pathname.endsWith('/');
  const url = isFolder ? new URL('model.json', given).href : given;
  const bytes = await download(url, { ...context, what: 'the model', hint: checkModel });
  const unpacked = await fromZip(bytes, nameOf(url), context);
  if (unpacked) return unpacked;
  const json = parseJson(bytes, url);
  if (isEntry(json)) return fromEntry(json, url, context);
  const labels = isFolder ? fetchLabels({ path: '' }, new URL('metadata.json', url).href, context) : undefined;
  // A folder of another tool has no metadata.json.
  labels?.catch(() => {});
  const fetched = plain(
    nameOf(url),
    bytes,
    json && (await withConverter(context, fetchShards(json, url, [], context))),
    url,
  );
  const text = await labels?.catch(() => undefined);
  if (text !== undefined) takeLabels(fetched, text);
  return fetched;
}

async function fromEntry(given: ModelEntry, baseUrl: string, context: FetchContext): Promise<FetchedModel> {
  const entry = checkEntry(given);
  const file = entry.files[0]!;
  const labelsFile = entry.labels;
  const labels = labelsFile && fetchLabels(labelsFile, resolve(labelsFile.path, baseUrl), context);
  const spaceFile = context.needsSpace ? entry.space : undefined;
  const space =
    spaceFile &&
    download(resolve(spaceFile.path, baseUrl), {
      maxBytes: maxSpaceBytes,
      ...spaceFile,
      signal: context.signal,
      what: `the space of the model '${entry.id}'`,
      hint: checkModel,
    });
  // They are awaited below. Until then a failure must not count as unhandled.
  for (const each of [labels, space]) each?.catch(() => {});
  const url = resolve(file.path, baseUrl);
  const model = await download(url, { ...file, ...context, what: `the model '${entry.id}'`, hint: checkModel });
  const json = parseJson(model, url);
  const known = entry.files.map((each) => ({ ...each, path: resolve(each.path, baseUrl) }));
  const fetched: FetchedModel = {
    ...plain(entry.id, model, json && (await withConverter(context, fetchShards(json, url, known, context))), url),
    title: entry.title,
    sha256: json || !canDigest() ? undefined : file.sha256,
    preprocess: entry.preprocess ?? {},
    space: await space,
    showClasses: entry.showClasses ?? true,
  };
  if (labels) takeLabels(fetched, await labels);
  return fetched;
}

/** Checks an entry, which may be from the network. */
function checkEntry(entry: ModelEntry): ModelEntry {
  const { id, title = id, files, labels, preprocess, showClasses } = entry;
  const wrong = [
    [typeof id === 'string' && id !== '', 'id'],
    [typeof title === 'string', 'title'],
    [files.length > 0 && files.findIndex((file) => !isFile(file)) < 0, 'files'],
    [labels === undefined || isFile(labels), 'labels'],
    [preprocess === undefined || Object(preprocess) === preprocess, 'preprocess'],
    [showClasses === undefined || typeof showClasses === 'boolean', 'showClasses'],
  ].find(([isRight]) => !isRight);
  if (!wrong) return { ...entry, title };
  throw new ClassifierError(
    'bad-model',
    `The catalogue entry ${show(id)} is not usable: its '${wrong[1]}' is missing or of the wrong kind. See 'ModelEntry'.`,
  );
}

function isFile(file: unknown): boolean {
  const { path, byteLength = 0, sha256 = '' } = Object(file) as Record<string, unknown>;
  return (
    typeof path === 'string' &&
    Number.isSafeInteger(byteLength) &&
    (byteLength as number) >= 0 &&
    typeof sha256 === 'string'
  );
}

function plain(id: string, model: Uint8Array, tfjs: TfjsParts | undefined, where = 'The model'): FetchedModel {
  if (!tfjs && !isObject(model)) refuseOther(model, where);
  return { id, title: id, model, tfjs, labels: undefined, preprocess: {}, showClasses: true };
}

/** Downloads the text of a labels file. */
async function fetchLabels(file: ModelFile, url: string, { signal }: FetchContext): Promise<string> {
  const bytes = await download(url, {
    maxBytes: maxLabelBytes,
    ...file,
    signal,
    what: 'the labels',
    hint: checkLabels,
  });
  return new TextDecoder().decode(bytes);
}

function takeLabels(fetched: FetchedModel, text: string): void {
  fetched.labels = parseLabels(text);
  // Teachable Machine's library scales pixels to pixels / 127 - 1.
  if (fetched.tfjs && isTeachableMachine(text)) fetched.preprocess = { range: [-1, 128 / 127], ...fetched.preprocess };
}

/**
 * Resolves an address in a model's file. Throws 'bad-model' when a file from the network names a local file, which only Node could
 * read.
 */
function resolve(path: string, base: string): string {
  let address: URL;
  try {
    address = new URL(path, base);
  } catch (cause) {
    throw foreign('bad-model', `${base} names a file ${show(path)}, which is not an address`, cause);
  }
  const { href, protocol } = address;
  if (protocol === 'file:' && !base.startsWith('file:')) {
    throw new ClassifierError('bad-model', `${base} names the local file ${href}. Only local files may do that.`);
  }
  return href;
}

/**
 * Downloads the weight files of a model.json and joins them in the manifest's order. `known` has lengths and checksums by full
 * address. Files that a bundler renamed are used in the manifest's order.
 */
async function fetchShards(
  json: Json,
  url: string,
  known: readonly ModelFile[],
  { onBytes, signal }: FetchContext,
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
        maxBytes: limits[index],
        ...file,
        signal,
        what: 'the model',
        hint: 'A model.json needs the weight files that it names beside it.',
        onBytes(...both) {
          progress[index] = both;
          // NaN: one unknown length makes the sum unknown.
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
 * Checks the sizes of the weight files of one group. Writers split weights into files of equal size, only the last one is shorter. A
 * wrong file would shift all weights after it. Throws 'bad-model'.
 */
function checkShards(sizes: readonly number[], byteLength: number, what: string): void {
  const [first = 0] = sizes;
  const sum = sizes.reduce((all, size) => all + size, 0);
  const isEven = sizes.every((size, index) => size === first || (index === sizes.length - 1 && size < first));
  if (isEven && !(Math.abs(sum - byteLength) > 0)) return;
  throw new ClassifierError(
    'bad-model',
    `${what} have ${sizes.join(' + ')} bytes; expected ${byteLength || sum} in total, and equal sizes except for the last.`,
  );
}

/** Files of a group of the manifest, and the bytes of its weights; NaN if unknown, which the converter refuses. */
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
    refuseJson(json, url);
    throw new ClassifierError(
      'bad-model',
      `${url} is JSON, but neither a catalogue entry nor a model.json with a weightsManifest.`,
    );
  }
  if (count > maxShards)
    throw new ClassifierError('bad-model', `${url} names ${count} weight files; at most ${maxShards} are supported.`);
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
  dtype?: unknown;
  quantization?: { dtype?: unknown } | null;
}): number {
  const stored = quantization?.dtype ?? dtype;
  const perElement = typeof stored === 'string' ? (elementBytes[stored] ?? NaN) : NaN;
  return Array.isArray(shape)
    ? shape.reduce<number>((bytes, dim) => bytes * (typeof dim === 'number' ? dim : NaN), perElement)
    : NaN;
}

type Json = Record<string, unknown>;

/** Returns true for a file that begins like a JSON object. */
function isObject(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)));
}

/** Parses a JSON file; undefined for other files. */
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

/** Returns the name of a model without an entry: its file name, or its folder when the file is model.json. */
function nameOf(url: string): string {
  const [file = url, folder] = new URL(url).pathname.split('/').reverse();
  return (file === 'model.json' && folder) || file;
}
