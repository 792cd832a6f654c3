// Checks that the API reference contains every entry point, and that every exported name and field has a comment.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { root, scratchFolder } from '../support/data.mjs';

test('the API reference contains every entry point, and everything in it has a comment', {
  timeout: 300_000,
}, async (t) => {
  const out = await scratchFolder(t);
  const typedoc = path.join(
    path.dirname(createRequire(import.meta.url).resolve('typedoc/package.json')),
    'bin/typedoc',
  );
  const command = [typedoc, '--options', path.join(root, 'web/typedoc.json'), '--out', out];
  const complaints = await promisify(execFile)(process.execPath, command, {
    env: { ...process.env, NO_COLOR: '1' },
  }).then(
    () => '',
    ({ stdout, stderr }) => stdout + stderr,
  );
  assert.equal(complaints, '');
  const { exports } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target !== 'object') continue;
    const page = `modules/${path.posix.join('teachable-wasm', entry).replaceAll('/', '_')}.html`;
    assert.ok(
      existsSync(path.join(out, page)),
      `${entry} is missing among the entry points of web/typedoc.json, or its file has no @module`,
    );
  }
});
