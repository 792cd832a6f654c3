// Workers whose script is of another origin, such as a CDN's.

/**
 * Returns the address of a script of our own for a module worker that imports another one. Revoke it when the worker has ended. WebKit
 * refuses static imports without the page's embedder policy, so the import is dynamic, and messages that come before it is done are
 * kept for it.
 */
export function importingScript(href: string): string {
  const text =
    'const kept=[],keep=e=>kept.push(e);addEventListener("message",keep);' +
    `import(${JSON.stringify(href)}).then(` +
    '()=>{removeEventListener("message",keep);' +
    'for(const{data,ports}of kept)dispatchEvent(new MessageEvent("message",{data,ports}))},' +
    'e=>setTimeout(()=>{throw e}))';
  return URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
}
