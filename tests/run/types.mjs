// The type-check as a suite of one test.
export async function checkTypes() {
  const { typecheck } = await import('../../web/dev/bundle.mjs');
  try {
    await typecheck();
    return { passed: 1, failed: [], skipped: [] };
  } catch (error) {
    return { passed: 0, failed: [{ name: 'tsc', output: error.message }], skipped: [] };
  }
}
