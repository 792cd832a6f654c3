// @vitest-environment node
import { expect, test } from 'vitest';
import { teachColours } from './classifier.js';

test.each([{}, { worker: false }])('teaches two colours with %j', { timeout: 60_000 }, async (options) => {
  expect(await teachColours(options)).toEqual({ label: 'red', classes: ['red', 'blue'], code: undefined });
});
