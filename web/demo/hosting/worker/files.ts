// Which requests the service worker answers. All others go to the network as if it weren't there.

/** Files by their path in the page's folder, each with its SHA-256 in hexadecimal. The page itself has the path ''. */
export type Sums = Readonly<Record<string, string>>;

/** All files of one version of the page. The build writes it. */
export interface FileList {
  /** Files that every visitor needs. They are kept when the service worker is installed. */
  core: Sums;
  /** Files that some browsers need, in groups that belong together, such as a build of the module. A group is kept when it is used. */
  groups: readonly Sums[];
}

/** The parts of a request that decide. */
export type Asked = Pick<Request, 'method' | 'url' | 'headers'>;

/**
 * Returns the path of the requested file in the page's folder, or undefined for requests that are none of the service worker's business.
 * @param scope Address of the page's folder, ends in '/'.
 */
export function pathOf({ method, url, headers }: Asked, scope: string): string | undefined {
  if (method !== 'GET' || headers.has('range')) return undefined;
  const [address = '', query] = url.split('#')[0]!.split(/\?(.*)/s);
  if (!address.startsWith(scope)) return undefined;
  const path = address.slice(scope.length);
  // The page reads its options from the query. The server may have its own idea of another file's query.
  if (path === '' || path === 'index.html') return '';
  return query === undefined ? path : undefined;
}

/** Returns the checksum of a file; undefined for files that are not in the list. */
export function sumOf(path: string, { core, groups }: FileList): string | undefined {
  return [core, ...groups].find((sums) => Object.hasOwn(sums, path))?.[path];
}

/** Returns true for parts of the code whose name changes with their content. Tabs with an earlier version may ask for theirs. */
export function isNamedByContent(path: string): boolean {
  return /^(?:part-.+|lib\/chunk)-\w+\.js$/.test(path);
}

/** Returns the paths of all files in the groups that hold one of these files. */
export function withTheirGroups(paths: readonly string[], { groups }: FileList): string[] {
  return groups.filter((sums) => paths.some((path) => Object.hasOwn(sums, path))).flatMap((sums) => Object.keys(sums));
}
