// A worker of the page's own, with three jobs: it answers the package, it has a classifier of its own, and it fails when it is told to.
import { load } from '/lib/index.js';
import { serveClassifiers } from '/lib/own-worker.js';

serveClassifiers();

/** As code that has nothing to do with us. */
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
