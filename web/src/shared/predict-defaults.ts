// Defaults of a prediction.

import type { WirePredictOptions } from './protocol.js';

/** Defaults of PredictOptions. */
export const predictDefaults: WirePredictOptions = {
  rule: 'combined',
  k: 3,
  weighting: 'votes',
  temperature: 0.05,
  prior: 0,
  sharpness: 1,
  balanced: false,
  unknownThreshold: -1,
  smoothing: 0,
};
