/** @jest-environment jsdom */
const { teachColours } = require('./classifier.js');

test('teaches two colours', async () => {
  expect(await teachColours()).toEqual({ label: 'red', classes: ['red', 'blue'], code: 'unsupported-browser' });
}, 60_000);
