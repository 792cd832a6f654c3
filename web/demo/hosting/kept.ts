// Where the kept files are. The page and its service worker share it.

/** Name of the cache with the files of the page in a folder. Other pages of the same origin have other folders. */
export const cacheName = (folder: string) => `teachable-machine ${folder}`;

/** Follows the address of a file that is kept, before its checksum. */
export const sumParameter = '?sha256=';

/** Follows the address of a copy that the page itself made, whose content nobody has checked yet: see page/early-copies.ts. */
export const earlyParameter = '?early';
