// teachable-wasm/webcam with Chromium's fake camera: states, errors, choice of a camera, frames.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { openBrowser, openPage } from '../support/open-page.mjs';

let browser;
before(async () => (browser = await openBrowser()));
after(() => browser.close());

/**
 * Runs `body` in the page and returns its result. These globals exist there: `Webcam`; `open(options)` makes a webcam and
 * returns it with the list of its states; `codeOf(promise)` describes the error of a promise; `untilFrames(webcam, count)` waits for
 * frames of a live webcam.
 */
async function inPage(t, body, argument, options) {
  const { page } = await openPage(t, browser, { path: 'pages/blank.html', ...options });
  await page.evaluate(async () => {
    const { Webcam } = await import('/lib/webcam.js');
    globalThis.open = (options = {}) => {
      const states = [];
      const webcam = new Webcam({
        ...options,
        onState: (state, error) => states.push(error ? [state, error.code] : state),
      });
      return { webcam, states };
    };
    globalThis.Webcam = Webcam;
    globalThis.untilFrames = async ({ video }, count) => {
      for (let i = 0; i < count; i++) await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    };
    globalThis.codeOf = (promise) =>
      promise.then(
        () => 'no error',
        ({ name, code, message }) => [name, code, message.length > 30],
      );
  });
  return page.evaluate(body, argument);
}

test('start, mirror, pause, resume and stop', async (t) => {
  const said = await inPage(t, async () => {
    const { webcam, states } = open({ width: 320, height: 240 });
    const before = [webcam.state, webcam.live, Object.keys(webcam.settings).length];
    await webcam.start();
    const { video } = webcam;
    const live = {
      size: [video.videoWidth, video.videoHeight],
      wanted: webcam.settings.width,
      mirrored: video.style.transform,
      playsInline: video.playsInline,
      paused: video.paused,
    };
    webcam.mirror = false;
    live.unmirrored = video.style.transform;
    webcam.mirror = undefined;
    live.mirroredByItself = [webcam.mirror, video.style.transform];
    webcam.pause();
    live.frozen = video.paused;
    await webcam.resume();
    const track = video.srcObject.getVideoTracks()[0];
    webcam.stop();
    return { before, live, ended: track.readyState, source: video.srcObject, states, after: webcam.state };
  });
  assert.deepEqual(said.before, ['idle', false, 0]);
  assert.deepEqual(said.live, {
    size: [320, 240],
    wanted: 320,
    mirrored: 'scaleX(-1)',
    playsInline: true,
    paused: false,
    unmirrored: '',
    mirroredByItself: [true, 'scaleX(-1)'],
    frozen: true,
  });
  assert.deepEqual([said.ended, said.source, said.after], ['ended', null, 'idle']);
  assert.deepEqual(said.states, ['prompting', 'live', 'idle']);
});

test('eachFrame() runs one call at a time and drops the frames that come in between', async (t) => {
  const said = await inPage(t, async () => {
    const { webcam } = open();
    await webcam.start();
    let [running, maxRunning, count, dropped] = [0, 0, 0, 0];
    const times = [];
    await new Promise((resolve) => {
      const end = webcam.eachFrame(async (frame) => {
        maxRunning = Math.max(maxRunning, ++running);
        times.push(frame.timeMs);
        dropped += frame.dropped;
        await untilFrames(webcam, 3);
        running--;
        if (++count === 6) {
          end();
          resolve();
        }
      });
    });
    const atEnd = count;
    await untilFrames(webcam, 6);
    webcam.stop();
    return {
      maxRunning,
      atEnd,
      later: count,
      dropped,
      rising: times.every((time, i) => i === 0 || time > times[i - 1]),
    };
  });
  assert.deepEqual(
    { ...said, dropped: undefined },
    { maxRunning: 1, atEnd: 6, later: 6, dropped: undefined, rising: true },
  );
  assert.ok(said.dropped >= 3, `${said.dropped} frames were dropped; at least 3 were expected`);
});

test('a hidden page gets no frames, and gets them again when it is visible', async (t) => {
  const said = await inPage(t, async () => {
    const { webcam } = open();
    await webcam.start();
    let count = 0;
    const end = webcam.eachFrame(() => void count++);
    const pass = () => untilFrames(webcam, 6);
    await pass();
    const seen = count;
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    await pass();
    const hidden = count;
    await pass();
    const still = count;
    delete document.hidden;
    await pass();
    end();
    webcam.stop();
    return { seen, sameWhileHidden: hidden - still, again: count > still };
  });
  assert.ok(said.seen > 2, `${said.seen} frames`);
  assert.deepEqual([said.sameWhileHidden, said.again], [0, true]);
});

