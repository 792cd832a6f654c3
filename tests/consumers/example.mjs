// Installs one project of web/examples into an empty folder, with the packed package and the project's own tools.
import { execFile, spawn } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { root, scratchFolder } from '../web/support/data.mjs';

const run = promisify(execFile);
const quiet = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1', CI: '1' };

/** Error codes that npm prints when there is no network. */
const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED/;

/**
 * Installs the example `name` with the package in `tarball`. If an example needs tools and there is no network, the test is
 * skipped. Any other failure of npm fails the test.
 * @param {{[name: string]: string}} [tools] Versions of tools other than the example's.
 * @returns {Promise<string | undefined>} The project's folder, removed after the test. Undefined when the test is skipped.
 */
export async function install(t, name, tarball, tools = {}) {
  const folder = await scratchFolder(t);
  await cp(path.join(root, 'web/examples', name), folder, { recursive: true });
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  manifest.dependencies['teachable-wasm'] = `file:${tarball}`;
  Object.assign(manifest.devDependencies ?? {}, tools);
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(manifest));
  try {
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'], {
      cwd: folder,
      env: quiet,
    });
  } catch (error) {
    const [reason] = offline.exec(error.stderr) ?? [];
    if (!reason) throw new Error(`npm install failed:\n${error.stderr}`);
    t.skip(`the example '${name}' was not built: npm can't download its tools (${reason})`);
    return undefined;
  }
  return folder;
}

/** Runs a script of the project's package.json. */
export async function npmRun(folder, script) {
  try {
    await run('npm', ['run', script], { cwd: folder, env: quiet, maxBuffer: 1 << 26 });
  } catch ({ stdout, stderr }) {
    throw new Error(`npm run ${script} failed:\n${stdout}\n${stderr}`);
  }
}

/** Starts a development server that ends with the test. Returns the address that it prints. */
export async function startDev(t, folder, program, args) {
  const server = spawn(process.execPath, [path.join(folder, 'node_modules', program), ...args], {
    cwd: folder,
    env: quiet,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => server.once('close', resolve));
  t.after(async () => {
    server.kill();
    await ended;
  });
  let output = '';
  return new Promise((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk;
        const address = /http:\/\/localhost:\d+\//.exec(output);
        if (address) resolve(address[0]);
      });
    }
    void ended.then(() => reject(new Error(`${program} ended:\n${output}`)));
  });
}

/** Runs an example for Node. Returns its output, parsed as JSON. */
export async function runNode(folder, args) {
  const { stdout } = await run(process.execPath, ['index.js', ...args], { cwd: folder, env: quiet });
  return JSON.parse(stdout);
}
