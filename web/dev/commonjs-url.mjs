// import.meta.url of the CommonJS build.
const folder = __dirname.replaceAll('\\', '/').replace(/^\//, '');
export const commonJsUrl = `file:///${folder.replace(/[%#?]/g, encodeURIComponent)}/index.cjs`;
