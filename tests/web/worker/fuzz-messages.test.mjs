// Fuzzers for the messages between page and worker, in both directions. They change valid messages of every kind.
// TEACHABLE_FUZZ_SECONDS=600 runs each for longer. Cases that were found are in tests/fuzz/corpus/messages.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support/data.mjs';
import { importTs } from '../support/import-ts.mjs';
import { mutate, oddValue, runRounds } from '../support/random.mjs';
import { testSeed } from '../support/seed.mjs';

const { serve, connect, makeHost, loadModule, predictDefaults, errorCodes } = await importTs(
  'shared/rpc.ts',
  'worker/host.ts',
  'worker/load.ts',
  'shared/predict-defaults.ts',
  'shared/errors.ts',
);

const size = 4;
const wasmUrl = pathToFileURL(path.join(root, 'web/dist/wasm/')).href;
const corpus = path.join(root, 'tests/fuzz/corpus/messages');

/** Every method with arguments that the page may send. 'open' and 'close' begin and end each worker. */
const valid = () => {
  const embedding = Float32Array.of(1, 2, 3, 4);
  const embeddings = Float32Array.of(1, 2, 3, 4, 4, 3, 2, 1);
  const options = { ...predictDefaults };
  const thumbnails = [{ id: 0, bytes: Uint8Array.of(1, 2, 3) }];
  return [
    ['addExample', { subject: { embedding }, label: 'a' }],
    ['addExamples', { embeddings, labels: ['a', 'b'] }],
    ['predict', { subject: { embedding }, options }],
    ['predictMany', { embeddings, options }],
    ['clear', { label: 'a' }],
    ['counts', {}],
    ['edit', { kind: 'remove', id: 0 }],
    ['edit', { kind: 'move', id: 0, label: 'b' }],
    ['edit', { kind: 'add-class', label: 'c' }],
    ['edit', { kind: 'rename', label: 'a', newLabel: 'd' }],
    ['edit', { kind: 'merge', label: 'a', into: 'b' }],
    ['edit', { kind: 'enable', label: 'a', enabled: false }],
    ['edit', { kind: 'storage', storage: 'i8' }],
    ['undo', {}],
    ['exampleIds', { label: 'a' }],
    ['exampleEmbedding', { id: 0 }],
    ['review', { options, maxExamples: 100 }],
    ['map', {}],
    ['mapPoint', { embedding }],
    ['startSave', { thumbnails }],
    ['nextSaved', { save: 1 }],
    ['cancelSave', { save: 1 }],
    ['startLoad', {}],
    ['loadPiece', { load: 1, bytes: Uint8Array.of(1, 2, 3) }],
    ['finishLoad', { load: 1 }],
    ['cancelLoad', { load: 1 }],
    ['exportJson', {}],
    ['importJson', { json: [['a', [1, 2, 3, 4], [1, 4]]] }],
    ['info', {}],
    ['classNames', {}],
  ];
};

/** A port whose other side is the test. */
class TestPort extends EventTarget {
  posted = [];
  #waiting = new Map();

  postMessage(message) {
    this.posted.push(message);
    this.#waiting.get(message.id)?.(message);
  }

  /** Delivers a message to this side. */
  deliver(data) {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }

