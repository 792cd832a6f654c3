// Violates a strict content security policy, on a page or in a worker.
try {
  new Function('');
} catch {
  // The browser refuses and reports it.
}
