// The network that load() takes when none is named.

import { absolute } from '../shared/addresses.js';
import { ClassifierError } from '../shared/errors.js';
import { type HeldModel, knownModels, packagedModel } from '../shared/packaged.js';
import type { ModelRequest } from '../shared/protocol.js';

/** Of the MobileNet architecture. */
export type Version = 1 | 2;
/** Width of a MobileNet: its share of the channels of the full one. */
export type Alpha = 0.25 | 0.35 | 0.5 | 0.75 | 1 | 1.3 | 1.4;

const published: Record<Version, readonly unknown[]> = { 1: [0.25, 0.5, 0.75, 1], 2: [0.35, 0.5, 0.75, 1, 1.3, 1.4] };

/** The network in the package. @throws 'load-failed' when the package was built without one. */
export function heldModel(option = 'model'): HeldModel {
  const held = packagedModel();
  if (!held) {
    throw new ClassifierError(
      'load-failed',
      `This package was built without a model. Give the option '${option}': the address of a .tflite file or a model.json.`,
    );
  }
  return held;
}

export function toRequest({ entry }: HeldModel): ModelRequest {
  return { kind: 'entry', entry, baseUrl: absolute(entry.files[0]!.path) };
}

/**
 * The network in the package, when it is of this version and alpha.
 * Throws 'bad-argument' for another, and 'load-failed' when the package was built without one.
 */
export function selectModel(wantedVersion: unknown, wantedAlpha: unknown): ModelRequest {
  const held = heldModel();
  const version = wantedVersion ?? held.version;
  const alpha = wantedAlpha ?? (version === held.version ? held.alpha : 1);
  if (version !== 1 && version !== 2)
    throw new ClassifierError('bad-argument', `version must be 1 or 2; got ${String(version)}.`);
  if (!published[version].includes(alpha)) {
    throw new ClassifierError(
      'bad-argument',
      `alpha of MobileNet v${version} must be one of ${published[version].join(', ')}; got ${String(alpha)}.`,
    );
  }
  if (version === held.version && alpha === held.alpha) return toRequest(held);
  const known = knownModels
    .filter((model) => model.version === version && model.alpha === alpha)
    .map(({ id }) => `'${id}'`);
  throw new ClassifierError(
    'bad-argument',
    `MobileNet v${version} ${String(alpha)} isn't in the package, which holds v${held.version} ${held.alpha}. ` +
      `Leave 'version' and 'alpha' out to run that one; or serve the file of the other yourself${known.length > 0 ? ` (the project's catalogue has it as ${known.join(' and ')})` : ''} and give its address as the option 'model'.`,
  );
}
