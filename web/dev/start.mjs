// From a fresh clone to the page in a browser: toolchain, build, model, server. `npm start [-- --port=8080]`
import { parseArgs } from 'node:util';
import { setup } from '../../cpp/third_party/setup.mjs';
import { fetchDefault } from '../../models/fetch.mjs';
import { buildSteps, runSteps } from './build.mjs';
import { serve } from './serve.mjs';
import { Failure, main } from './steps.mjs';

await main(async () => {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' } } });
  await setup();
  await runSteps(buildSteps());
  // The build has fetched it, or has said why it can't be had.
  await fetchDefault().catch((error) => {
    throw new Failure(error.message);
  });
  const { url } = await serve({ port: Number(values.port) });
  console.log(`\nThe teachable machine is at ${url}  (Ctrl+C ends)`);
});
