// The rows of the teaching benchmark: add a line to measure a rule, an option or a kind of embedding.

/** Options of load() for each kind of embedding. `extractor` is the path of the anchor's network. */
export const embeddings = {
  // The preprocessing of @tensorflow-models/mobilenet.
  anchor: ({ extractor }) => ({
    model: extractor,
    preprocess: { crop: 'squash', resize: 'align-corners' },
    precision: 'exact',
  }),
  default: () => ({}),
  two: () => ({ layers: 'two' }),
};

/**
 * The rows of the table. The first is the anchor of all ratios, and the row with `isPlain` the one that no set may fall far below.
 * - `tfjs`: k of @tensorflow-models/knn-classifier. Such a row does not depend on this package.
 * - `predict`: options of predict().
 * - `review`: predicts with the calibration that review() returns.
 * - `curve`: draws the row in the picture.
 */
export const rows = [
  { title: 'tfjs MobileNet v1, k = 10', embedding: 'anchor', tfjs: 10, curve: true },
  { title: 'tfjs MobileNet v1, k = 3', embedding: 'anchor', tfjs: 3, curve: true },
  { title: 'k = 3, votes', embedding: 'default', predict: { rule: 'neighbours' }, curve: true, isPlain: true },
  { title: 'k = 3, votes, review()', embedding: 'default', predict: { rule: 'neighbours' }, review: true },
  {
    title: 'k = 10, similarity, balanced',
    embedding: 'default',
    predict: { rule: 'neighbours', k: 10, weighting: 'similarity', balanced: true },
  },
  {
    title: 'combined (default), unknown below 0.55',
    embedding: 'default',
    predict: { unknownThreshold: 0.55 },
    curve: true,
  },
  {
    title: 'combined, two layers, unknown below 0.4',
    embedding: 'two',
    predict: { unknownThreshold: 0.4 },
    curve: true,
  },
];
