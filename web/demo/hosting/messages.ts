// Messages from the page to its service worker. Each has a port, through which the service worker answers once.

/** Message of the page to its service worker. */
export type Question =
  /** Keep files that the page loaded before the service worker saw its requests. Answer: true when all are kept. */
  | { ask: 'keep'; paths: string[] }
  /** Are the headers added that isolate the page? Answer: boolean. */
  | { ask: 'isolates' }
  /** Add these headers from now on, or no longer. Answer: true when the decision is stored. */
  | { ask: 'isolate'; on: boolean }
  /** Become the service worker of all open tabs. Answer: true. */
  | { ask: 'take-over' };
