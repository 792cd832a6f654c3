// import.meta.url of the script-tag build, which lies one folder below the others.
const { document, location } = globalThis;
export const importMetaUrl = new URL('../index.js', document?.currentScript?.src ?? location?.href ?? 'file:///').href;
