// Stands in for import.meta.url in the script-tag build, which is one folder below the others.
const { document, location } = globalThis;
export const importMetaUrl = new URL('../index.js', document?.currentScript?.src ?? location?.href ?? 'file:///').href;
