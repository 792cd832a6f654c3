// Stands in for import.meta.url in the CommonJS build.
const folder = __dirname.replaceAll('\\', '/').replace(/^\//, '');
export const importMetaUrl = `file:///${folder.replace(/[%#?]/g, encodeURIComponent)}/index.cjs`;
