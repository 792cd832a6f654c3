// Stands in for web/src/shared/home.ts in the player: says where the package's files are. They are inside the page, and only the fetch()
// of embedded.ts knows their addresses.

export function atHome(address: string): string {
  return address;
}

export function bundled(url: URL): URL {
  return url;
}

/** A page from a file address can use the package here. */
export function requireHome(): void {}
