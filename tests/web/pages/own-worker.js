// A worker of the page's own, with two jobs: it answers the package, and it has a classifier of its own.
import { load } from '/lib/index.js';
import { serveClassifiers } from '/lib/own-worker.js';

serveClassifiers();

addEventListener('message', async ({ data }) => {
  if (!data.picture) return;
  const classifier = await load({ ...data.options, worker: false });
  const { length } = await classifier.embed(data.picture);
  const { worker, variant, threads } = await classifier.info();
  classifier.dispose();
  postMessage({ length, worker, variant, threads });
});
