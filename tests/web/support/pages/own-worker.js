// A worker of the caller with three jobs: it serves the package's classifiers, uses one itself, and fails on request.
import { load } from '/lib/index.js';
import { serveClassifiers } from '/lib/own-worker.js';

serveClassifiers();

/** Throws `times` uncaught errors, each in a task of its own, like code that is unrelated to the package. */
function failApart(times) {
  if (times === 0) return;
  setTimeout(() => {
    failApart(times - 1);
    throw new Error('unrelated');
  });
}

addEventListener('message', async ({ data }) => {
  if (data.fail) failApart(data.fail);
  if (!data.picture) return;
  const classifier = await load({ ...data.options, worker: false });
  const { length } = await classifier.embed(data.picture);
  const { worker, variant, threads } = await classifier.info();
  classifier.dispose();
  postMessage({ length, worker, variant, threads });
});
