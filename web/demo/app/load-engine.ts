// Loads the engine with the network that the visitor chose. The first load begins before the rest of the page's code has come.

import { type Classifier, type Layers, type LoadOptions, load, type Progress } from 'teachable-wasm';
import { type NetworkChoice, toLoadOptions } from '../network/choice.js';
import { readChoice, storeChoice } from '../network/store.js';
import { readUrlOptions } from './url-options.js';

/** An engine that was loaded. */
export interface LoadedEngine {
  classifier: Classifier;
  /** The network, as load() got it; undefined for the package's. */
  model: LoadOptions['model'];
  /** Why the chosen network is not used; undefined when it is, or when none was chosen. */
  refusal?: unknown;
}

/** A load that has begun. */
export interface FirstLoad {
  engine: Promise<LoadedEngine>;
  /** Calls `onProgress` with the last progress so far, and from then on. */
  follow(onProgress: (progress: Progress) => void): void;
}

/** Loads the chosen network. When that fails, the choice is forgotten, and the page's own network is loaded. */
export async function loadEngine(
  layers: Layers | undefined,
  onProgress: (progress: Progress) => void,
): Promise<LoadedEngine> {
  const inAddress = readUrlOptions(location.search);
  const loadChoice = async (choice: NetworkChoice | null): Promise<LoadedEngine> => {
    const options: LoadOptions = { layers, ...toLoadOptions(choice), ...inAddress, onProgress };
    return { classifier: await load(options), model: options.model };
  };
  const chosen = inAddress.model === undefined ? await readChoice() : null;
  if (!chosen) return loadChoice(null);
  try {
    return await loadChoice(chosen);
  } catch (refusal) {
    const own = await loadChoice(null);
    await storeChoice(null).catch(() => {});
    return { ...own, refusal };
  }
}

/** Begins the first load of the page. */
export function startLoading(): FirstLoad {
  const latest = new Map<Progress['phase'], Progress>();
  let listener: ((progress: Progress) => void) | undefined;
  const engine = loadEngine(undefined, (progress) => {
    latest.set(progress.phase, progress);
    listener?.(progress);
  });
  // The page handles an error when its code has come.
  engine.catch(() => {});
  return {
    engine,
    follow(onProgress) {
      listener = onProgress;
      for (const progress of latest.values()) onProgress(progress);
    },
  };
}
