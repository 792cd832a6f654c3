import assert from 'node:assert/strict';
import test from 'node:test';
import { importTs } from '../support/import-ts.mjs';

const { ClassifierError, connect, Transfer, serve } = await importTs('shared/rpc.ts', 'shared/errors.ts');

function makePair(t, handlers) {
  const { port1, port2 } = new MessageChannel();
  serve(port2, handlers);
  const caller = connect(port1);
  port1.start();
  port2.start();
  t.after(() => port1.close());
  return caller;
}

test('returns a value', async (t) => {
  const caller = makePair(t, { add: ({ a, b }) => a + b });
  assert.equal(await caller.call('add', { a: 1, b: 2 }), 3);
});

test('an error keeps its code', async (t) => {
  const caller = makePair(t, {
    fail() {
      throw new ClassifierError('bad-image', 'no pixels');
    },
  });
  await assert.rejects(caller.call('fail', {}), { name: 'ClassifierError', code: 'bad-image', message: 'no pixels' });
});

test('an unknown method is an error, also when it is a name of Object.prototype', async (t) => {
  const caller = makePair(t, {});
  await assert.rejects(caller.call('nothing', {}), { code: 'internal', message: /'nothing'/ });
  await assert.rejects(caller.call('toString', {}), { code: 'internal' });
});

test('buffers are transferred in both directions', async (t) => {
  const caller = makePair(t, {
    double: ({ bytes }) =>
      new Transfer(
        bytes.map((byte) => byte * 2),
        [bytes.buffer],
      ),
  });
  const bytes = Uint8Array.of(1, 2, 3);
  const doubled = await caller.call('double', new Transfer({ bytes }, [bytes.buffer]));
  assert.deepEqual([...doubled], [2, 4, 6]);
  assert.equal(bytes.byteLength, 0);
});

test('progress arrives before the value', async (t) => {
  const seen = [];
  const caller = makePair(t, {
    async work(_args, { report }) {
      report(1);
      report(2);
      return 'done';
    },
  });
  seen.push(await caller.call('work', {}, { onProgress: (progress) => seen.push(progress) }));
  assert.deepEqual(seen, [1, 2, 'done']);
});

test('requests are answered in order, even when the first one awaits', async (t) => {
  const order = [];
  const gate = deferred();
  const caller = makePair(t, {
    async slow() {
      await gate.promise;
      order.push('slow');
    },
    fast: () => void order.push('fast'),
  });
  const calls = [caller.call('slow', {}), caller.call('fast', {})];
  // After a later round trip, both requests have arrived.
  await makePair(t, { ping: () => {} }).call('ping', {});
  gate.resolve();
  await Promise.all(calls);
  assert.deepEqual(order, ['slow', 'fast']);
});

test('a failure does not stop later requests', async (t) => {
  const caller = makePair(t, {
    fail: () => Promise.reject(new Error('first')),
    fine: () => 'second',
  });
  const first = caller.call('fail', {});
  const second = caller.call('fine', {});
  await assert.rejects(first);
  assert.equal(await second, 'second');
});

/** Makes an object that must be closed, such as an ImageBitmap, and counts the calls of close(). */
function makeHandle() {
  const handle = { closed: 0, close: () => void handle.closed++ };
  return handle;
}

test('requests are posted in the order of the calls, even when arguments take long', async (t) => {
  const order = [];
  const caller = makePair(t, { note: (what) => void order.push(what) });
  const slow = deferred();
  const calls = [
    caller.call('note', 'first'),
    caller.call('note', slow.promise),
    caller.call('note', Promise.resolve('third')),
    caller.call('note', 'fourth'),
  ];
  await calls[0];
  const failing = caller.call('note', Promise.reject(new ClassifierError('bad-image', 'no pixels')));
  await assert.rejects(failing, { code: 'bad-image' });
  assert.deepEqual(order, ['first']);
  slow.resolve('second');
  await Promise.all(calls);
  assert.deepEqual(order, ['first', 'second', 'third', 'fourth']);
});

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

