// What the page writes into the file for its player, as JSON with bytes; see projects/tagged-json.ts. Plain data.

import type { Layers, ObserveOptions } from 'teachable-wasm';
import type { Output } from '../outputs/output.js';
import type { RecordingOptions } from '../recording/options.js';
import type { EmbeddedModel } from '../takeaway/network.js';
import type { Texts } from '../texts/texts.js';

/** A class of the project, in the order of the page. */
export interface PlayerClass {
  label: string;
  /** Decides its colour and its shape. */
  slot: number;
  /** What happens when the class wins; undefined for nothing. */
  output?: Output | undefined;
}

/** Texts of the player. */
export type PlayerTexts = Texts['takeaway']['player'] & Pick<Texts['outputs'], 'sound' | 'on' | 'off' | 'troubles'>;

/** A project for the player. */
export interface PlayerProject {
  /** Name of the project; '' for none. */
  name: string;
  /** Language code of `texts`. */
  language: string;
  texts: PlayerTexts;
  classes: readonly PlayerClass[];
  /** The network. Its addresses are those of parts. */
  model: EmbeddedModel;
  layers: Layers;
  options: PlayerOptions;
  camera: PlayerCamera;
}

/** Rules by which the examples decide about the camera, as the visitor set them. */
export type PlayerOptions = Pick<ObserveOptions, 'rule' | 'k' | 'weighting' | 'unknownThreshold' | 'smoothing'>;

/** Settings of the camera. The network sees the zoomed part only. */
export type PlayerCamera = Pick<RecordingOptions, 'facing' | 'mirror' | 'zoom'>;

/** Names of the parts besides those of the module and the network. */
export const projectPart = 'project.json';
export const examplesPart = 'examples.tmkn';