  /** Delivers a request and resolves with the response. */
  ask(id, method, args) {
    const answered = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.deliver({ id, method, args, reports: false });
    return answered.finally(() => this.#waiting.delete(id));
  }
}

async function startHost() {
  const port = new TestPort();
  serve(
    port,
    makeHost(loadModule, () => {}),
  );
  const choice = { variant: 'simd', threads: 1, reason: '' };
  const request = { model: { kind: 'none', id: 'x', embeddingSize: size }, choice, fallsBack: false, wasmUrl };
  assert.equal((await port.ask(-1, 'open', request)).kind, 'value');
  let lastId = 1e9;
  /** Asks in the way of the page, and expects a value. */
  const expect = async (method, args) => {
    const answer = await port.ask(++lastId, method, args);
    assert.equal(answer.kind, 'value', `${method}: ${answer.error?.message}`);
    return answer.value;
  };
  const state = async () => {
    const counts = await expect('counts', {});
    const classes = [];
    for (const [label] of counts) {
      const ids = await expect('exampleIds', { label });
      const rows = [];
      for (const id of ids) rows.push([id, ...(await expect('exampleEmbedding', { id }))]);
      classes.push([label, rows]);
    }
    return JSON.stringify(classes);
  };
  const reset = async () => {
    await expect('clear', {});
    await expect('addExamples', { embeddings: Float32Array.of(1, 2, 3, 4, 4, 3, 2, 1), labels: ['a', 'b'] });
  };
  return { port, expect, state, reset };
}

/** Methods that change what was taught when they succeed. */
const changing = new Set(['addExample', 'addExamples', 'clear', 'edit', 'undo', 'finishLoad', 'importJson']);

function checkResponse(message) {
  assert.ok(message.kind === 'value' || message.kind === 'error', `kind ${message.kind}`);
  if (message.kind === 'value') return;
  const { name, code, message: text, stack } = message.error;
  assert.ok(errorCodes.includes(code), `code ${code}`);
  assert.deepEqual([typeof name, typeof text, typeof stack], ['string', 'string', 'string']);
}

/** Sends one request, and checks its one answer. A request that fails changes nothing that was taught. */
async function checkRequest({ port, state }, id, method, args) {
  const before = await state();
  const posted = port.posted.length;
  const answer = await port.ask(id, method, args);
  checkResponse(answer);
  const now = await state();
  assert.equal(port.posted.slice(posted).filter((each) => each.id === id).length, 1, 'one answer');
  if (answer.kind === 'error' || !changing.has(method)) assert.equal(now, before, `${method} changed what was taught`);
  return answer;
}

test('requests that are changed at random get one answer each, and a failure changes nothing that was taught', {
  timeout: 1_000_000,
}, async (t) => {
  const seed = testSeed();
  let host = await startHost();
  const codes = {};
  const rounds = await runRounds(seed, 3000, async (random, round) => {
    if (round % 20 === 0) await host.reset();
    if (round % 1000 === 999) host = await startHost().then(async (fresh) => (await fresh.reset(), fresh));
    const [method, args] = random.pick(valid());
    const changed = mutate(random, args, true);
    // Messages that aren't requests get no answer.
    if (random.chance(0.1)) {
      const posted = host.port.posted.length;
      host.port.deliver(oddValue(random, true));
      host.port.deliver({ id: oddValue(random, true) === 0 ? NaN : 'x', method, args });
      host.port.deliver({ id: 12345, cancel: true });
      assert.equal(host.port.posted.length, posted);
    }
    let answer;
    try {
      answer = await checkRequest(host, round, method, changed);
    } catch (error) {
      error.message += `: ${method}(${JSON.stringify(changed, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)).slice(0, 1000)})`;
      throw error;
    }
    const code = answer.error?.code ?? 'value';
    codes[code] = (codes[code] ?? 0) + 1;
  });
  t.diagnostic(`${rounds} requests with the seed ${seed}: ${JSON.stringify(codes)}`);
  assert.ok(codes.value > 0 && codes['bad-argument'] > 0);
});

test('responses that are changed at random reject or resolve their call, and no error escapes', async (t) => {
  const seed = testSeed();
  const wire = () => ({ name: 'ClassifierError', message: 'no', code: 'bad-image', stack: '' });
  let rejected = 0;
  const rounds = await runRounds(seed, 20_000, async (random) => {
    const port = new TestPort();
    const escaped = [];
    // An error in a listener of an EventTarget would end the process.
    port.addEventListener = (type, listener) =>
      EventTarget.prototype.addEventListener.call(port, type, (event) => {
        try {
          listener(event);
        } catch (error) {
          escaped.push(error);
        }
      });
    const caller = connect(port);
    const reports = [];
    const calls = [1, 2].map((args) =>
      caller.call('anything', args, { onProgress: (each) => reports.push(each) }).then(
        () => 'value',
        (error) => {
          assert.equal(error.name, 'ClassifierError');
          assert.ok(errorCodes.includes(error.code) && typeof error.message === 'string');
          return 'error';
        },
      ),
    );
    const response = random.pick([
      { id: 1, kind: 'value', value: 5 },
      { id: 1, kind: 'error', error: wire() },
      { id: 1, kind: 'progress', progress: { phase: 'module', loaded: 1, total: 2 } },
    ]);
    port.deliver(mutate(random, response, true));
    port.deliver(oddValue(random, true));
    // The other side's proper answers come last. A call that is settled ignores them.
    for (const id of [1, 2]) port.deliver({ id, kind: 'value', value: null });
    const settled = await Promise.all(calls);
    if (settled.includes('error')) rejected++;
    assert.deepEqual(escaped, []);
  });
  t.diagnostic(`${rounds} responses with the seed ${seed}: ${rejected} rejected their call`);
  assert.ok(rejected > 0 && rejected < rounds);
});

test('the requests that were found get one answer, and change nothing that was taught', async () => {
  const host = await startHost();
  await host.reset();
  const files = readdirSync(corpus);
  assert.ok(files.length > 0);
  for (const [index, name] of files.entries()) {
    const { method, args } = JSON.parse(readFileSync(path.join(corpus, name), 'utf8'));
    const answer = await checkRequest(host, index, method, args);
    assert.equal(answer.kind, 'error', name);
  }
});
