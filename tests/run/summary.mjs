// Prints the results of the test command. A suite's result is {passed: number, failed: [{name, output}], skipped: [{name, reason}]}.

function counts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
}

export function printSuite(result) {
  console.log(`\n== ${result.title}: ${counts(result)} (${result.seconds.toFixed(1)} s)`);
  for (const { name, output } of result.failed) {
    console.log(`-- FAILED: ${name}\n${output.trim().split('\n').slice(-60).join('\n')}`);
  }
}

/**
 * Prints each suite's counts, the names of skipped and failed tests, the total, and one last line about the network and the data.
 * Returns the number of failures.
 */
export function printSummary(results, network) {
  console.log('\nSummary');
  const width = Math.max(...results.map(({ title }) => title.length));
  for (const result of results) console.log(`  ${result.title.padEnd(width)}  ${counts(result)}`);
  for (const { title, skipped } of results) {
    for (const { name, reason } of skipped) console.log(`  skipped: ${title}: ${name}${reason ? ` (${reason})` : ''}`);
  }
  for (const { title, failed } of results) {
    for (const { name } of failed) console.log(`  failed: ${title}: ${name}`);
  }
  const total = {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.flatMap(({ failed }) => failed),
    skipped: results.flatMap(({ skipped }) => skipped),
  };
  console.log(counts(total));
  const withoutData = total.skipped.filter(({ reason }) => /TEACHABLE_DATA/.test(reason ?? '')).length;
  console.log(`The tests used the network ${network}; ${withoutData} were skipped for want of data (TEACHABLE_DATA).`);
  return total.failed.length;
}
