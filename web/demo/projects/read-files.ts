// Files that were chosen or dropped as folders.

/** A file with its path. */
export interface FoundFile {
  /** Path with '/' between folders. */
  path: string;
  file(): Promise<File>;
}

/** Maximum number of files that are read of folders. */
export const maxFiles = 20_000;
/** Deeper folders are left out. */
const maxDepth = 32;

/** Returns files that were chosen with their folder. */
export function filesOfChoice(files: readonly File[]): FoundFile[] {
  return files
    .slice(0, maxFiles)
    .map((file) => ({ path: file.webkitRelativePath || file.name, file: async () => file }));
}

/** Returns the files of dropped folders, and dropped files. Folders that can't be read are left out. */
export async function filesOfEntries(entries: readonly FileSystemEntry[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of entries) await collect(entry, '', 0, found);
  return found;
}

async function collect(entry: FileSystemEntry, folder: string, depth: number, found: FoundFile[]): Promise<void> {
  if (found.length >= maxFiles || depth > maxDepth) return;
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const { file } = entry as FileSystemFileEntry;
    found.push({ path, file: () => new Promise((resolve, reject) => file.call(entry, resolve, reject)) });
  } else if (entry.isDirectory) {
    for (const each of await childrenOf(entry as FileSystemDirectoryEntry))
      await collect(each, `${path}/`, depth + 1, found);
  }
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  try {
    // A call returns some of the entries, and none when all were returned.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      children.push(...some);
    }
  } catch {
    // What was read before the error is used.
  }
  // Like the folders of other systems: in the order of the names.
  return children.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}
