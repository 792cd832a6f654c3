// Reloads that the visitor asked for. One decision brings one reload: nothing on this page reloads it while it loads, so it can't loop.

/** Facts that are known when the page has loaded. */
export interface Situation {
  /** The page is isolated, and the browser lets it share memory. */
  isIsolated: boolean;
  /** The service worker adds the headers that isolate the page. */
  isAsked: boolean;
  /** This load is the reload that followed the decision for these headers. */
  isReload: boolean;
  /** Threads would help this page: see `canHelp()`. */
  canHelp: boolean;
}

/**
 * State of the switch "Use all cores".
 *
 * - `hidden`: the server isolates the page, or nothing is to be gained
 * - `off`, `on`
 * - `failed`: the page was reloaded and still isn't isolated; the decision must be taken back
 */
export type SwitchState = 'hidden' | 'off' | 'on' | 'failed';

/** Returns the state of the switch when the page has loaded. */
export function stateAfterLoad({ isIsolated, isAsked, isReload, canHelp }: Situation): SwitchState {
  if (isIsolated) return isAsked ? 'on' : 'hidden';
  if (isAsked && isReload) return 'failed';
  // The page is not isolated although it was asked for: the visitor loaded it past the service worker. The next load is isolated.
  return canHelp ? 'off' : 'hidden';
}

/** Facts on which `canHelp()` depends. */
export interface Surroundings {
  /** Number of logical processors. */
  hardwareConcurrency: number;
  /** The page is in a frame of another one, whose headers decide. */
  isFramed: boolean;
  /** The browser has WebAssembly threads. */
  threads: boolean;
}

/** Returns whether threads would help, and whether headers of this page can bring them. */
export function canHelp({ hardwareConcurrency, isFramed, threads }: Surroundings): boolean {
  return hardwareConcurrency > 1 && !isFramed && threads;
}

/** This name must stay while tabs with an earlier version may be open. */
const key = 'teachable-machine reload';

/** Notes that a reload follows a decision. Returns false where the browser can't remember it; the page must then not be reloaded. */
export function noteReload(storage: () => Pick<Storage, 'setItem'>): boolean {
  try {
    storage().setItem(key, 'yes');
    return true;
  } catch {
    return false;
  }
}

/** Returns once whether this load follows a decision. */
export function isNotedReload(storage: () => Pick<Storage, 'getItem' | 'removeItem'>): boolean {
  try {
    const isNoted = storage().getItem(key) !== null;
    storage().removeItem(key);
    return isNoted;
  } catch {
    return false;
  }
}
