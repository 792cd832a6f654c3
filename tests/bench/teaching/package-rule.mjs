// A rule that teaches and asks a classifier of the package.

/**
 * @param {import('teachable-wasm').KnnClassifier} classifier
 * @param {{predict: object, review?: boolean}} row See rows.mjs.
 * @returns {import('./episodes.mjs').Rule}
 */
export function packageRule(classifier, { predict, review }) {
  return async ({ examples, labels, tests }) => {
    await classifier.clear();
    await classifier.addExamples(examples, Array.from(labels, String));
    const options = review ? { ...predict, ...toOptions(await classifier.review(predict)) } : predict;
    const predictions = await classifier.predictMany(tests, options);
    return {
      classes: predictions.map(({ label }) => Number(label)),
      confidences: predictions.map(({ label, confidences }) => confidences[label]),
      unknown: predictions.map(({ unknown }) => unknown),
    };
  };
}

const toOptions = ({ temperature, prior, sharpness }) => ({ temperature, prior, sharpness });
