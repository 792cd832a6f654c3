// Serves the page, the package and the models on this machine, with the headers that threads need.
//
//   node web/dev/serve.mjs [--port=8080] [--no-isolation] [--no-policy] [--folder=/address/=path ...]
//
//   --no-isolation   without the headers COOP and COEP, so that pages have no threads
//   --no-policy      without a Content-Security-Policy
//   --folder         one more folder, and the address under which it is served

import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { filesFolder } from '../../models/fetch.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Address prefix -> folder. The longest matching prefix wins. */
const siteFolders = {
  '/': path.join(root, 'web/site'),
  '/lib/': path.join(root, 'web/dist'),
  '/models/': filesFolder,
};

const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.map': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.ts': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.bmp': 'image/bmp',
  '.mp4': 'video/mp4',
};

/** The strictest policy under which the page and its workers run: no eval, no inline code, no other origin. */
export const strictPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  // A picture or GIF of the visitor's is shown from memory. Only the page itself can make such addresses.
  "img-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Starts the server. It listens on localhost only.
 * @param {object} [options]
 * @param {number} [options.port] First port to try. When it is in use, the next ones are tried. 0: any free port.
 * @param {boolean} [options.isolated] Whether pages are cross-origin isolated, which threads need.
 * @param {string|null} [options.csp] Content-Security-Policy of every response, or null for none.
 * @param {Record<string, string>} [options.folders] Maps address prefixes, with '/' at both ends, to folders.
 * @param {boolean} [options.site] Whether to serve the page, the package and the models, too.
 * @param {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => boolean} [options.before]
 * Called first for each request. Returns true when it has answered the request.
 * @param {() => Promise<void>} [options.until] Awaited before each request is answered, for example while files change.
 * @returns {Promise<{url: string, close(): Promise<void>}>} `url` ends in '/'.
 */
export async function serve({
  port = 8080,
  isolated = true,
  csp = strictPolicy,
  folders = {},
  site = true,
  before = () => false,
  until = async () => {},
} = {}) {
  const places = Object.entries({ ...(site ? siteFolders : {}), ...folders }).sort(([a], [b]) => b.length - a.length);
  const headers = {
    'Cache-Control': 'no-cache',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    ...(isolated ? isolation : {}),
    ...(csp ? { 'Content-Security-Policy': csp } : {}),
  };
  const server = createServer(async (request, response) => {
    await until();
    if (before(request, response)) return;
    answer(request, response, places, headers).catch(() => refuse(response, 500, 'Internal Server Error', headers));
  });
  await listen(server, port);
  return {
    url: `http://localhost:${server.address().port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function answer(request, response, places, headers) {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, 'Method Not Allowed', { ...headers, Allow: 'GET, HEAD' });
  const file = await findFile(request.url, places);
  if (!file) return refuse(response, 404, 'Not Found', headers);
  response.writeHead(200, {
    ...headers,
    'Content-Type': types[path.extname(file.path)] ?? 'application/octet-stream',
    'Content-Length': file.size,
  });
  if (request.method === 'HEAD') response.end();
  // Large pieces send a model of some MB in a third of the time.
  else pipeline(createReadStream(file.path, { highWaterMark: 2 ** 20 }), response, () => {});
}

function refuse(response, status, text, headers) {
  if (response.headersSent) return response.destroy();
  response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${status} ${text}\n`);
}

/** Returns the file at an address, or undefined when there is none or when it lies outside its folder. */
async function findFile(address, places) {
  let wanted;
  try {
    wanted = decodeURIComponent(new URL(address, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
  if (wanted.includes('\0') || wanted.includes('\\')) return undefined;
  if (wanted.endsWith('/')) wanted += 'index.html';
  const [prefix, folder] = places.find(([each]) => wanted.startsWith(each));
  try {
    // realpath() resolves '..' and links, so the check below sees where the file really is.
    const base = await realpath(folder);
    const found = await realpath(path.join(base, wanted.slice(prefix.length)));
    if (!found.startsWith(base + path.sep)) return undefined;
    const stats = await stat(found);
    return stats.isFile() ? { path: found, size: stats.size } : undefined;
  } catch {
    return undefined;
  }
}

function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (error.code !== 'EADDRINUSE' || port === 0 || port >= 65535) reject(error);
      else resolve(listen(server, port + 1));
    });
    server.listen(port, 'localhost', resolve);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const options = {
    port: { type: 'string', default: '8080' },
    'no-isolation': { type: 'boolean' },
    'no-policy': { type: 'boolean' },
    folder: { type: 'string', multiple: true, default: [] },
  };
  const { values } = parseArgs({ options });
  const folders = Object.fromEntries(values.folder.map((each) => each.split('=')));
  const { url } = await serve({
    port: Number(values.port),
    isolated: !values['no-isolation'],
    csp: values['no-policy'] ? null : strictPolicy,
    folders,
  });
  console.log(`${url}  (press Ctrl+C to stop the server)`); // a benchmark reads the address
}
