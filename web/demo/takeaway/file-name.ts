// Names of files that visitors download.

/** Returns a name for a file of a project, such as 'Cups and spoons.html'. Characters that a system refuses become spaces. */
export function fileNameOf(project: string, fallback: string, ending: string): string {
  const name = project
    .replace(/[\p{Cc}\p{Cf}<>:"/\\|?*]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '')
    .slice(0, 60)
    .trim();
  // Windows keeps these names for devices.
  const isUsable = name !== '' && !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name);
  return `${isUsable ? name : fallback}.${ending}`;
}
