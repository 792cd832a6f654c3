import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { chooseVariant, detectFeatures, fallbacks } = await importTs('shared/variant.ts');

const all = {
  simd: true,
  relaxedSimd: true,
  threads: true,
  isolated: true,
  mainThread: false,
  node: false,
  sharedMemory: true,
  hardwareConcurrency: 8,
};

const table = [
  // Columns: features that differ from `all`, options, chosen variant, number of threads.
  [{}, {}, 'relaxed-threads', 4],
  [{ relaxedSimd: false }, {}, 'simd-threads', 4],
  [{ isolated: false }, {}, 'relaxed', 1],
  [{ isolated: false, relaxedSimd: false }, {}, 'simd', 1],
  [{ threads: false }, {}, 'relaxed', 1],
  [{ sharedMemory: false }, {}, 'relaxed', 1],
  [{ hardwareConcurrency: 1 }, {}, 'relaxed', 1],
  [{ hardwareConcurrency: 2 }, {}, 'relaxed-threads', 2],
  [{ hardwareConcurrency: 3, relaxedSimd: false }, {}, 'simd-threads', 3],
  [{}, { threads: 1 }, 'relaxed', 1],
  [{}, { threads: 6 }, 'relaxed-threads', 6],
  [{ hardwareConcurrency: 1 }, { threads: 2 }, 'relaxed-threads', 2],
  [{}, { variant: 'simd' }, 'simd', 1],
  [{}, { variant: 'simd', threads: 3 }, 'simd', 1],
  [{}, { variant: 'simd-threads' }, 'simd-threads', 4],
  [{ hardwareConcurrency: 1 }, { variant: 'simd-threads' }, 'simd-threads', 1],
  [{}, { variant: 'relaxed-threads', threads: 2 }, 'relaxed-threads', 2],
  [{ isolated: false }, { variant: 'relaxed' }, 'relaxed', 1],
  // A page's main thread must not block, but a worker may.
  [{ mainThread: true }, {}, 'relaxed-threads', 4],
  [{ mainThread: true }, { worker: true }, 'relaxed-threads', 4],
  [{ mainThread: true, relaxedSimd: false }, { worker: {} }, 'simd-threads', 4],
  [{ mainThread: true }, { worker: false }, 'relaxed', 1],
  [{ mainThread: true, relaxedSimd: false }, { worker: false }, 'simd', 1],
  [{ mainThread: true }, { worker: false, threads: 3 }, 'relaxed', 1],
  [{ mainThread: true }, { worker: false, variant: 'relaxed-threads' }, 'relaxed-threads', 4],
  [{}, { worker: false }, 'relaxed-threads', 4],
  [{ node: true, isolated: false }, {}, 'relaxed', 1],
  [{ node: true, isolated: false, relaxedSimd: false }, {}, 'simd', 1],
  [{ node: true, isolated: false, relaxedSimd: false }, { threads: 4 }, 'simd', 1],
];

for (const [lacks, wanted, variant, threads] of table) {
  test(`features ${JSON.stringify(lacks)}, options ${JSON.stringify(wanted)}: ${variant}, threads: ${threads}`, () => {
    const choice = chooseVariant({ ...all, ...lacks }, wanted);
    assert.equal(choice.variant, variant);
    assert.equal(choice.threads, threads);
    assert.match(choice.reason, /\w/);
  });
}

test('the reason explains why there are no threads', () => {
  assert.match(chooseVariant({ ...all, isolated: false }).reason, /COOP.*COEP/);
  assert.match(chooseVariant({ ...all, threads: false }).reason, /no WebAssembly threads/);
  assert.match(chooseVariant({ ...all, mainThread: true }, { worker: false }).reason, /must not block/);
  assert.match(chooseVariant({ ...all, node: true }).reason, /Node/);
});

const refusals = [
  [{ simd: false }, {}, /no WebAssembly SIMD/],
  [{ relaxedSimd: false }, { variant: 'relaxed' }, /no relaxed SIMD/],
  [{ isolated: false }, { variant: 'simd-threads' }, /not cross-origin isolated/],
  [{ sharedMemory: false }, { variant: 'simd-threads' }, /share memory/],
  [{ node: true }, { variant: 'simd-threads' }, /Node/],
];

for (const [lacks, wanted, message] of refusals) {
  test(`features ${JSON.stringify(lacks)}, options ${JSON.stringify(wanted)}: refused`, () => {
    assert.throws(() => chooseVariant({ ...all, ...lacks }, wanted), { code: 'unsupported-browser', message });
  });
}

test('an unknown variant is bad-argument', () => {
  assert.throws(() => chooseVariant(all, { variant: 'turbo' }), { code: 'bad-argument', message: /'turbo'/ });
});

test('fallbacks are simpler variants and end with simd', () => {
  assert.deepEqual(fallbacks('relaxed-threads'), ['relaxed', 'simd']);
  assert.deepEqual(fallbacks('simd-threads'), ['simd']);
  assert.deepEqual(fallbacks('relaxed'), ['simd']);
  assert.deepEqual(fallbacks('simd'), []);
});

test('detects the features of Node, which include SIMD and threads', () => {
  const features = detectFeatures();
  assert.equal(features.simd, true);
  assert.equal(features.threads, true);
  assert.equal(features.sharedMemory, true);
  assert.equal(features.isolated, false);
  assert.equal(features.mainThread, false);
  assert.equal(features.node, true);
  assert.ok(features.hardwareConcurrency >= 1);
});
