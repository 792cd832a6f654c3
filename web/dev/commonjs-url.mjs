// import.meta.url of the CommonJS build.
const folder = __dirname.replaceAll('\\', '/').replace(/^\//, '');
export const importMetaUrl = `file:///${folder.replace(/[%#?]/g, encodeURIComponent)}/index.cjs`;
