// Selection of the packaged network.

import { absolute } from '../shared/addresses.js';
import { ClassifierError } from '../shared/errors.js';
import { knownModels, type PackagedModel, packagedModel } from '../shared/packaged.js';
import type { ModelRequest } from '../shared/protocol.js';
import { show } from '../shared/show.js';

/** Version of the MobileNet architecture. */
export type Version = 1 | 2;
/** Width multiplier of a MobileNet: its share of the full number of channels. */
export type Alpha = 0.25 | 0.35 | 0.5 | 0.75 | 1 | 1.3 | 1.4;

const published: Record<Version, readonly unknown[]> = { 1: [0.25, 0.5, 0.75, 1], 2: [0.35, 0.5, 0.75, 1, 1.3, 1.4] };

/** Returns the network in the package. Throws 'load-failed' when the package was built without one. */
export function requirePackagedModel(option = 'model'): PackagedModel {
  const packaged = packagedModel();
  if (!packaged) {
    throw new ClassifierError(
      'load-failed',
      `This package was built without a model. Give the option '${option}': the address of a .tflite file or a model.json.`,
    );
  }
  return packaged;
}

export function toRequest({ entry }: PackagedModel): ModelRequest {
  return { kind: 'entry', entry, baseUrl: absolute(entry.files[0]!.path) };
}

/**
 * Returns the network in the package if it has this version and alpha.
 * @throws 'bad-argument' for another one, 'load-failed' when the package was built without one.
 */
export function selectModel(wantedVersion: unknown, wantedAlpha: unknown): ModelRequest {
  const packaged = requirePackagedModel();
  const version = wantedVersion ?? packaged.version;
  const alpha = wantedAlpha ?? (version === packaged.version ? packaged.alpha : 1);
  if (version !== 1 && version !== 2)
    throw new ClassifierError('bad-argument', `version must be 1 or 2; got ${show(version)}.`);
  if (!published[version].includes(alpha)) {
    throw new ClassifierError(
      'bad-argument',
      `alpha of MobileNet v${version} must be one of ${published[version].join(', ')}; got ${show(alpha)}.`,
    );
  }
  if (version === packaged.version && alpha === packaged.alpha) return toRequest(packaged);
  const known = knownModels
    .filter((model) => model.version === version && model.alpha === alpha)
    .map(({ id }) => `'${id}'`);
  throw new ClassifierError(
    'bad-argument',
    `MobileNet v${version} ${alpha as number} isn't in the package, which holds v${packaged.version} ${packaged.alpha}. ` +
      `Leave out 'version' and 'alpha' to run it, or serve the other model's file${known.length > 0 ? ` (in the project's catalogue: ${known.join(' and ')})` : ''} and pass its address as the option 'model'.`,
  );
}
