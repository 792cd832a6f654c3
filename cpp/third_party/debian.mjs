// Debian's package tools, as the set-up uses them. They list and install packages of the machine's own suite. They also
// download files of a newer suite with a separate apt state, which leaves the machine's sources, lists and packages alone.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, fail, run } from '../../web/dev/steps.mjs';

/** The code name of this machine's Debian, such as `bookworm`, or null on other systems. */
export function debianCodename() {
  if (!existsSync('/etc/os-release') || !existsSync('/usr/bin/apt-get')) return null;
  const fields = Object.fromEntries(
    readFileSync('/etc/os-release', 'utf8')
      .split('\n')
      .map((line) => line.replaceAll('"', '').split('=')),
  );
  return fields.ID === 'debian' ? fields.VERSION_CODENAME : null;
}

export function missingPackages(names) {
  let known = '';
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    known = execFileSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...names], options);
  } catch (error) {
    known = error.stdout ?? ''; // it fails when one package is unknown, but still prints the others
  }
  const installed = new Set(
    known
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Runs apt-get. Explains a failure whose output shows that the network is the cause. */
async function apt(args, options) {
  try {
    return await run('apt-get', args, { ...options, env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' } });
  } catch (error) {
    if (
      /Could not resolve|Could not connect|Temporary failure|Network is unreachable|Connection failed/.test(
        error.output,
      )
    ) {
      throw new Failure(
        'The Debian mirror that /etc/apt names cannot be reached. Check the network connection and the proxy settings, then try again.',
      );
    }
    throw error;
  }
}

export async function installPackages(names, log, report) {
  // Without this mode, apt only warns about a failed update and goes on with its old lists.
  await apt(['update', '-oAPT::Update::Error-Mode=any'], { log });
  const onLine = (line) => {
    const unpacking = /^(Get:\d+|Unpacking|Setting up) /.exec(line);
    if (unpacking) report(line.startsWith('Get:') ? 'downloading' : line.split(' (')[0].replace(/ \.\.\.$/, ''));
  };
  const wait = '-oDPkg::Lock::Timeout=300';
  await apt(['install', '-y', '--no-install-recommends', wait, ...names], { log, onLine });
}

/** Entries of the machine's apt sources, from both file formats, as {types, uris, suites, components, signedBy}. */
function machineSources() {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ];
  return files
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8').replace(/^\s*#.*\n?/gm, '');
      if (file.endsWith('.sources'))
        return text
          .split(/\n\s*\n/)
          .map(readStanza)
          .filter(Boolean);
      return file.endsWith('.list') ? text.split('\n').map(readLine).filter(Boolean) : [];
    });
}

function readStanza(text) {
  // Lines that begin with a space continue a value. Signed-By may hold a whole key.
  const fields = Object.fromEntries(
    [...text.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)].map(([, name, value]) => [name.toLowerCase(), value]),
  );
  if (!fields.uris || /^no$/i.test(fields.enabled ?? '')) return null;
  const words = (name) => (fields[name] ?? '').split(/\s+/).filter(Boolean);
  return {
    types: words('types'),
    uris: words('uris'),
    suites: words('suites'),
    components: words('components'),
    signedBy: fields['signed-by'],
  };
}

function readLine(text) {
  const match = /^(deb(?:-src)?)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(text.trim());
  if (!match) return null;
  const [, type, options = '', uri, suite, components] = match;
  const signedBy = /signed-by=(\S+)/.exec(options)?.[1];
  return { types: [type], uris: [uri], suites: [suite], components: components.trim().split(/\s+/), signedBy };
}

/** An apt that reads one suite of the mirror that this machine already trusts. It keeps its state in `folder`. */
export class PrivateApt {
  #folder;
  #log;
  #options;

  constructor(folder, suite, log) {
    this.#folder = folder;
    this.#log = log;
    const own = machineSources().find(
      (source) =>
        source.types.includes('deb') && source.suites.includes(debianCodename()) && source.components.includes('main'),
    );
    if (!own)
      fail(
        `No Debian mirror was found: neither /etc/apt/sources.list nor /etc/apt/sources.list.d has an entry for ` +
          `${debianCodename()} main. Add one, then try again.`,
      );
    for (const part of ['lists/partial', 'cache/archives/partial', 'sources', 'files'])
      mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(
      join(folder, 'sources/suite.sources'),
      [
        'Types: deb deb-src',
        `URIs: ${own.uris[0]}`,
        `Suites: ${suite}`,
        'Components: main',
        ...(own.signedBy ? [`Signed-By: ${own.signedBy}`] : []),
        '',
      ].join('\n'),
    );
    this.#options = [
      `-oDir::State::Lists=${join(folder, 'lists')}`,
      `-oDir::Cache=${join(folder, 'cache')}`,
      '-oDir::Etc::SourceList=/dev/null',
      `-oDir::Etc::SourceParts=${join(folder, 'sources')}`,
      '-oDir::State::status=/dev/null',
      '-oAPT::Update::Error-Mode=any',
      // The user that apt downloads as may have no access to the project's folder.
      ...(process.getuid() === 0 ? ['-oAPT::Sandbox::User=root'] : []),
    ];
  }

  async update() {
    await apt([...this.#options, 'update'], { log: this.#log });
  }

  /** Returns {version, size} of a package in the suite; the size is in bytes. */
  async describe(name) {
    const text = await run('apt-cache', [...this.#options, 'show', '--no-all-versions', name], { log: this.#log });
    return { version: /^Version: (.*)$/m.exec(text)[1], size: Number(/^Size: (.*)$/m.exec(text)[1]) };
  }

  /** Downloads packages and returns the folder with the files. `bytes` is their total size, for the reported percentage. */
  async download(names, bytes, report) {
    const cwd = join(this.#folder, 'files');
    const before = folderSize(cwd);
    const timer = setInterval(() => report(`${Math.floor((100 * (folderSize(cwd) - before)) / bytes)} %`), 500);
    try {
      await apt([...this.#options, 'download', ...names], { log: this.#log, cwd });
    } finally {
      clearInterval(timer);
    }
    return cwd;
  }

  /** Downloads the upstream tar files of source packages and returns the folder with them. */
  async downloadSources(names) {
    const cwd = join(this.#folder, 'files');
    // --tar-only: the mirror lacks the packaging tar files of some packages, and the build doesn't need them.
    await apt([...this.#options, 'source', '--download-only', '--tar-only', ...names], { log: this.#log, cwd });
    return cwd;
  }
}

function folderSize(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(folder, entry.name)).size, 0);
}
