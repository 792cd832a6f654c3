// What the page writes into the file for its player, as JSON. Plain data.

import type { Layers, ObserveOptions } from 'teachable-wasm';
import type { EmbeddedModel } from '../takeaway/network.js';
import type { Texts } from '../texts/texts.js';

/** A class of the project, in the order of the page. */
export interface PlayerClass {
  label: string;
  /** Decides its colour and its shape. */
  slot: number;
}

/** A project for the player. */
export interface PlayerProject {
  /** Name of the project; '' for none. */
  name: string;
  /** Language code of `texts`. */
  language: string;
  texts: Texts['takeaway']['player'];
  classes: readonly PlayerClass[];
  /** The network. Its addresses are those of parts. */
  model: EmbeddedModel;
  layers: Layers;
  options: PlayerOptions;
}

/** How the examples decide about the camera, as the visitor set it. */
export type PlayerOptions = Pick<ObserveOptions, 'rule' | 'k' | 'weighting' | 'unknownThreshold' | 'smoothing'>;

/** Names of the parts besides those of the module and the network. */
export const projectPart = 'project.json';
export const examplesPart = 'examples.tmkn';
