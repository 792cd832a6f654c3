/** @jest-environment node */
const { teachColours } = require('./classifier.js');

test('teaches two colours', async () => {
  expect(await teachColours()).toEqual({ label: 'red', classes: ['red', 'blue'], code: undefined });
}, 60_000);

test('in the calling thread, it needs modules', async () => {
  const teaching = teachColours({ worker: false });
  if (process.execArgv.concat(process.env.NODE_OPTIONS ?? '').includes('--experimental-vm-modules'))
    expect((await teaching).label).toBe('red');
  else await expect(teaching).rejects.toMatchObject({ code: 'load-failed', message: expect.stringContaining("--experimental-vm-modules") });
}, 60_000);
