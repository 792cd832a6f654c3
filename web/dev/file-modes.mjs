// Gives the files of the package the same permissions on every machine. The tarball records them, and they depend on the umask.
import { chmodSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Sets the permissions of all files that `npm pack` takes from a project: programs 755, other files 644. */
export function setFileModes(project) {
  const { bin, files } = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8'));
  const programs = Object.values(bin).map((file) => path.join(project, file));
  const visit = (file) => {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats?.isDirectory()) for (const name of readdirSync(file)) visit(path.join(file, name));
    else if (stats?.isFile()) chmodSync(file, programs.includes(file) ? 0o755 : 0o644);
  };
  for (const name of ['package.json', 'README.md', 'LICENSE', ...files]) visit(path.join(project, name));
}
