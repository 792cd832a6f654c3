// Choice of the build of the module. Probing and choosing are separate: the choice is a pure function, tested with a table.

import { brandOf } from './brand.js';
import { ClassifierError } from './errors.js';
import { nodeProcess } from './node.js';
import type { Choice, Variant } from './protocol.js';
import { show } from './show.js';

/** Features of this browser on this page. */
export interface Features {
  /** WebAssembly SIMD (128 bits). It is required. */
  simd: boolean;
  /** WebAssembly relaxed SIMD. */
  relaxedSimd: boolean;
  /** Shared memory and atomics in WebAssembly. */
  threads: boolean;
  /** Cross-origin isolation: the page was served with COOP and COEP headers and may share memory. */
  isolated: boolean;
  /** This is a page's main thread, which must not block. */
  mainThread: boolean;
  /** This is Node. */
  node: boolean;
  /** Shared WebAssembly memory can be created. */
  sharedMemory: boolean;
  /** Number of logical processors; 1 when the browser doesn't say. */
  hardwareConcurrency: number;
}

/** Wishes of the caller. The rest is chosen. */
export interface Wanted {
  /** Required variant. It is an error if it can't run. */
  variant?: Variant | undefined;
  /** Number of threads, >= 1. Default: the number of processors, at most 4. */
  threads?: number | undefined;
  /** Same as `worker` of `load()`. When `false`, threaded variants are avoided, because a page's main thread must not block. */
  worker?: boolean | Worker | undefined;
}

/** More threads bring no gain for networks of this size, and the page needs a core too. */
const maxThreads = 4;

export const variants: readonly Variant[] = ['relaxed-threads', 'simd-threads', 'relaxed', 'simd'];

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

// (module (func (param v128) (result v128) local.get 0 i8x16.abs))
const simdProbe = [...header, 1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b, 3, 2, 1, 0, 10, 8, 1, 6, 0, 0x20, 0, 0xfd, 0x60, 0x0b];

// (module (func (param v128) (result v128) local.get 0 local.get 0 local.get 0 f32x4.relaxed_madd))
const relaxedProbe = [
  ...header,
  1,
  6,
  1,
  0x60,
  1,
  0x7b,
  1,
  0x7b,
  3,
  2,
  1,
  0,
  10,
  13,
  1,
  11,
  0,
  0x20,
  0,
  0x20,
  0,
  0x20,
  0,
  0xfd,
  0x85,
  0x02,
  0x0b,
]; // prettier-ignore

// (module (memory 1 1 shared) (func (result i32) i32.const 0 i32.atomic.load))
const threadsProbe = [
  ...header,
  1,
  5,
  1,
  0x60,
  0,
  1,
  0x7f,
  3,
  2,
  1,
  0,
  5,
  4,
  1,
  3,
  1,
  1,
  10,
  10,
  1,
  8,
  0,
  0x41,
  0,
  0xfe,
  0x10,
  2,
  0,
  0x0b,
]; // prettier-ignore

function validates(probe: number[]): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array(probe));
}

function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer !== 'function') return false;
  try {
    // The constructor may exist where sharing is refused, so a memory is created.
    return brandOf(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer) === 'SharedArrayBuffer';
  } catch {
    return false;
  }
}

/** Detects the features of this browser. It works on pages and in workers, and changes nothing. */
export function detectFeatures(): Features {
  return {
    simd: validates(simdProbe),
    relaxedSimd: validates(relaxedProbe),
    threads: validates(threadsProbe),
    isolated: globalThis.crossOriginIsolated === true,
    mainThread: 'document' in globalThis,
    node: nodeProcess() !== undefined,
    sharedMemory: canShareMemory(),
    hardwareConcurrency: Math.max(1, Math.floor(globalThis.navigator?.hardwareConcurrency || 1)),
  };
}

/**
 * Chooses the required variant, else the fastest one that can run. `load()` with the same options chooses the same.
 * @throws 'unsupported-browser' when the required variant, or any variant, can't run here; 'bad-argument' for an unknown variant.
 */
export function chooseVariant(features: Features, wanted: Wanted = {}): Choice {
  if (!features.simd) {
    throw new ClassifierError(
      'unsupported-browser',
      'This browser has no WebAssembly SIMD. Supported: Chrome and Edge 91, Firefox 89, Safari 16.4 and later.',
    );
  }
  if (wanted.variant && !variants.includes(wanted.variant)) {
    throw new ClassifierError(
      'bad-argument',
      `variant must be one of ${variants.join(', ')}; got ${show(wanted.variant)}.`,
    );
  }
  const threads = wanted.threads ?? Math.min(features.hardwareConcurrency, maxThreads);
  const noThreads = whyNoThreads(
    { ...features, mainThread: features.mainThread && wanted.worker === false },
    threads,
    wanted.variant !== undefined,
  );

  if (wanted.variant) {
    if (isRelaxed(wanted.variant) && !features.relaxedSimd) throw refused(wanted.variant, 'there is no relaxed SIMD');
    if (isThreaded(wanted.variant) && noThreads) throw refused(wanted.variant, noThreads);
    return { variant: wanted.variant, threads: isThreaded(wanted.variant) ? threads : 1, reason: 'Requested.' };
  }

  const simd = features.relaxedSimd ? 'relaxed' : 'simd';
  const simdName = features.relaxedSimd ? 'relaxed SIMD' : 'SIMD (no relaxed SIMD here)';
  if (noThreads) return { variant: simd, threads: 1, reason: `${simdName}, one thread: ${noThreads}.` };
  return {
    variant: `${simd}-threads`,
    threads,
    reason: `${simdName}, ${threads} threads: the page is cross-origin isolated.`,
  };
}

/** Returns the variants to try, in this order, when one fails to start. */
export function fallbacks(variant: Variant): Variant[] {
  const withoutThreads: Variant = isRelaxed(variant) ? 'relaxed' : 'simd';
  return [...new Set<Variant>([withoutThreads, 'simd'])].filter((other) => other !== variant);
}

export function isThreaded(variant: Variant): boolean {
  return variant.endsWith('-threads');
}

function isRelaxed(variant: Variant): boolean {
  return variant.startsWith('relaxed');
}

function whyNoThreads(features: Features, threads: number, asked: boolean): string | undefined {
  if (features.node) return 'in Node, each classifier has one thread';
  if (features.mainThread && !asked) return "a page's main thread must not block";
  if (!features.threads) return 'there are no WebAssembly threads';
  if (!features.isolated)
    return 'the page is not cross-origin isolated (it needs the headers COOP: same-origin and COEP: require-corp)';
  if (!features.sharedMemory) return 'this browser refuses to share memory';
  if (threads < 2 && !asked) return 'one thread was requested, or this device has one processor';
  return undefined;
}

function refused(variant: Variant, why: string): ClassifierError {
  return new ClassifierError(
    'unsupported-browser',
    `The variant '${variant}' can't run here: ${why}. Leave out the option 'variant' to run the fastest one that can.`,
  );
}
