// Breaks a strict content policy, on a page and in a worker.
try {
  new Function('');
} catch {
  // refused, and reported
}
