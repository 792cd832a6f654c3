// The page that runs from one file: collects what it consists of, and writes it.

import { examplesPart, type PlayerProject, projectPart } from '../player/project.js';
import { toTaggedJson } from '../projects/tagged-json.js';
import { writeHtmlFile } from './html-file.js';
import { collectNetwork, type FetchFile, type NetworkSource } from './network.js';
import type { Part } from './parts.js';

/**
 * Files of the module, by their paths in the package; the player's script holds their JavaScript. Pages from a file have no threads.
 * Relaxed SIMD takes a twentieth of the file and runs the network in 60 % of the time, where the browser has it.
 */
const moduleFiles = ['wasm/simd/teachable.wasm', 'wasm/relaxed/teachable.wasm', 'wasm/image/decoder.wasm'];
/** Further files for networks of TensorFlow.js. */
const converterFiles = ['wasm/tfjs/converter.wasm'];

/** Bytes of the player, its licences, the files of the module, and the space of the packaged network in the page. */
const fixedBytes = 770_000;
/** Bytes in the page for each byte: of weights, which gzip makes a sixth smaller, of floats, and of own files. Base85 adds a quarter. */
const [bytesPerWeightByte, bytesPerExampleByte, bytesPerFileByte] = [1.05, 1.16, 1.28];

/** Parts of the file. */
export interface PlayerFileContent {
  /** Title of the page. */
  title: string;
  project: Omit<PlayerProject, 'model'>;
  /** The data set file. */
  examples: Blob;
  /** The network, with an absolute address. */
  network: NetworkSource;
  /** True when the network comes from TensorFlow.js. */
  needsConverter: boolean;
  /** Addresses of the player's template, and of the folder with the package's files. */
  template: string;
  library: string;
}

/** Writes the file. Throws when one of the parts can't be fetched. */
export async function writePlayerFile(content: PlayerFileContent, fetchFile: FetchFile): Promise<Blob> {
  const { title, project, examples, library } = content;
  const modules = [...moduleFiles, ...(content.needsConverter ? converterFiles : [])];
  const [template, network, ...moduleParts] = await Promise.all([
    fetchFile(content.template).then((file) => file.text()),
    collectNetwork(content.network, fetchFile),
    ...modules.map(async (name): Promise<Part> => ({ name, bytes: await fetchFile(new URL(name, library).href) })),
  ]);
  const all: PlayerProject = { ...project, model: network.model };
  const parts = [
    { name: projectPart, bytes: new Blob([await toTaggedJson(all)]) },
    { name: examplesPart, bytes: examples },
    ...moduleParts,
    ...network.parts,
  ];
  return writeHtmlFile(template, { title, language: project.language, parts });
}

/** Returns about how many bytes the file will have. `fileBytes` is the size of the visitor's own sounds and pictures. */
export function estimateBytes(networkBytes: number, exampleBytes: number, fileBytes = 0): number {
  return (
    fixedBytes + networkBytes * bytesPerWeightByte + exampleBytes * bytesPerExampleByte + fileBytes * bytesPerFileByte
  );
}

/** Fetches a file of this page. Browsers take it from their cache when it was fetched before. */
export const fetchFile: FetchFile = async (address) => {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answered ${response.status}.`);
  return response.blob();
};
