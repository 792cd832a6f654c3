// Packs the package as npm would publish it, and installs it into an empty project.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './data.mjs';

/**
 * Packs the built package. The test command builds it.
 * @returns {{tarball: Buffer, project: string, remove(): void}} `project`: the folder of an empty project that has the package in
 * its node_modules.
 */
export function packed() {
  const folder = mkdtempSync(path.join(tmpdir(), 'teachable-packed-'));
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  const tarball = readFileSync(path.join(folder, filename));
  execFileSync('tar', ['-xzf', filename], { cwd: folder });
  mkdirSync(path.join(folder, 'project/node_modules'), { recursive: true });
  renameSync(path.join(folder, 'package'), path.join(folder, 'project/node_modules/teachable-wasm'));
  return {
    tarball,
    project: path.join(folder, 'project'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