test('cameras are listed and can be chosen, and a missing one rejects with camera-missing', async (t) => {
  const said = await inPage(t, async () => {
    const permission = await Webcam.permission();
    const { webcam, states } = open({ facing: 'environment' });
    await webcam.start();
    const devices = await Webcam.devices();
    await webcam.start({ deviceId: devices.at(-1).deviceId });
    const chosen = webcam.settings.deviceId;
    const missing = await codeOf(webcam.start({ deviceId: 'no such camera' }));
    const afterMissing = webcam.state;
    await webcam.start({ facing: 'user' });
    const again = webcam.state;
    webcam.stop();
    return { permission, devices, right: chosen === devices.at(-1).deviceId, missing, afterMissing, again, states };
  });
  assert.ok(['granted', 'prompt'].includes(said.permission), said.permission);
  assert.ok(said.devices.length >= 1 && said.devices.every(({ deviceId, label }) => deviceId && label));
  assert.equal(said.right, true);
  assert.deepEqual(
    [said.missing, said.afterMissing, said.again],
    [['ClassifierError', 'camera-missing', true], 'no-device', 'live'],
  );
});

test('a Permissions-Policy that forbids the camera leads to camera-denied', async (t) => {
  const said = await inPage(
    t,
    async () => {
      const { webcam, states } = open();
      return { error: await codeOf(webcam.start()), states, state: webcam.state };
    },
    undefined,
    { serving: { before: (_request, response) => void response.setHeader('Permissions-Policy', 'camera=()') } },
  );
  assert.deepEqual(said.error, ['ClassifierError', 'camera-denied', true]);
  assert.deepEqual(said.states, ['prompting', ['denied', 'camera-denied']]);
});

test('each error of the browser has its state and code', async (t) => {
  const wanted = {
    NotAllowedError: ['denied', 'camera-denied'],
    SecurityError: ['denied', 'camera-denied'],
    NotFoundError: ['no-device', 'camera-missing'],
    OverconstrainedError: ['no-device', 'camera-missing'],
    NotReadableError: ['in-use', 'camera-busy'],
    AbortError: ['in-use', 'camera-busy'],
    TypeError: ['failed', 'camera-busy'],
  };
  const said = await inPage(
    t,
    async (names) => {
      const result = {};
      for (const name of names) {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('made to fail', name));
        const { webcam } = open();
        const [, code] = await codeOf(webcam.start());
        result[name] = [webcam.state, code];
      }
      Object.defineProperty(globalThis, 'isSecureContext', { value: false, configurable: true });
      const { webcam } = open();
      result.insecure = [(await codeOf(webcam.start()))[1], webcam.state];
      delete globalThis.isSecureContext;
      Object.defineProperty(navigator, 'mediaDevices', { value: undefined });
      result.none = [(await codeOf(webcam.start()))[1], webcam.state];
      return result;
    },
    Object.keys(wanted),
  );
  assert.deepEqual(said, {
    ...wanted,
    insecure: ['camera-insecure', 'insecure-context'],
    none: ['unsupported-browser', 'failed'],
  });
});

test('a camera that is granted after stop() is released, and an unplugged camera leads to the state ended', async (t) => {
  const said = await inPage(t, async () => {
    const { webcam, states } = open();
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    let late;
    let grant;
    const granted = new Promise((resolve) => (grant = resolve));
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await real(constraints);
      await granted;
      return (late = stream);
    };
    const starting = codeOf(webcam.start());
    webcam.stop();
    grant();
    const error = await starting;
    const unused = late.getVideoTracks()[0].readyState;
    navigator.mediaDevices.getUserMedia = real;
    await webcam.start();
    webcam.video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'));
    return { code: error[1], unused, states };
  });
  assert.deepEqual(said, {
    code: 'aborted',
    unused: 'ended',
    states: ['prompting', 'idle', 'prompting', 'live', 'ended'],
  });
});

test('a signal ends start() while the browser still asks, and a camera that is granted later is released', async (t) => {
  const said = await inPage(t, async () => {
    const { webcam, states } = open();
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    let grant;
    navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => (grant = resolve));
    const abort = new AbortController();
    const starting = codeOf(webcam.start({ signal: abort.signal }));
    abort.abort();
    const [, code] = await starting;
    const stream = await real({ video: true });
    grant(stream);
    // All promise callbacks run before the next task.
    await new Promise((resolve) => setTimeout(resolve));
    const [, before] = await codeOf(webcam.start({ signal: abort.signal }));
    return { code, before, unused: stream.getTracks()[0].readyState, states, state: webcam.state };
  });
  assert.deepEqual(said, {
    code: 'aborted',
    before: 'aborted',
    unused: 'ended',
    states: ['prompting', 'idle'],
    state: 'idle',
  });
});