test('a call whose argument fails or is aborted does not block later calls', async (t) => {
  const caller = makePair(t, { echo: (args) => args });
  const [failing, stalled] = [deferred(), deferred()];
  const abort = new AbortController();
  const calls = [
    caller.call('echo', failing.promise),
    caller.call('echo', stalled.promise, { signal: abort.signal }),
    caller.call('echo', 3),
  ];
  failing.reject(new ClassifierError('bad-image', 'no pixels'));
  await assert.rejects(calls[0], { code: 'bad-image' });
  abort.abort();
  await assert.rejects(calls[1], { code: 'aborted' });
  assert.equal(await calls[2], 3);
  // An argument that arrives after the abort is closed.
  const handle = makeHandle();
  stalled.resolve(new Transfer(2, [handle]));
  await stalled.promise;
  await null;
  assert.equal(handle.closed, 1);
});

test('arguments that are never posted are closed', async () => {
  const port = makeDeafPort();
  const caller = connect(port);
  const [queued, late] = [makeHandle(), makeHandle()];
  const abort = new AbortController();
  const stalled = caller.call('any', new Promise(() => {}));
  const waiting = caller.call('any', new Transfer(1, [queued]), { signal: abort.signal });
  abort.abort();
  await assert.rejects(waiting, { code: 'aborted' });
  assert.equal(queued.closed, 1);
  caller.close(new ClassifierError('disposed', 'gone'));
  await assert.rejects(stalled, { code: 'disposed' });
  await assert.rejects(caller.call('any', new Transfer(1, [late])), { code: 'disposed' });
  assert.equal(late.closed, 1);
});

test('an abort ends a reading call immediately; a changing call reports its result', async (t) => {
  let go;
  const started = deferred();
  const done = [];
  const caller = makePair(t, {
    look: () => new Promise((resolve) => ((go = resolve), started.resolve())),
    change: (args) => void done.push(args),
  });
  const abort = new AbortController();
  const looking = caller.call('look', {}, { signal: abort.signal });
  await started.promise;
  const waiting = caller.call('change', 1, { signal: abort.signal, changes: true });
  let settled = false;
  waiting.catch(() => {}).finally(() => (settled = true));
  abort.abort();
  await assert.rejects(looking, { code: 'aborted' });
  assert.equal(settled, false);
  go();
  await assert.rejects(waiting, { code: 'aborted' });
  assert.deepEqual(done, []);

  // This time, the abort comes after the call has done its work.
  const late = new AbortController();
  const changing = caller.call('change', 2, { signal: late.signal, changes: true });
  while (done.length === 0) await new Promise(setImmediate);
  late.abort();
  await changing;
  assert.deepEqual(done, [2]);
});

test('an argument that cannot be cloned is bad-argument, and the caller stays usable', async (t) => {
  const caller = makePair(t, { echo: (args) => args });
  await assert.rejects(
    caller.call('echo', () => {}),
    { name: 'ClassifierError', code: 'bad-argument', message: /echo\(\) .*could not be cloned.* without functions/ },
  );
  assert.equal(await caller.call('echo', 1), 1);
});

test('a value that cannot be cloned is an error', async (t) => {
  const caller = makePair(t, { bad: () => () => {} });
  await assert.rejects(caller.call('bad', {}), { code: 'internal' });
});

/** Makes a port whose other side never answers. */
function makeDeafPort() {
  const port = new EventTarget();
  port.postMessage = () => {};
  return port;
}

test('after a worker stopped, pending and later calls reject', async () => {
  const port = makeDeafPort();
  const caller = connect(port);
  const pending = caller.call('anything', {});
  port.dispatchEvent(
    Object.assign(new Event('error', { cancelable: true }), { message: 'boom', filename: 'worker.js', lineno: 3 }),
  );
  await assert.rejects(pending, { code: 'worker-lost', message: /boom \(worker\.js:3\)/ });
  await assert.rejects(caller.call('anything', {}), { code: 'worker-lost' });
});

test('an unreadable message counts as a stopped worker', async () => {
  const port = makeDeafPort();
  const caller = connect(port);
  const pending = caller.call('anything', {});
  port.dispatchEvent(new Event('messageerror'));
  await assert.rejects(pending, { code: 'worker-lost' });
});

test('close() rejects pending and later calls, and only the first close counts', async () => {
  const caller = connect(makeDeafPort());
  const pending = caller.call('anything', {});
  caller.close(new ClassifierError('disposed', 'gone'));
  caller.close(new ClassifierError('aborted', 'too late'));
  await assert.rejects(pending, { code: 'disposed' });
  await assert.rejects(caller.call('anything', {}), { code: 'disposed' });
});
