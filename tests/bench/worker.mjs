// Runs one WebAssembly build of the benchmarks and sends Google Benchmark's JSON to the page.
self.onmessage = async ({ data: { variant, files, args } }) => {
  try {
    const { default: createModule } = await import(
      `/build/${variant.endsWith('-threads') ? 'wasm-threads' : 'wasm'}/bench/${variant}/bench.js`
    );
    const lines = [];
    const complaints = [];
    const module = await createModule({ print: (line) => lines.push(line), printErr: (line) => complaints.push(line) });
    for (const file of files) {
      const response = await fetch(`/models/${file}`);
      if (!response.ok) throw new Error(`/models/${file}: HTTP ${response.status}`);
      module.FS.mkdirTree(`/models/${file}`.replace(/\/[^/]*$/, ''));
      module.FS.writeFile(`/models/${file}`, new Uint8Array(await response.arrayBuffer()));
    }
    const status = module.callMain(['--models=/models', ...args]);
    if (status !== 0) throw new Error(`main() returned ${status}: ${complaints.join('\n')}`);
    self.postMessage({ json: lines.join('\n') });
  } catch (error) {
    self.postMessage({ error: String(error?.stack ?? error) });
  }
};
